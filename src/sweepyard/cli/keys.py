"""Keys that a person presses while something is shown."""

from __future__ import annotations

import os
import select
import sys
import time
from types import TracebackType
from typing import Self


class Keyboard:
    """Single keys without Enter, where standard input is a terminal; a context manager that puts it back in order."""

    def __init__(self) -> None:
        self._here = sys.stdin.isatty()

    def __enter__(self) -> Self:
        if self._here:
            import termios
            import tty

            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._here:
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def pressed(self, key: str, *, within_seconds: float) -> bool:
        """Whether somebody presses this key before the time is over; waits no longer than for that."""
        deadline = time.monotonic() + within_seconds
        while (left := deadline - time.monotonic()) > 0:
            if not self._here:
                time.sleep(left)
            elif select.select([sys.stdin], [], [], left)[0]:
                # Not through `sys.stdin`, which would keep to itself what it read beyond the first key.
                read = os.read(sys.stdin.fileno(), 1024)
                if key.encode() in read or not read:  # At its end nobody can press anything any more.
                    return True
        return False
