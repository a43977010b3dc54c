"""Since when silence counts as silence."""

from __future__ import annotations

from datetime import datetime

from sweepyard.clock import Clock

# More than clocks are slewed by between two looks, less than any timeout.
_SET_SECONDS = 2.0


class Listening:
    """A hub that was away, was kept from running, or whose wall clock was set, has not heard who spoke before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_seconds = self._ahead()
        self.since = clock.now()

    def begin_anew(self) -> None:
        """Count what was until now as noise."""
        self.since = self._clock.now()

    def clock_was_set(self) -> datetime | None:
        """The present moment where the wall clock has moved otherwise than time since this was last asked."""
        before, self._ahead_seconds = self._ahead_seconds, self._ahead()
        if abs(self._ahead_seconds - before) < _SET_SECONDS:
            return None
        self.begin_anew()
        return self.since

    def _ahead(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic_seconds()
