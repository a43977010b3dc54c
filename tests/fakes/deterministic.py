"""Time that stands still until told, and ids that count."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)


class ManualClock:
    def __init__(self) -> None:
        self._now = START
        self._passed_seconds = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic_seconds(self) -> float:
        return self._passed_seconds

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._passed_seconds += seconds
        self.jump(seconds)

    def jump(self, seconds: float) -> None:
        """What setting the wall clock does."""
        self._now += timedelta(seconds=seconds)


class CountingIds:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def short(self) -> str:
        with self._lock:
            return f"id{next(self._numbers):06}"

    def token(self) -> str:
        with self._lock:
            return f"token-{next(self._numbers)}"
