"""Points of a search space as rows of numbers in [0, 1], for models that know nothing of names and types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical
from sweepyard.sweeps.distributions import Distribution, Quantised
from sweepyard.sweeps.quantiles import LARGEST_UNIT, SMALLEST_UNIT
from sweepyard.sweeps.space import INACTIVE, SearchSpace

Array = NDArray[np.float64]

# Two different values of a one-hot parameter are then as far apart as the two ends of a range.
_ONE = math.sqrt(0.5)


@runtime_checkable
class _Measurable(Protocol):
    """A distribution of numbers."""

    def fraction(self, value: float) -> float: ...


@dataclass(frozen=True, slots=True)
class _NumberAxis:
    """A number, as the part of its distribution that lies below it."""

    distribution: Distribution
    measure: _Measurable
    rounds: bool
    width = 1

    def row(self, value: object) -> list[float] | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return [self.measure.fraction(float(value))]

    def column(self, units: Array) -> Array:
        if not self.rounds:
            return units[:, None]
        return np.array([self.row(self.distribution.sample(unit)) for unit in units.tolist()])


@dataclass(frozen=True, slots=True)
class _ChoiceAxis:
    """One of a few values: numbers by their place in order, anything else one-hot."""

    distribution: Distribution
    rows: Mapping[str, list[float]]
    width: int

    def row(self, value: object) -> list[float] | None:
        return self.rows.get(dumps_canonical(value))

    def column(self, units: Array) -> Array:
        return np.array([self.row(self.distribution.sample(unit)) for unit in units.tolist()])


class Encoding:
    """Translates between parameters, units (one number in (0, 1) for each varying parameter) and features."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._distributions = [axis.distribution for axis in space.axes]
        self._axes = [_axis(distribution) for distribution in self._distributions]

    @property
    def dimensions(self) -> int:
        """How many units a point has."""
        return len(self._axes)

    @property
    def groups(self) -> list[int]:
        """For each feature the number of its axis."""
        return [number for number, axis in enumerate(self._axes) for _ in range(axis.width)]

    def features_of(self, parameters: Mapping[str, JsonValue]) -> list[float] | None:
        """A run's features; None where a varying parameter is missing or has a value that the space knows nothing of.

        A number beyond its range counts as the range's end; what a point does not have counts as the middle.
        """
        chosen = self._space.chosen(parameters)
        if chosen is None:
            return None
        features: list[float] = []
        for value, axis in zip(chosen, self._axes, strict=True):
            row = _middle(axis) if value is INACTIVE else axis.row(value)
            if row is None:
                return None
            features += row
        return features

    def features(self, units: Array) -> Array:
        """The features of the points that `(n, dimensions)` units lead to, roundings included."""
        if self._space.is_conditional:
            rows = [self.features_of(self.parameters(row)) for row in units]
            return np.array(rows, dtype=np.float64)
        return np.concatenate([axis.column(units[:, place]) for place, axis in enumerate(self._axes)], axis=1)

    def parameters(self, units: Array) -> JsonObject:
        """The point that one row of units leads to."""
        return self._space.point(
            [
                distribution.sample(min(max(float(unit), SMALLEST_UNIT), LARGEST_UNIT))
                for distribution, unit in zip(self._distributions, units, strict=True)
            ]
        )


def _middle(axis: _NumberAxis | _ChoiceAxis) -> list[float]:
    return [0.5] if axis.width == 1 else [0.0] * axis.width


def _axis(distribution: Distribution) -> _NumberAxis | _ChoiceAxis:
    values = distribution.distinct()
    if isinstance(distribution, _Measurable):
        rounds = values is not None or isinstance(distribution, Quantised)
        return _NumberAxis(distribution, distribution, rounds)
    assert values is not None, "what is no number is one of a few values"  # noqa: S101
    keys = [dumps_canonical(value) for value in values]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        ranks = {number: rank for rank, number in enumerate(sorted(numbers))}
        last = max(len(values) - 1, 1)
        return _ChoiceAxis(
            distribution, {key: [ranks[number] / last] for key, number in zip(keys, numbers, strict=True)}, 1
        )
    hot = np.eye(len(values)) * _ONE
    return _ChoiceAxis(distribution, {key: row.tolist() for key, row in zip(keys, hot, strict=True)}, len(values))
