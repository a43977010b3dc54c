"""The points of a sweep whose runs are repeated: one line for all repeats of a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweepyard.domain.grouping import spread_of
from sweepyard.domain.objective import Goal
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical, finite_number
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


@dataclass(frozen=True, slots=True)
class PointRun:
    """A run of a point.

    Attributes:
        parameters: What it was given, the seed too.
        result: What its summary has of the objective.
    """

    run_id: str
    parameters: JsonObject
    result: JsonValue


def points_of(config: SweepConfig, runs: Sequence[PointRun]) -> tuple[PointSummary, ...]:
    """Group runs by their parameters without the seed of the repeats; the best mean first, points without one last."""
    grouped: dict[str, tuple[JsonObject, list[PointRun]]] = {}
    for run in runs:
        point = run.parameters if config.repeats is None else remove(run.parameters, config.repeats.path)
        grouped.setdefault(dumps_canonical(point), (point, []))[1].append(run)
    found = [_summary(point, members) for point, members in grouped.values()]
    best_first = config.objective is None or config.objective.goal is Goal.MINIMIZE
    sign = 1.0 if best_first else -1.0
    return tuple(sorted(found, key=lambda each: (each.mean is None, sign * (each.mean or 0.0))))


def _summary(point: JsonObject, runs: Sequence[PointRun]) -> PointSummary:
    values = tuple(value for run in runs if (value := finite_number(run.result)) is not None)
    spread = spread_of(values)
    return PointSummary(
        point,
        tuple(run.run_id for run in runs),
        values,
        spread.mean if spread else None,
        spread.deviation if spread else None,
    )
