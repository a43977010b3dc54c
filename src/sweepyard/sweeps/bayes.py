"""Bayesian search: the point that may be expected to improve most on the best result so far.

A Gaussian process stands for the objective (`surrogate`). Everything follows from the config, the seed, the position
and the runs: the same four give the same point.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sweepyard.domain.objective import Goal, Imputation, Objective
from sweepyard.domain.run import RunState
from sweepyard.jsonvalue import JsonObject
from sweepyard.sweeps.encoding import Encoding
from sweepyard.sweeps.identity import Identity
from sweepyard.sweeps.known import KnownRun
from sweepyard.sweeps.space import SearchSpace
from sweepyard.sweeps.surrogate import Surrogate

Array = NDArray[np.float64]

# Names the stream of random numbers that belongs to this search.
_STREAM = 0xBA7E5

_CANDIDATES = 1000
_ELITE = 6
_CHILDREN = 30
_REACHES = (0.1, 0.03, 0.01, 0.003)
_REDRAWN = 0.1
_MOST_ENUMERATED = 2000
_MOST_RESULTS = 150
_BEST_KEPT = 50
_FIRST_POINTS = 5
_MOST_SPREAD_DIMENSIONS = 12
# Units are rounded to this, so that the last bits of a platform's arithmetic decide nothing.
_UNIT_STEP = 2.0**-20
_BAD_ENDS = frozenset({RunState.FAILED, RunState.CRASHED, RunState.KILLED})


def draw(
    space: SearchSpace, objective: Objective, *, seed: int, position: int, runs: Sequence[KnownRun]
) -> JsonObject | None:
    """The parameters of suggestion number `position`, or None where every point of a finite space was tried.

    No point is given that some run has by value. Before a model can be trusted, points spread evenly over the space.
    """
    identity = Identity(space)
    known = _known(identity, runs)
    generator = np.random.default_rng([seed, position, _STREAM])
    size = space.size
    if size is not None and size <= max(_MOST_ENUMERATED, len(known)):
        return _of_few(space, objective, identity, known, runs, generator)
    encoding = Encoding(space)
    surrogate = _surrogate(encoding, objective, runs, generator)
    search = _Search(encoding, identity, known, generator)
    if surrogate is None:
        found = search.first_unknown(spread(encoding.dimensions, seed=seed, position=position)[None, :])
    else:
        found = search.best(surrogate)
    return found or search.anything() or next(_untried(space, identity, known), None)


def is_exhausted(space: SearchSpace, runs: Sequence[KnownRun]) -> bool:
    """Whether every point of a finite space was tried."""
    identity = Identity(space)
    known = _known(identity, runs)
    size = space.size
    return size is not None and size <= len(known) and next(_untried(space, identity, known), None) is None


def _known(identity: Identity, runs: Sequence[KnownRun]) -> set[str]:
    return {key for run in runs if (key := identity.key(run.parameters)) is not None}


def spread(dimensions: int, *, seed: int, position: int) -> Array:
    """Point number `position` of a sequence that fills the unit cube evenly: `(dimensions,) float64`.

    Multiples of powers of the generalised golden ratio, shifted by the seed; in many dimensions it is no better
    than random numbers, and these are given.
    """
    if dimensions > _MOST_SPREAD_DIMENSIONS:
        return np.random.default_rng([seed, position, _STREAM, 1]).random(dimensions)
    ratio = 2.0
    for _ in range(60):
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1)
    shift = np.random.default_rng([seed, _STREAM]).random(dimensions)
    return np.asarray((shift + (position + 1) * steps) % 1.0)


def results_of(encoding: Encoding, objective: Objective, runs: Sequence[KnownRun]) -> tuple[Array, Array, Array]:
    """What the model learns from: inputs, results (the smaller the better), and the inputs of pending runs.

    A run's result is its best value over its history; what failed, crashed or was killed gets the objective's
    imputed value, and so does a running one where the objective says so. Runs without a place in the space are
    left out, and so are those for which nothing can be imputed.
    """
    sign = 1.0 if objective.goal is Goal.MINIMIZE else -1.0
    judged = [best for run in runs if not run.state.is_live and (best := run.values.best(objective)) is not None]
    worst = max((sign * value for value in judged), default=None)
    inputs: list[list[float]] = []
    results: list[float] = []
    pending: list[list[float]] = []
    for run in runs:
        features = encoding.features_of(run.parameters)
        if features is None:
            continue
        if run.state.is_live or run.state is RunState.PREEMPTED:
            imputation = objective.impute_while_running
            if imputation is None or not run.values.count:
                pending.append(features)
                continue
        elif run.state in _BAD_ENDS or not run.values.count:
            imputation = objective.impute
        else:
            imputation = Imputation.BEST
        value = _imputed(run, objective, imputation, sign, worst)
        if value is not None:
            inputs.append(features)
            results.append(value)
    width = len(encoding.groups)
    return (
        np.array(inputs, dtype=np.float64).reshape(-1, width),
        np.array(results, dtype=np.float64),
        np.array(pending, dtype=np.float64).reshape(-1, width),
    )


def _imputed(
    run: KnownRun, objective: Objective, imputation: Imputation, sign: float, worst: float | None
) -> float | None:
    """The run's own value where it has one and the rule asks for it, else the worst of all."""
    own = run.values.best(objective) if imputation is Imputation.BEST else run.values.latest
    if imputation is Imputation.WORST or own is None:
        return worst
    return sign * own


