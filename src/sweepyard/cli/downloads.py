"""How downloads are shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweepyard.datasets.download import Progress

_MIB = 1 << 20


@contextmanager
def downloads_shown() -> Iterator[Progress]:
    """Download progress on standard error: redrawn on a terminal, a line a download elsewhere."""
    shown = ""

    def show(what: str, received_bytes: int, total_bytes: int | None) -> None:
        nonlocal shown
        if sys.stderr.isatty():
            total = f" of {total_bytes / _MIB:.1f}" if total_bytes else ""
            print(f"\r{what}: {received_bytes / _MIB:.1f}{total} MiB", end="\x1b[K", file=sys.stderr, flush=True)
        elif what != shown:
            print(f"{what} ...", file=sys.stderr, flush=True)
        shown = what

    yield show
    if shown and sys.stderr.isatty():
        print(file=sys.stderr)
