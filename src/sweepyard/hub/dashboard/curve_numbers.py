"""The curves of a chart as JSON: what several share once, and numbers in as few digits as a chart can show.

All numbers of a chart are worked on together: by the curve, most of the time would go into calling NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from sweepyard.domain.curves import Curve, rounded
from sweepyard.domain.series import EXACT, Floats, Steps
from sweepyard.services.curves import GroupCurve

_PARTS = ("mean", "low", "high")


def chart_of(curves: Mapping[int, Curve | GroupCurve]) -> dict[str, object]:
    """The curves of a chart; places on the axis that several share are sent once."""
    axes: dict[bytes, int] = {}
    places: list[Floats] = []
    entries: list[dict[str, object]] = []
    for number, curve in curves.items():
        x = curve.band.x if isinstance(curve, GroupCurve) else curve.x
        place = axes.setdefault(x.tobytes(), len(axes))
        if place == len(places):
            places.append(x)
        entries.append({"line": number, "x": place, **_facts(curve)})
    for entry, parts in zip(entries, in_few_digits([_parts(curve) for curve in curves.values()]), strict=True):
        entry |= dict(zip(_PARTS, parts, strict=False))
    return {"axes": [numbers for (numbers,) in in_few_digits([(x,) for x in places])], "curves": entries}


def in_few_digits(groups: Sequence[Sequence[Floats]]) -> list[list[list[float]]]:
    """The numbers of each group's parts, to the digits that the spread of the group asks for.

    Whole numbers are given without decimals, where all of a part are such.

    Args:
        groups: Of one or more parts each, and these of one or more numbers each.
    """
    if not groups:
        return []
    parts = [part for group in groups for part in group]
    counts = [sum(map(len, group)) for group in groups]
    values = np.concatenate(parts)
    values = rounded(values, np.repeat(_spans(values, counts), counts))
    listed = _listed(values, [len(part) for part in parts])
    return [list(islice(listed, len(group))) for group in groups]


def _facts(curve: Curve | GroupCurve) -> dict[str, object]:
    facts: dict[str, object] = {"nan": curve.nan, "infinite": curve.infinite}
    if isinstance(curve, GroupCurve):
        facts |= {"runs": curve.runs, "count": curve.band.count.tolist()}
    return facts


def _parts(curve: Curve | GroupCurve) -> tuple[Floats, ...]:
    if isinstance(curve, Curve) and curve.is_exact:
        return (curve.mean,)
    drawn = curve.band if isinstance(curve, GroupCurve) else curve
    return drawn.mean, drawn.low, drawn.high


def _starts(counts: Sequence[int]) -> Steps:
    return np.cumsum([0, *counts[:-1]])


def _spans(values: Floats, counts: Sequence[int]) -> Floats:
    """How far the finite values of each stretch of so many lie apart; 0 where there is none."""
    finite, starts = np.isfinite(values), _starts(counts)
    low = np.minimum.reduceat(np.where(finite, values, np.inf), starts)
    high = np.maximum.reduceat(np.where(finite, values, -np.inf), starts)
    known = low <= high
    # Halved, so that values at the ends of the floats' range do not overflow.
    half = np.where(known, high, 0.0) / 2 - np.where(known, low, 0.0) / 2
    return 2 * np.minimum(half, np.finfo(np.float64).max / 2)


def _listed(values: Floats, counts: Sequence[int]) -> Iterator[list[float]]:
    """The stretches of so many values, as JSON has them in the fewest letters."""
    starts = _starts(counts)
    are_whole = np.logical_and.reduceat((np.abs(values) <= EXACT) & (values == np.floor(values)), starts)
    for start, count, is_whole in zip(starts.tolist(), counts, are_whole.tolist(), strict=True):
        stretch = values[start : start + count]
        listed: list[float] = (stretch.astype(np.int64) if is_whole else stretch).tolist()
        yield listed
