"""Where time comes from, so that tests can say what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Gives the present time. Thread-safe; never goes through the wall clock for durations."""

    def now(self) -> datetime:
        """The wall clock, timezone-aware, in UTC."""

    def monotonic_seconds(self) -> float:
        """Seconds since an arbitrary moment; never jumps back."""

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for `seconds`."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_seconds(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
