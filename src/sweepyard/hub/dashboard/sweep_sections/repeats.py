"""The points of a sweep that repeats them: mean, spread and number of each one's runs."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.domain.fields import descend
from sweepyard.domain.run_columns import CONFIG_PREFIX, condition_on
from sweepyard.domain.sweep import Sweep
from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.services.bundle import Services
from sweepyard.services.points import PointSummary
from sweepyard.services.sweep_rows import parsed
from sweepyard.sweeps.distributions import Constant

MOST = 50


@dataclass(frozen=True, slots=True)
class RepeatedPoint:
    """A point.

    Attributes:
        values: Of the parameters, as text.
        mean: Of the objective, over the runs that have a value.
        count: How many these are.
        runs: How many runs the point has so far.
        url: The table of its runs; empty where no filter can say which they are.
    """

    values: tuple[str, ...]
    mean: str
    spread: str
    count: int
    runs: int
    url: str


@dataclass(frozen=True, slots=True)
class RepeatedPoints:
    """The points of a sweep with `repeats`.

    Attributes:
        heads: The parameters that vary, without the seed.
        metric: What the means are of; empty where the sweep file names none.
        rows: The best mean first.
        more: How many worse ones there are.
    """

    heads: tuple[str, ...]
    metric: str
    rows: tuple[RepeatedPoint, ...]
    more: int


def repeated_points(services: Services, sweep: Sweep, view: RunsView, page: str) -> RepeatedPoints | None:
    """The points of a sweep, as far as they have runs; None for a sweep that repeats none."""
    config = parsed(sweep.config_yaml)
    if config.repeats is None:
        return None
    names = [
        each.name
        for each in config.parameters
        if each.path != config.repeats.path and not isinstance(each.distribution, Constant)
    ]
    points = services.sweeps.points(sweep.path)
    return RepeatedPoints(
        heads=tuple(map(texts.shortened, names)),
        metric=config.objective.metric if config.objective else "",
        rows=tuple(_row(point, names, view, page) for point in points[:MOST]),
        more=max(0, len(points) - MOST),
    )


def _row(point: PointSummary, names: list[str], view: RunsView, page: str) -> RepeatedPoint:
    values = [descend(point.parameters, name) for name in names]
    conditions = [condition_on(f"{CONFIG_PREFIX}{name}", value) for name, value in zip(names, values, strict=True)]
    narrowed = view.narrowed([each for each in conditions if each])
    return RepeatedPoint(
        values=tuple(map(texts.value_text, values)),
        mean=texts.ABSENT if point.mean is None else texts.rounded_text(point.mean, 4),
        spread=texts.ABSENT if point.spread is None else texts.rounded_text(point.spread, 2),
        count=len(point.values),
        runs=len(point.runs),
        url=narrowed.url(page) if all(conditions) else "",
    )
