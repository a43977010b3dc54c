"""Curves: a metric along an axis in few enough points for a chart, in which no spike is lost.

A curve of more rows than a chart has room for is cut into stretches of rows; each has a mean, and the least and the
greatest value. NaN and infinities are counted and take no part; a stretch without a finite value cuts the curve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from sweepyard.domain.series import Bits, Floats, Steps

Edges = tuple[float | None, float | None]
"""The ends of what is looked at along an axis, both included; None for no end."""

_DIGITS = 5
_POWERS = 10.0 ** np.arange(250)


class Axis(Enum):
    """What a metric is drawn over."""

    STEP = "step"
    EPOCH = "epoch"
    TIME = "time"


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A metric along an axis.

    Attributes:
        x: (points,) float64, never falling.
        mean: (points,) float64, NaN where the curve is cut.
        low: (points,) float64, as are those of `high`; equal to `mean` where a point is one row.
        nan: How many values were NaN.
        infinite: How many values were infinite.
    """

    x: Floats
    mean: Floats
    low: Floats
    high: Floats
    nan: int
    infinite: int

    @property
    def is_exact(self) -> bool:
        """Whether each point is one row."""
        return self.low is self.mean


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """The mean of several curves, and how sure it is.

    Attributes:
        x: (points,) float64, ascending.
        count: (points,) int64: how many curves reach to here.
        mean: (points,) float64, NaN where none does.
        low: (points,) float64: the confidence interval of the mean; NaN where less than two curves reach to here.
    """

    x: Floats
    count: Steps
    mean: Floats
    low: Floats
    high: Floats


