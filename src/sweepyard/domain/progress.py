"""How far a sweep is: arithmetic over its runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sweepyard.domain.objective import Objective
from sweepyard.domain.run import RunState

_HALF = 0.5
_BADLY = frozenset({RunState.FAILED, RunState.CRASHED, RunState.KILLED})
_OVER = _BADLY | {RunState.FINISHED}


@dataclass(frozen=True, slots=True)
class RunGlance:
    """As much of a run as progress needs.

    Attributes:
        value: What the run's summary has of the objective; None where it has nothing yet.
    """

    state: RunState
    value: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended and will not go on."""
        return self.state in _OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepProgress:
    """A sweep at one moment.

    Attributes:
        metric: The objective's metric; empty without one.
        preempted: Runs that were interrupted and wait for an agent to go on.
        ended: Runs that failed, crashed or were killed.
        expected: How many runs there will be; None where there is no end.
        best: The best value of the objective so far.
        remaining_seconds: An estimate; None before the first run has finished, or without an end.
    """

    metric: str
    finished: int
    running: int
    preempted: int
    ended: int
    expected: int | None
    best: float | None
    elapsed_seconds: float
    remaining_seconds: float | None


def progress_of(
    runs: Iterable[RunGlance],
    *,
    objective: Objective | None,
    expected: int | None,
    elapsed_seconds: float,
    over_before: int = 0,
) -> SweepProgress:
    """Sum up the runs of a sweep.

    The time left is estimated from the rate so far, a running run counting half.

    Args:
        over_before: How many runs were over when the time began to count; they say nothing of the rate.
    """
    glances = list(runs)
    counts = Counter(run.state for run in glances)
    finished = counts[RunState.FINISHED]
    running = counts[RunState.RUNNING] + counts[RunState.PREEMPTING]
    ended = sum(counts[state] for state in _BADLY)
    values = [run.value for run in glances if run.value is not None]
    remaining = None
    since = finished + ended - over_before
    if expected is not None and since > 0:
        rate = elapsed_seconds / (since + _HALF * running)
        remaining = max(0.0, rate * (expected - finished - ended - _HALF * running))
    return SweepProgress(
        metric=objective.metric if objective else "",
        finished=finished,
        running=running,
        preempted=counts[RunState.PREEMPTED],
        ended=ended,
        expected=expected,
        best=objective.best(values) if objective else None,
        elapsed_seconds=elapsed_seconds,
        remaining_seconds=remaining,
    )


def busy_seconds(spans: Iterable[tuple[datetime, datetime]]) -> float:
    """For how long at least one of these spans of time, from and to, was going on."""
    busy, until = 0.0, None
    for begin, end in sorted(spans):
        if until is not None and begin < until:
            begin = until
        if end > begin:
            busy += (end - begin).total_seconds()
            until = end
    return busy
