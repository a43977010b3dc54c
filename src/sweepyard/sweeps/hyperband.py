"""Hyperband as W&B means it, and ASHA: at certain iterations only the best part of the runs goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweepyard.domain.objective import Objective
from sweepyard.sweeps.termination import Standing, TrackedRun, compared, ordered, worse


@dataclass(frozen=True, slots=True)
class Bands:
    """Iterations in geometric distances.

    Attributes:
        first: The lowest band.
        eta: The next band is this many times further.
        fixed: The bands, ascending, where they are counted down from a largest iteration; empty where they go on
            for ever from `first`.
    """

    eta: float
    first: int = 1
    fixed: tuple[int, ...] = ()

    @classmethod
    def below(cls, max_iter: int, brackets: float, eta: float) -> Bands:
        """int(max_iter / eta^i) for i = 1..brackets, as long as that is at least 1; may be empty."""
        bands: list[int] = []
        band = float(max_iter)
        for _ in range(int(min(brackets, 64))):
            band /= eta
            if band < 1:
                break
            bands.append(int(band))
        return cls(eta, fixed=tuple(sorted(bands)))

    def within(self, after: int, upto: int) -> list[int]:
        """The bands in `after` < band <= `upto`."""
        if self.fixed:
            return sorted({band for band in self.fixed if after < band <= upto})
        found: list[int] = []
        band = float(self.first)
        while int(band) <= upto:
            if int(band) > after and (not found or found[-1] != int(band)):
                found.append(int(band))
            band *= self.eta
        return found


@dataclass(frozen=True, slots=True)
class Hyperband:
    """W&B's hyperband: at each band the threshold is the value at place int(n / eta) of the n runs that reached it.

    A running run is compared at the largest band that it reached, again and again while others arrive there.

    Attributes:
        strict: Compare a run by its value at the band, else by its best value so far.
    """

    bands: Bands
    strict: bool = True

    def milestones(self, after: int, upto: int) -> Sequence[int]:
        return self.bands.within(after, upto)

    def standings(self, objective: Objective, runs: Sequence[TrackedRun]) -> list[Standing]:
        thresholds: dict[int, tuple[float, int]] = {}
        for band in {band for run in runs for band in run.marks}:
            values = ordered(objective, [run.marks[band].value for run in runs if band in run.marks])
            thresholds[band] = (values[int(len(values) / self.bands.eta)], len(values))

        def at(run: TrackedRun, band: int) -> Standing:
            threshold, count = thresholds[band]
            value = run.marks[band].value if self.strict else run.values.best(objective)
            stops = run.running and value is not None and worse(objective, value, threshold)
            return Standing(run.run_id, band, value, threshold, count, stops)

        return compared(runs, at)


@dataclass(frozen=True, slots=True)
class Asha:
    """Asynchronous successive halving, the variant that stops (Li et al. 2020).

    A run that reaches a band goes on if it is among the best 1/eta of the runs that had reached it by then, itself
    included, and at least one goes on. It is not judged again before the next band.
    """

    bands: Bands

    def milestones(self, after: int, upto: int) -> Sequence[int]:
        return self.bands.within(after, upto)

    def standings(self, objective: Objective, runs: Sequence[TrackedRun]) -> list[Standing]:
        def at(run: TrackedRun, band: int) -> Standing:
            mark = run.marks[band]
            before = [
                other.marks[band]
                for other in runs
                if band in other.marks and (other is run or other.marks[band].order < mark.order)
            ]
            values = ordered(objective, [other.value for other in before])
            threshold = values[max(int(len(values) / self.bands.eta), 1) - 1]
            stops = run.running and worse(objective, mark.value, threshold)
            return Standing(run.run_id, band, mark.value, threshold, len(values), stops)

        return compared(runs, at)