def ordered(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The points in order of the axis; those that have no place on it (NaN, infinite) are left out."""
    known = np.isfinite(x)
    if not known.all():
        x, y = x[known], y[known]
    if (x[1:] < x[:-1]).any():
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    return x, y


def within(x: Floats, y: Floats, edges: Edges) -> tuple[Floats, Floats]:
    """The points between the edges, and one beyond each, so that lines run on to the edges."""
    low, high = edges
    first = 0 if low is None else max(0, int(np.searchsorted(x, low, "left")) - 1)
    last = len(x) if high is None else int(np.searchsorted(x, high, "right")) + 1
    return x[first:last], y[first:last]


def thinned(lines: Sequence[tuple[Floats, Floats]], points: int) -> list[Curve]:
    """Curves of at most `points` (3 or more) points each; the first and the last row are points of their own.

    Args:
        lines: x (rows,) float64, never falling, and y (rows,) float64; 1 or more rows each.
    """
    long = [line for line in lines if len(line[1]) > points]
    shortened = iter(_shortened(long, points) if long else [])
    return [next(shortened) if len(y) > points else _exact(x, y) for x, y in lines]


def _exact(x: Floats, y: Floats) -> Curve:
    """A curve with a point a row."""
    finite = np.isfinite(y)
    nan = int(np.isnan(y).sum())
    mean = y if finite.all() else np.where(finite, y, np.nan)
    return Curve(x, mean, mean, mean, nan, len(y) - nan - int(finite.sum()))


def _shortened(lines: Sequence[tuple[Floats, Floats]], points: int) -> list[Curve]:
    """Curves of lines that have more rows than that; worked on together, which takes a fraction of the calls."""
    x, y = (np.concatenate(part) for part in zip(*lines, strict=True))
    ends = np.cumsum([len(line[1]) for line in lines]).tolist()
    begins = [0, *ends[:-1]]
    stretches = [_stretches(end - begin, points) + begin for begin, end in zip(begins, ends, strict=True)]
    starts = np.concatenate(stretches)
    lasts = np.append(starts[1:], len(y))
    finite = np.isfinite(y)
    counts = np.add.reduceat(finite.astype(np.int64), starts)
    known = counts > 0
    # Divided before they are added up, so that sums do not leave the floats' range.
    weights = np.repeat(np.maximum(counts, 1), lasts - starts)
    mean = np.add.reduceat(np.where(finite, y, 0.0) / weights, starts)
    low = np.minimum.reduceat(np.where(finite, y, np.inf), starts)
    high = np.maximum.reduceat(np.where(finite, y, -np.inf), starts)
    middle = x[starts] / 2 + x[lasts - 1] / 2
    mean, low, high = (np.where(known, part, np.nan) for part in (mean, low, high))
    nans = np.add.reduceat(np.isnan(y).astype(np.int64), begins).tolist()
    others = np.add.reduceat(np.isinf(y).astype(np.int64), begins).tolist()
    cuts = np.cumsum([0, *map(len, stretches)]).tolist()
    return [
        Curve(middle[cut:end], mean[cut:end], low[cut:end], high[cut:end], nan, infinite)
        for cut, end, nan, infinite in zip(cuts, cuts[1:], nans, others, strict=False)
    ]


def _stretches(rows: int, points: int) -> Steps:
    """Where the stretches of rows begin of which at most `points` points are made."""
    length = -(-(rows - 2) // (points - 2))
    return np.concatenate([[0], np.arange(1, rows - 1, length), [rows - 1]])


def band_of(curves: Sequence[tuple[Floats, Floats]], points: int, factor: Callable[[int], float]) -> Band:
    """The mean of curves, each from its first to its last finite point, linear in between.

    It is taken at the places that the curves have in all, or, where these are more than `points`, at the middles of
    so many equal parts of the axis, for which each curve counts with its means.

    Args:
        curves: One or more; x ascending, y finite, of the same length, 1 or more.
        factor: By the number of curves (2 or more): the interval's half width in standard errors.
    """
    places = np.unique(np.concatenate([x for x, _ in curves]))
    if len(places) > points:
        ends = np.linspace(places[0], places[-1], points + 1)
        curves = [_in_parts(x, y, ends) for x, y in curves]
        places = ends[:-1] / 2 + ends[1:] / 2
    # What lies beyond the floats' range becomes infinite, and is not drawn.
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.array([np.interp(places, x, y, left=np.nan, right=np.nan) for x, y in curves])
        reaches = ~np.isnan(values)
        count = reaches.sum(axis=0)
        least = np.maximum(count, 1)
        mean = np.where(count > 0, np.where(reaches, values / least, 0.0).sum(axis=0), np.nan)
        off = np.where(reaches, values - np.where(count > 0, mean, 0.0), 0.0)
        unit = max(float(np.abs(off).max()), np.finfo(np.float64).tiny)  # so that no square leaves that range
        spread = unit * np.sqrt(((off / unit) ** 2).sum(axis=0) / np.maximum(count - 1, 1))
        factors = {number: factor(number) if number > 1 else np.nan for number in np.unique(count).tolist()}
        half = np.array([factors[number] for number in count.tolist()]) * spread / np.sqrt(least)
        return Band(places, count, mean, mean - half, mean + half)


def rounded(values: Floats, spans: Floats) -> Floats:
    """The values to five digits, counted from their own first or that of `spans`, whichever is the smaller number.

    So a chart of that span can be drawn, on a logarithmic axis too, and what is sent is short.

    Args:
        spans: (values,) float64; 0 for none.
    """
    sizes = np.abs(values)
    sizes = np.where(spans > 0, np.minimum(sizes, spans), sizes)
    exact: Bits = ~np.isfinite(sizes) | (sizes < 1e-200) | (sizes > 1e200)
    places = _DIGITS - 1 - np.floor(np.log10(np.where(exact, 1.0, sizes))).astype(np.int64)
    unit = _POWERS[np.abs(places)]
    with np.errstate(over="ignore", invalid="ignore"):  # Of the two ways, the one that is not taken may overflow.
        result = np.where(places >= 0, np.round(values * unit) / unit, np.round(values / unit) * unit)
    return np.where(exact | ~np.isfinite(result), values, result)


def _in_parts(x: Floats, y: Floats, ends: Floats) -> tuple[Floats, Floats]:
    """The means of a curve's points in those parts of the axis that have some, at the parts' middles."""
    parts = np.clip(np.searchsorted(ends, x, "right") - 1, 0, len(ends) - 2)
    starts = np.flatnonzero(np.diff(parts, prepend=-1))
    counts = np.diff(np.append(starts, len(parts)))
    means = np.add.reduceat(y / np.repeat(counts, counts), starts)
    kept = parts[starts]
    return ends[kept] / 2 + ends[kept + 1] / 2, means
