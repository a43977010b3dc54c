"""Curves of metrics as SVG polylines, cut where a value is not finite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sweepyard.hub.dashboard.texts import number_text
from sweepyard.jsonvalue import JsonObject, flatten, is_finite_number

WIDTH = 320
HEIGHT = 120
_MARGIN = 6


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric over steps, drawn.

    Attributes:
        lines: The `points` of polylines; a single point is a line to itself.
        low: The least finite value, as text.
        high: The greatest finite value, as text.
        skipped: How many values were NaN or infinite.
    """

    metric: str
    lines: tuple[str, ...]
    low: str
    high: str
    first_step: int
    last_step: int
    skipped: int


def curves_of(rows: Iterable[JsonObject], *, limit: int) -> tuple[Curve, ...]:
    """A curve for each of the first `limit` metrics (by name) with a finite number among the rows."""
    series: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        step = row.get("_step")
        if not isinstance(step, int):
            continue
        # Numbers inside media (a table's size, an image's height) are no metrics.
        plain = {key: value for key, value in row.items() if not (isinstance(value, dict) and "_type" in value)}
        for key, value in flatten(plain):
            if not key.startswith("_") and isinstance(value, int | float) and not isinstance(value, bool):
                series.setdefault(key, []).append((step, value))
    drawable = [name for name in sorted(series) if any(is_finite_number(value) for _, value in series[name])]
    return tuple(_curve(name, series[name]) for name in drawable[:limit])


def _curve(metric: str, points: Sequence[tuple[int, float]]) -> Curve:
    finite = [value for _, value in points if is_finite_number(value)]
    low, high = min(finite), max(finite)
    first, last = points[0][0], points[-1][0]
    drawn = lines_of(points, (first, last), (low, high))
    return Curve(metric, drawn, number_text(low), number_text(high), first, last, len(points) - len(finite))


def lines_of(
    points: Sequence[tuple[float, float]], across: tuple[float, float], upward: tuple[float, float]
) -> tuple[str, ...]:
    """The `points` of polylines through (x, y) pairs, cut where y is not finite, in a picture of these bounds."""
    (first, last), (low, high) = across, upward

    def place(x: float, y: float) -> str:
        # Halved before subtracting, so that values at the ends of the floats' range do not overflow.
        span = high / 2 - low / 2
        share = (y / 2 - low / 2) / span if span > 0 else 0.5
        along = (x - first) / (last - first) if last > first else 0.5
        return f"{_MARGIN + (WIDTH - 2 * _MARGIN) * along:.1f},{HEIGHT - _MARGIN - (HEIGHT - 2 * _MARGIN) * share:.1f}"

    lines: list[list[str]] = [[]]
    for x, y in points:
        if is_finite_number(y):
            lines[-1].append(place(x, y))
        elif lines[-1]:
            lines.append([])
    return tuple(" ".join(line if len(line) > 1 else line * 2) for line in lines if line)
