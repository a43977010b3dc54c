"""The points of a sweep whose runs are repeated: one line for all repeats of a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from sweepyard.domain.fields import descend
from sweepyard.domain.objective import Goal
from sweepyard.domain.run import Run
from sweepyard.jsonvalue import JsonObject, dumps_canonical, finite_number
from sweepyard.sweeps.config import SweepConfig
from sweepyard.sweeps.space import remove


@dataclass(frozen=True, slots=True)
class PointSummary:
    """A point of a sweep and what its runs came to.

    Attributes:
        parameters: Without the seed.
        runs: The ids of its runs, in the order of handing out.
        values: The objective's last values of those that have one.
        mean: Their mean; None without any.
        spread: Their sample standard deviation; None with fewer than two.
    """

    parameters: JsonObject
    runs: tuple[str, ...]
    values: tuple[float, ...]
    mean: float | None
    spread: float | None


def points_of(config: SweepConfig, runs: Sequence[tuple[JsonObject, Run]]) -> tuple[PointSummary, ...]:
    """Group runs by their parameters without the seed of the repeats; the best mean first, points without one last."""
    grouped: dict[str, tuple[JsonObject, list[Run]]] = {}
    for parameters, run in runs:
        point = parameters if config.repeats is None else remove(parameters, config.repeats.path)
        grouped.setdefault(dumps_canonical(point), (point, []))[1].append(run)
    found = [_summary(config, point, members) for point, members in grouped.values()]
    best_first = config.objective is None or config.objective.goal is Goal.MINIMIZE
    sign = 1.0 if best_first else -1.0
    return tuple(sorted(found, key=lambda each: (each.mean is None, sign * (each.mean or 0.0))))


def _summary(config: SweepConfig, point: JsonObject, runs: Sequence[Run]) -> PointSummary:
    metric = config.objective.metric if config.objective else ""
    found = (finite_number(descend(run.summary, metric)) for run in runs)
    values = tuple(value for value in found if value is not None)
    return PointSummary(
        point,
        tuple(run.path.run_id for run in runs),
        values,
        fmean(values) if values else None,
        stdev(values) if len(values) > 1 else None,
    )
