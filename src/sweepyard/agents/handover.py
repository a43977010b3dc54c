"""How a run tells its agent that it computes no more, so that the next one begins while it still uploads."""

from __future__ import annotations

import os
import select
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

VARIABLE = "SWEEPYARD_HANDOVER"


class Handover:
    """A named pipe that can be read as soon as the run has told; gone when the block is left."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="sweepyard-")
        self._path = Path(self._folder.name) / "handover"
        os.mkfifo(self._path, 0o600)
        self._file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)
        self._folder.cleanup()

    @property
    def environ(self) -> dict[str, str]:
        """What leads the run to it."""
        return {VARIABLE: str(self._path)}

    def fileno(self) -> int:
        """For `select`."""
        return self._file

    @property
    def is_told(self) -> bool:
        """Whether the run has told."""
        return bool(select.select([self._file], [], [], 0)[0])


def tell(environ: Mapping[str, str]) -> None:
    """Say that this run computes no more, if an agent wants to know."""
    path = environ.get(VARIABLE)
    if path is None:
        return
    try:
        file = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return  # The agent is gone; nobody waits for this.
    os.write(file, b".")
    os.close(file)
