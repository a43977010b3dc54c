"""Runs grouped by what they have in common, and what the numbers of a group come to: mean, spread, how many."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sweepyard.domain.ordering import rank_of
from sweepyard.jsonvalue import JsonValue, dumps_canonical


@dataclass(frozen=True, slots=True)
class Spread:
    """What some numbers come to.

    Attributes:
        count: How many of them are finite; the others take no part in what follows.
        deviation: The sample standard deviation; None with fewer than two.
        not_finite: How many are NaN or infinite.
    """

    count: int
    mean: float
    deviation: float | None
    least: float
    greatest: float
    not_finite: int


def spread_of(values: Iterable[JsonValue]) -> Spread | None:
    """The spread of the numbers among the values; None without a finite one."""
    numbers = [float_of(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    finite = [number for number in numbers if math.isfinite(number)]
    if not finite:
        return None
    least, greatest, others = min(finite), max(finite), len(numbers) - len(finite)
    if least == greatest:  # A mean of sums might differ from what they all are by its rounding.
        return Spread(len(finite), least, 0.0 if len(finite) > 1 else None, least, greatest, others)
    # By a power of two, which loses nothing, so that neither sums nor squares leave the floats' range.
    _, exponent = math.frexp(max(map(abs, finite)))
    scaled = [math.ldexp(number, -exponent) for number in finite]
    mean = math.fsum(scaled) / len(scaled)
    squares = math.fsum((number - mean) ** 2 for number in scaled)
    deviation = _unscaled(math.sqrt(squares / (len(scaled) - 1)), exponent)
    return Spread(len(finite), _unscaled(mean, exponent), deviation, least, greatest, others)


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Runs that are alike in some fields.

    Attributes:
        values: What they have there; None where they have nothing.
        places: Which runs they are, by their places among all.
    """

    values: tuple[JsonValue, ...]
    places: tuple[int, ...]


def grouped(columns: Sequence[Sequence[JsonValue]]) -> list[RunGroup]:
    """The groups of runs whose values are equal in all columns (3 and 3.0 are), ordered by these values.

    Args:
        columns: One or more; in each, the runs' values in the same order.
    """
    places: dict[str, list[int]] = {}
    rows = list(zip(*columns, strict=True))
    for place, row in enumerate(rows):
        places.setdefault(dumps_canonical(row), []).append(place)
    groups = [RunGroup(rows[found[0]], tuple(found)) for found in places.values()]
    return sorted(groups, key=lambda group: [_place(value) for value in group.values])


def float_of(number: int | float) -> float:
    """The number as a float; a whole number beyond the floats is infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _place(value: JsonValue) -> tuple[bool, tuple[int, float | str]]:
    rank = rank_of(value)
    return rank is None, rank or (0, 0)


def _unscaled(number: float, exponent: int) -> float:
    try:
        return math.ldexp(number, exponent)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
