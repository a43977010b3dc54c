"""Points of a search space as rows of numbers in [0, 1], for models that know nothing of names and types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical
from sweepyard.sweeps.distributions import (
    Categorical,
    Distribution,
    IntUniform,
    Quantised,
    RealDistribution,
    WeightedCategorical,
)
from sweepyard.sweeps.quantiles import LARGEST_UNIT, SMALLEST_UNIT
from sweepyard.sweeps.space import INACTIVE, SearchSpace

Array = NDArray[np.float64]

# Two different values of a one-hot parameter are then as far apart as the two ends of a range.
_ONE = math.sqrt(0.5)


@dataclass(frozen=True, slots=True)
class _NumberAxis:
    """A number, as the part of its distribution that lies below it."""

    distribution: IntUniform | RealDistribution
    width = 1

    def row(self, value: object) -> list[float] | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return [self.distribution.fraction(float(value))]

    def column(self, units: Array) -> Array:
        if not isinstance(self.distribution, IntUniform | Quantised):
            return units[:, None]  # Nothing is rounded.
        return np.array([self.row(self.distribution.sample(unit)) for unit in units.tolist()])

    def units(self, column: Array) -> Array:
        return np.asarray(column[:, 0])


@dataclass(frozen=True, slots=True)
class _ChoiceAxis:
    """One of a few values: numbers by their place in order, anything else one-hot."""

    distribution: Categorical | WeightedCategorical
    rows: Mapping[str, list[float]]
    width: int

    @property
    def middles(self) -> Array:
        """For each of the rows the middle of the units that lead to its value."""
        values = self.distribution.values
        shares = (
            self.distribution.probabilities
            if isinstance(self.distribution, WeightedCategorical)
            else [1.0 / len(values)] * len(values)
        )
        middles: dict[str, float] = {}
        for value, share, end in zip(values, shares, accumulate(shares), strict=True):
            if share > 0:
                middles.setdefault(dumps_canonical(value), end - share / 2.0)
        return np.array([middles[key] for key in self.rows])

    def row(self, value: object) -> list[float] | None:
        return self.rows.get(dumps_canonical(value))

    def column(self, units: Array) -> Array:
        return np.array([self.row(self.distribution.sample(unit)) for unit in units.tolist()])

    def units(self, column: Array) -> Array:
        rows = np.array(list(self.rows.values()))
        distances = ((column[:, None, :] - rows[None, :, :]) ** 2).sum(axis=2)
        return np.asarray(self.middles[distances.argmin(axis=1)])


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
        inside = _inside(units)
        return np.concatenate([axis.column(inside[:, place]) for place, axis in enumerate(self._axes)], axis=1)

    def units(self, features: Array) -> Array:
        """Units that lead to points with these `(n, features)`, or near them: `(n, dimensions)`."""
        ends = np.cumsum([axis.width for axis in self._axes])
        columns = np.split(features, ends[:-1], axis=1)
        return np.stack([axis.units(column) for axis, column in zip(self._axes, columns, strict=True)], axis=1)

    def parameters(self, units: Array) -> JsonObject:
        """The point that one row of units leads to."""
        return self._space.point(
            [
                distribution.sample(unit)
                for distribution, unit in zip(self._distributions, _inside(units).tolist(), strict=True)
            ]
        )


def _inside(units: Array) -> Array:
    """The units, strictly between 0 and 1: at these many distributions have no finite value."""
    return np.clip(units, SMALLEST_UNIT, LARGEST_UNIT)


def _middle(axis: _NumberAxis | _ChoiceAxis) -> list[float]:
    return [0.5] if axis.width == 1 else [0.0] * axis.width


def _axis(distribution: Distribution) -> _NumberAxis | _ChoiceAxis:
    if isinstance(distribution, IntUniform | RealDistribution):
        return _NumberAxis(distribution)
    assert isinstance(distribution, Categorical | WeightedCategorical), "a constant is no axis"  # noqa: S101
    values = distribution.distinct()
    keys = [dumps_canonical(value) for value in values]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        last = max(len(values) - 1, 1)
        ranks = {number: rank for rank, number in enumerate(sorted(numbers))}
        rows = [[ranks[number] / last] for number in numbers]
    else:
        rows = (np.eye(len(values)) * _ONE).tolist()
    return _ChoiceAxis(distribution, dict(zip(keys, rows, strict=True)), len(rows[0]))
