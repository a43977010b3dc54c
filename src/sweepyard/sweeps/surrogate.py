"""A Gaussian process: what the objective may be where nothing was tried.

Its length scales, amplitude and noise are not fitted but drawn from what the data leaves possible (slice sampling,
Neal 2003), and answers are averaged over the draws (Snoek, Larochelle and Adams 2012): with the few runs that a
sweep has, one best fit is often sure of nonsense.

A parameter's length scale is a common one times its own, which is near 1 until the data says otherwise (partial
pooling, Gelman and Hill 2007): a few runs can tell how fast the objective varies, but not how fast along each of many
parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_BURN_IN = 4
_DRAWS = 6
_STEP = 2.0
_LARGEST_STEPS_OUT = 8
_JITTER = 1.0e-8
# Beyond the squared length of any solution, so that what is bordered stays positive definite.
_HUGE = 1.0e200

# Priors of the logarithms: (mean, standard deviation). Inputs lie in [0, 1], results have variance 1.
_AMPLITUDE = (0.0, 1.0)
_NOISE = (math.log(1.0e-4), 2.0)
_COMMON_LENGTH = (math.log(0.5), 1.0)
_OWN_LENGTH = (0.0, 0.5)
# In standard deviations of the prior; nothing is looked for beyond.
_FARTHEST = 6.0

_erfc: Callable[..., Any] = np.frompyfunc(math.erfc, 1, 1)


@dataclass(frozen=True, slots=True)
class _Draw:
    """One possible process, conditioned on the data.

    Attributes:
        hyper: The logarithms of amplitude, noise, common length scale, and each parameter's own factor of it.
    """

    hyper: Array
    inverse: Array
    weights: Array


class Surrogate:
    """A Gaussian process with a Matern 5/2 kernel, conditioned on results.

    Args:
        inputs: `(n, d) float64 in [0, 1]`.
        results: `(n,) float64`, the smaller the better; standardised here.
        pending: `(m, d)`: what runs are trying now. Each draw believes in what it predicts for them.
        groups: For each of the d inputs the number of the parameter that it belongs to; one length scale each.
        generator: Decides the draws.
    """

    def __init__(
        self,
        inputs: Array,
        results: Array,
        *,
        pending: Array,
        groups: Sequence[int],
        generator: np.random.Generator,
    ) -> None:
        self._groups = np.asarray(groups, dtype=np.intp)
        self._count = int(self._groups.max()) + 1
        # Results may be as great as floats can be; their squares may not.
        size = float(np.abs(results).max()) or 1.0
        mean, spread = float((results / size).mean()), float((results / size).std()) or 1.0
        standard = (results / size - mean) / spread
        self._mean, self._spread = mean * size, spread * size
        self._inputs = np.concatenate([inputs, pending])
        self._order = np.argsort(standard, kind="stable")
        self._best = float(standard.min())
        squares = self._squares(inputs, inputs)
        # With more parameters all distances are greater, and so are the scales that are thought likely.
        common = (_COMMON_LENGTH[0] + 0.5 * math.log(self._count), _COMMON_LENGTH[1])
        priors = np.array([_AMPLITUDE, _NOISE, common, *[_OWN_LENGTH] * self._count])
        self._prior_means, self._prior_deviations = priors[:, 0], priors[:, 1]
        everywhere = self._squares(self._inputs, self._inputs) if len(pending) else squares
        self._draws = [
            self._conditioned(hyper, squares, standard, everywhere)
            for hyper in self._sampled(squares, standard, generator)
        ]

    def leaders(self, count: int) -> Array:
        """The inputs with the `count` best results, or all where there are fewer: `(n, d)`."""
        return np.asarray(self._inputs[self._order[:count]])

    def predict(self, inputs: Array) -> tuple[Array, Array]:
        """Mean and standard deviation at `(n, d)` inputs, in the unit of the results."""
        means, variances = self._moments(inputs)
        mean = means.mean(axis=0)
        variance = (variances + means**2).mean(axis=0) - mean**2
        return mean * self._spread + self._mean, np.sqrt(np.maximum(variance, 0.0)) * self._spread

    def expected_improvement(self, inputs: Array) -> Array:
        """By how much (in standard deviations of the results) `(n, d)` inputs may be expected to beat the best."""
        means, variances = self._moments(inputs)
        deviation = np.sqrt(variances)
        z = (self._best - means) / deviation
        density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
        below = 0.5 * _erfc(-z / math.sqrt(2.0)).astype(np.float64)
        # Rounding can leave a hair below zero where there is nothing to hope for.
        return np.asarray(np.maximum(deviation * (density + z * below), 0.0).mean(axis=0))

    def _moments(self, inputs: Array) -> tuple[Array, Array]:
        squares = self._squares(self._inputs, inputs)
        means, variances = [], []
        for draw in self._draws:
            across = self._kernel(draw.hyper, squares)
            means.append(across.T @ draw.weights)
            explained = ((draw.inverse @ across) ** 2).sum(axis=0)
            variances.append(np.maximum(math.exp(draw.hyper[0]) - explained, 1.0e-12))
        return np.array(means), np.array(variances)

    def _squares(self, left: Array, right: Array) -> Array:
        """Squared distances by parameter: `(parameters, n, m)`."""
        squares = np.zeros((self._count, len(left), len(right)))
        for column, group in enumerate(self._groups):
            squares[group] += (left[:, column, None] - right[None, :, column]) ** 2
        return squares

    def _kernel(self, hyper: Array, squares: Array) -> Array:
        flat = np.exp(-2.0 * (hyper[2] + hyper[3:])) @ squares.reshape(self._count, -1)
        distance = np.sqrt(5.0 * flat).reshape(squares.shape[1:])
        matern: Array = (1.0 + distance * (1.0 + distance / 3.0)) * np.exp(-distance)
        return math.exp(hyper[0]) * matern

    def _covariance(self, hyper: Array, squares: Array) -> Array:
        covariance = self._kernel(hyper, squares)
        covariance.flat[:: len(covariance) + 1] += math.exp(hyper[1]) + _JITTER * math.exp(hyper[0])
        return covariance

    def _log_posterior(self, hyper: Array, squares: Array, results: Array) -> float:
        """The log of prior times likelihood, up to a constant."""
        departure = (hyper - self._prior_means) / self._prior_deviations
        if np.abs(departure).max() > _FARTHEST:
            return -math.inf
        covariance = self._covariance(hyper, squares)
        try:
            lower = np.linalg.cholesky(_bordered(covariance, results))
        except np.linalg.LinAlgError:
            return -math.inf
        solved, diagonal = lower[-1, :-1], lower.diagonal()[:-1]
        return float(-0.5 * (departure @ departure) - 0.5 * (solved @ solved) - np.log(diagonal).sum())

    def _sampled(self, squares: Array, results: Array, generator: np.random.Generator) -> list[Array]:
        hyper = self._prior_means

        def density(candidate: Array) -> float:
            return self._log_posterior(candidate, squares, results)

        kept = []
        height = density(hyper)
        for sweep in range(_BURN_IN + _DRAWS):
            for index in range(len(hyper)):
                hyper, height = _slice(hyper, index, height, density, generator)
            if sweep >= _BURN_IN:
                kept.append(hyper)
        return kept

    def _conditioned(self, hyper: Array, squares: Array, results: Array, everywhere: Array) -> _Draw:
        known = len(results)
        inverse = np.linalg.inv(np.linalg.cholesky(self._covariance(hyper, squares)))
        weights = inverse.T @ (inverse @ results)
        if everywhere.shape[-1] == known:
            return _Draw(hyper, inverse, weights)
        believed = self._kernel(hyper, everywhere[:, known:, :known]) @ weights
        inverse = np.linalg.inv(np.linalg.cholesky(self._covariance(hyper, everywhere)))
        return _Draw(hyper, inverse, inverse.T @ (inverse @ np.concatenate([results, believed])))


def _bordered(covariance: Array, results: Array) -> Array:
    """The covariance with the results as one more row and column.

    The last row of its Cholesky factor solves the factor's triangle for the results: two answers from one call.
    """
    count = len(results)
    bordered = np.empty((count + 1, count + 1))
    bordered[:count, :count] = covariance
    bordered[count, :count] = bordered[:count, count] = results
    bordered[count, count] = _HUGE
    return bordered


def _slice(
    point: Array, index: int, height: float, density: Callable[[Array], float], generator: np.random.Generator
) -> tuple[Array, float]:
    """One step of slice sampling along one axis; gives the new point and its log density."""

    def moved(value: float) -> Array:
        there = point.copy()
        there[index] = value
        return there

    level = height + math.log(1.0 - generator.random())
    low = float(point[index]) - _STEP * generator.random()
    high = low + _STEP
    for _ in range(_LARGEST_STEPS_OUT):
        if density(moved(low)) <= level:
            break
        low -= _STEP
    for _ in range(_LARGEST_STEPS_OUT):
        if density(moved(high)) <= level:
            break
        high += _STEP
    while True:
        value = low + (high - low) * generator.random()
        there = moved(value)
        found = density(there)
        if found > level:
            return there, found
        if value < point[index]:
            low = value
        else:
            high = value
        if high - low < 1.0e-9:
            return point, height
