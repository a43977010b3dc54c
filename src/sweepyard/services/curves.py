"""Curves of runs' metrics, and of groups of runs: read from histories, thinned to what a chart has room for."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from sweepyard.domain.curves import Axis, Band, Curve, Edges, band_of, ordered, thinned, within
from sweepyard.domain.fields import descend
from sweepyard.domain.grouping import float_of
from sweepyard.domain.history import Stream
from sweepyard.domain.metrics import EPOCH, EPOCH_NUMBER
from sweepyard.domain.rows import decode_line
from sweepyard.domain.run import RunPath
from sweepyard.domain.series import Floats, Series
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonValue
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.sweeps.quantiles import beta_quantile

FEWEST_POINTS, MOST_POINTS = 10, 2_000
CONFIDENCE = 0.95

_KEYS: dict[Axis, tuple[str | None, ...]] = {
    Axis.STEP: (None,),
    Axis.TIME: ("_runtime",),
    Axis.EPOCH: (EPOCH_NUMBER, EPOCH),
}
"""Under which keys a run may log its place on an axis: the first that stands beside a metric counts; None for steps."""

_Points = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvesWanted:
    """What of runs' histories is to be drawn.

    Attributes:
        metrics: Dotted keys of histories.
        edges: Only what lies between them, in the axis' own unit (seconds of time), is drawn.
        points: At most so many of a curve.
    """

    metrics: tuple[str, ...]
    axis: Axis = Axis.STEP
    edges: Edges = (None, None)
    points: int = 500

    def check(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            RequestInvalid: The number of points is out of range, or the edges are no stretch of an axis.
        """
        violations: list[Violation] = []
        if not FEWEST_POINTS <= self.points <= MOST_POINTS:
            violations.append(Violation(f"a curve has {FEWEST_POINTS} to {MOST_POINTS:,} points", str(self.points)))
        low, high = self.edges
        if not all(edge is None or math.isfinite(edge) for edge in self.edges):
            violations.append(Violation("an edge is a finite number", f"{low} and {high}"))
        elif low is not None and high is not None and low >= high:
            violations.append(Violation("the first edge lies before the last", f"{low} and {high}"))
        if violations:
            raise RequestInvalid(violations)


class CurveService:
    """Draws curves.

    What has not logged a metric, beside the axis, has no curve of it; a run that is not there has none at all.
    Methods raise RequestInvalid for what cannot be drawn.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_runs(self, paths: Collection[RunPath], wanted: CurvesWanted) -> dict[str, dict[RunPath, Curve]]:
        """The curves of each metric."""
        wanted.check()
        found: dict[str, dict[RunPath, Curve]] = {metric: {} for metric in wanted.metrics}
        with self._database.reading() as unit:
            for path in paths:
                points = _points(unit, path, wanted)
                for metric, curve in zip(points, thinned([*points.values()], wanted.points), strict=True):
                    found[metric][path] = curve
        return found

    def of_groups(
        self, groups: Sequence[Collection[RunPath]], wanted: CurvesWanted
    ) -> dict[str, tuple[GroupCurve | None, ...]]:
        """For each metric, of each group the mean over its runs; None where no run has a finite value."""
        wanted.check()
        with self._database.reading() as unit:
            points = [[_points(unit, path, wanted) for path in paths] for paths in groups]
        return {
            metric: tuple(_group_curve([each[metric] for each in group if metric in each], wanted) for group in points)
            for metric in wanted.metrics
        }


@dataclass(frozen=True, slots=True, eq=False)
class GroupCurve:
    """The mean of a group's runs with its confidence band.

    Attributes:
        runs: How many runs it is of.
        nan: How many of their values were NaN.
        infinite: How many of their values were infinite.
    """

    band: Band
    runs: int
    nan: int
    infinite: int


@functools.cache
def confidence_factor(count: int) -> float:
    """How many standard errors the confidence interval of a mean of `count` (2 or more) values reaches to each side.

    Student's t at `CONFIDENCE`: with x the quantile of the beta distribution (df/2, 1/2) at 1 - `CONFIDENCE`,
    t^2 = df (1 - x) / x (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.5.27 and 26.7.1).
    """
    degrees = count - 1
    x = beta_quantile(1 - CONFIDENCE, degrees / 2, 0.5)
    return math.sqrt(degrees * (1 - x) / x)


def _group_curve(runs: Sequence[_Points], wanted: CurvesWanted) -> GroupCurve | None:
    curves: list[_Points] = []
    nan = infinite = 0
    for x, y in runs:
        finite = np.isfinite(y)
        unknown = int(np.isnan(y).sum())
        nan, infinite = nan + unknown, infinite + len(y) - unknown - int(finite.sum())
        if finite.any():
            curves.append((x[finite], y[finite]))
    return GroupCurve(band_of(curves, wanted.points, confidence_factor), len(curves), nan, infinite) if curves else None


def _points(unit: UnitOfWork, path: RunPath, wanted: CurvesWanted) -> dict[str, _Points]:
    """What a run has logged of each metric between the edges, in order of the axis; metrics without any are absent."""
    along = _KEYS[wanted.axis]
    asked = [(metric, key) for metric in wanted.metrics for key in along]
    series = unit.streams.series_each(path, [_keys(metric, key) for metric, key in asked])
    found: dict[str, _Points] = {}
    for (metric, key), known in zip(asked, series, strict=True):
        if metric in found:
            continue
        logged = _decoded(unit, path, metric, key) if known is None else _in_series(known, metric, key)
        x, y = within(*ordered(*logged), wanted.edges)
        if len(x):
            found[metric] = x, y
    return found


def _keys(metric: str, key: str | None) -> tuple[str, ...]:
    return (metric,) if key is None else tuple(dict.fromkeys((metric, key)))


def _in_series(series: Series, metric: str, key: str | None) -> _Points:
    return series.steps.astype(np.float64) if key is None else series.values[key], series.values[metric]


def _decoded(unit: UnitOfWork, path: RunPath, metric: str, key: str | None) -> _Points:
    """The numbers among what a run has logged of a metric; read line by line, since not all are such."""
    pairs = [
        (float(step) if key is None else _number(descend(row, key)), _number(descend(row, metric)))
        for _, step, text in unit.streams.rows(path, Stream.HISTORY)
        for row in [decode_line(text)]
    ]
    points = np.array([(x, y) for x, y in pairs if x is not None and y is not None], np.float64).reshape(-1, 2)
    return points[:, 0], points[:, 1]


def _number(value: JsonValue) -> float | None:
    """A number as float64 has it; None for anything else."""
    return float_of(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