def _surrogate(
    encoding: Encoding, objective: Objective, runs: Sequence[KnownRun], generator: np.random.Generator
) -> Surrogate | None:
    """The model; None while too little is known."""
    inputs, results, pending = results_of(encoding, objective, runs)
    if len(results) < 2 or len(results) + len(pending) < _FIRST_POINTS:
        return None
    results = without_abysses(results)
    if len(results) > _MOST_RESULTS:
        order = np.argsort(results, kind="stable")
        others = generator.permutation(order[_BEST_KEPT:])[: _MOST_RESULTS - _BEST_KEPT]
        kept = np.sort(np.concatenate([order[:_BEST_KEPT], others]))
        inputs, results = inputs[kept], results[kept]
    return Surrogate(inputs, results, pending=pending[-_MOST_RESULTS:], groups=encoding.groups, generator=generator)


def without_abysses(results: Array) -> Array:
    """The results, the bad ones no further from the median than the best is.

    How bad a bad result is tells nothing about where the best ones are, and would flatten the differences among these.
    """
    best, middle = float(results.min()), float(np.median(results))
    return np.minimum(results, middle + (middle - best)) if middle > best else results


def _of_few(
    space: SearchSpace,
    objective: Objective,
    identity: Identity,
    known: set[str],
    runs: Sequence[KnownRun],
    generator: np.random.Generator,
) -> JsonObject | None:
    """The best of all points that no run has."""
    points = list(_untried(space, identity, known))
    if len(points) < 2:
        return points[0] if points else None
    encoding = Encoding(space)
    surrogate = _surrogate(encoding, objective, runs, generator)
    if surrogate is None:
        return points[int(generator.integers(len(points)))]
    features = np.array([encoding.features_of(point) for point in points])
    return points[int(np.argmax(surrogate.expected_improvement(features)))]


def _untried(space: SearchSpace, identity: Identity, known: set[str]) -> Iterator[JsonObject]:
    """The points of a finite space that no run has, in the grid's order."""
    axes = []
    for parameter in space.varying:
        values = parameter.distribution.distinct()
        if values is None:
            return
        axes.append(values)
    for chosen in itertools.product(*axes):
        point = space.nest({item.path: value for item, value in zip(space.varying, chosen, strict=True)})
        if identity.key(point) not in known:
            yield point


class _Search:
    """Looks for the greatest expected improvement among points that no run has."""

    def __init__(self, encoding: Encoding, identity: Identity, known: set[str], generator: np.random.Generator) -> None:
        self._encoding = encoding
        self._identity = identity
        self._known = known
        self._generator = generator

    def best(self, surrogate: Surrogate) -> JsonObject | None:
        """The most promising point: among random ones first, then closer and closer around the best of these."""
        dimensions = self._encoding.dimensions
        units = self._generator.random((_CANDIDATES, dimensions))
        improvement = surrogate.expected_improvement(self._encoding.features(units))
        for reach in _REACHES:
            elite = units[np.argsort(-improvement, kind="stable")[:_ELITE]]
            children = self._children(elite, reach)
            units = np.concatenate([units, children])
            improvement = np.concatenate(
                [improvement, surrogate.expected_improvement(self._encoding.features(children))]
            )
        return self.first_unknown(units[np.argsort(-improvement, kind="stable")])

    def anything(self) -> JsonObject | None:
        """Some random point."""
        return self.first_unknown(self._generator.random((_CANDIDATES, self._encoding.dimensions)))

    def first_unknown(self, units: Array) -> JsonObject | None:
        """The first of these points that no run has."""
        for row in np.round(units / _UNIT_STEP) * _UNIT_STEP:
            parameters = self._encoding.parameters(row)
            if self._identity.key(parameters) not in self._known:
                return parameters
        return None

    def _children(self, parents: Array, reach: float) -> Array:
        """Points near the parents: some coordinates moved by about `reach`, a few drawn anew."""
        generator = self._generator
        children = np.repeat(parents, _CHILDREN, axis=0)
        moves = generator.random(children.shape) < max(0.5, 1.0 / children.shape[1])
        shifted = children + generator.normal(0.0, reach, children.shape) * moves
        # Reflected at the walls, so that the ends of a range are found and not heaped up on.
        shifted = 1.0 - np.abs(1.0 - np.abs(shifted) % 2.0)
        redrawn = generator.random(children.shape) < _REDRAWN
        return np.where(redrawn, generator.random(children.shape), shifted)
