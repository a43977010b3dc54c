"""Early termination: which runs of a sweep are not worth going on with.

A run's iterations are the finite values that it logged of the objective, counted from 1. A rule looks at runs at
certain iterations only (for hyperband its bands), so that little has to be kept of each run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sweepyard.domain.objective import Goal, Mark, Objective, ObjectiveValues


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A run as an early termination rule sees it.

    Attributes:
        running: Whether it can still be stopped.
        values: Everything it logged of the objective, summed up.
        marks: What stood at the iterations that the rule looks at, by iteration.
    """

    run_id: str
    running: bool
    values: ObjectiveValues
    marks: Mapping[int, Mark]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run compares at the last iteration where the rule looked at it.

    Attributes:
        band: That iteration; None for a run that has not come so far.
        value: What the run is compared by there, in the metric's own sign.
        threshold: A run that is worse than this stops; None where nothing can be compared yet.
        runs: How many runs the threshold was taken from.
        stops: Whether the run is to stop.
    """

    run_id: str
    band: int | None = None
    value: float | None = None
    threshold: float | None = None
    runs: int = 0
    stops: bool = False


class Termination(Protocol):
    """A rule of early termination."""

    def milestones(self, after: int, upto: int) -> Sequence[int]:
        """The iterations in `after` < i <= `upto` where the rule looks at a run, in order."""

    def standings(self, objective: Objective, runs: Sequence[TrackedRun]) -> list[Standing]:
        """Where every run stands; only running ones stop."""


def worse(objective: Objective, value: float, threshold: float) -> bool:
    """Whether `value` is strictly worse than the threshold."""
    return objective.better(threshold, value)


def ordered(objective: Objective, values: Sequence[float]) -> list[float]:
    """The values, the best first."""
    return sorted(values, reverse=objective.goal is Goal.MAXIMIZE)


def compared(runs: Sequence[TrackedRun], at: Callable[[TrackedRun, int], Standing]) -> list[Standing]:
    """Where each run stands at the last iteration where the rule looked at it; a bare standing where it never did."""
    return [at(run, max(run.marks)) if run.marks else Standing(run.run_id) for run in runs]
