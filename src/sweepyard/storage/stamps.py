"""Numbers that grow with every change of a row, within this process and, as far as clocks agree, beyond it."""

from __future__ import annotations

import threading
import time


class Stamps:
    """Gives numbers, each greater than all before: microseconds since 1970, or more. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        """The next number."""
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            return self._last
