"""Median stopping: a run that does worse than most others did by then does not go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sweepyard.domain.objective import Goal, Objective
from sweepyard.sweeps.termination import Standing, TrackedRun, compared, worse


@dataclass(frozen=True, slots=True)
class MedianRule:
    """The median rule of Golovin et al. 2017.

    At iterations `min_iter`, `min_iter + interval`, ... a run stops if its best value so far is strictly worse than
    the median of the means of all values that the other runs had logged by that iteration.

    Attributes:
        min_runs: With fewer other runs that came so far, nobody stops.
    """

    min_iter: int
    interval: int
    min_runs: int = 3

    def milestones(self, after: int, upto: int) -> Sequence[int]:
        passed = max(0, -(-(after + 1 - self.min_iter) // self.interval))
        return range(self.min_iter + passed * self.interval, upto + 1, self.interval)

    def standings(self, objective: Objective, runs: Sequence[TrackedRun]) -> list[Standing]:
        def at(run: TrackedRun, band: int) -> Standing:
            mark = run.marks[band]
            value = mark.lowest if objective.goal is Goal.MINIMIZE else mark.highest
            means = [other.marks[band].mean for other in runs if other is not run and band in other.marks]
            if len(means) < self.min_runs:
                return Standing(run.run_id, band, value, runs=len(means))
            threshold = median(means)
            stops = run.running and worse(objective, value, threshold)
            return Standing(run.run_id, band, value, threshold, len(means), stops)

        return compared(runs, at)
