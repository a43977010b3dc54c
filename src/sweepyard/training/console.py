"""What a run prints, kept in its folder as well."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO


class Tee:
    """A text stream that writes to two; everything else is the first one's."""

    def __init__(self, first: TextIO, second: TextIO) -> None:
        self._first = first
        self._second = second

    def write(self, text: str) -> int:
        """Write to both; gives what the first one says."""
        self._second.write(text)
        return self._first.write(text)

    def flush(self) -> None:
        """Flush both."""
        self._first.flush()
        self._second.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._first, name)


@contextmanager
def kept_in(path: Path) -> Iterator[None]:
    """Append to `path` what the block prints to standard output and error."""
    with (
        path.open("a", encoding="utf-8", buffering=1) as log,
        redirect_stdout(Tee(sys.stdout, log)),
        redirect_stderr(Tee(sys.stderr, log)),
    ):
        yield
