"""When so many runs fail that going on is of no use: W&B's own agent's rules, with its variables."""

from __future__ import annotations

from collections.abc import Mapping

from sweepyard import exitcodes
from sweepyard.errors import TrackingError

_FIRST_SECONDS = 60.0
_FIRST_FAILURES = 3
_INITIAL_FAILURES = 5


class Failures:
    """Counts how runs end.

    Too many are three in the first minute (unless `WANDB_AGENT_DISABLE_FLAPPING` is `true`), and five
    (`WANDB_AGENT_MAX_INITIAL_FAILURES`) where at least as many failed as finished.
    """

    def __init__(self, environ: Mapping[str, str], *, began: float) -> None:
        """Begin to count.

        Args:
            began: By the monotonic clock, in seconds.

        Raises:
            TrackingError: `WANDB_AGENT_MAX_INITIAL_FAILURES` is no number.
        """
        self._began = began
        self._looks_at_first = environ.get("WANDB_AGENT_DISABLE_FLAPPING") != "true"
        given = environ.get("WANDB_AGENT_MAX_INITIAL_FAILURES") or str(_INITIAL_FAILURES)
        if not given.isdecimal():
            raise TrackingError(f"WANDB_AGENT_MAX_INITIAL_FAILURES must be a whole number; received {given!r}")
        self._most = int(given)
        self._failed = 0
        self._finished = 0

    def after(self, code: int, now: float) -> TrackingError | None:
        """What to say when it is too much after a run that ended with `code`; else None."""
        if code in {exitcodes.PREEMPTED, exitcodes.STOPPED}:
            return None  # Somebody ended it; that says nothing about runs.
        if code == 0:
            self._finished += 1
            return None
        self._failed += 1
        if self._looks_at_first and now - self._began < _FIRST_SECONDS and self._failed >= _FIRST_FAILURES:
            return TrackingError(
                f"{self._failed} runs failed in the first {_FIRST_SECONDS:g} s: their logs say why. "
                "WANDB_AGENT_DISABLE_FLAPPING=true goes on all the same"
            )
        if self._failed >= max(self._most, self._finished):
            return TrackingError(
                f"{self._failed} runs failed and {self._finished} finished: the logs say why. "
                f"WANDB_AGENT_MAX_INITIAL_FAILURES (now {self._most}) lets more fail"
            )
        return None
