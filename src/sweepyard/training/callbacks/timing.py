"""How long a fit spends inside hooks that only observe it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sweepyard.clock import Clock


class Stopwatch:
    """Sums the time of all blocks that it measured."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.seconds = 0.0

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Add the block's duration."""
        began = self._clock.monotonic_seconds()
        try:
            yield
        finally:
            self.seconds += self._clock.monotonic_seconds() - began
