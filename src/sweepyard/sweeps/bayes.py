"""Bayesian search: the point that may be expected to improve most on the best result so far.

A Gaussian process stands for the objective (`surrogate`). Everything follows from the config, the seed, the position
and the runs: the same four give the same point.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sweepyard.domain.objective import Goal, Imputation, Objective, ObjectiveValues
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
_LEADERS = 3
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
    space: SearchSpace, objectives: Sequence[Objective], *, seed: int, position: int, runs: Sequence[KnownRun]
) -> JsonObject | None:
    """The parameters of suggestion number `position`, or None where every point of a finite space was tried.

    No point is given that some run has by value. Before a model can be trusted, points spread evenly over the space.
    """
    identity = Identity(space)
    known = _known(identity, runs)
    generator = np.random.default_rng([seed, position, _STREAM])
    size = space.size
    if size is not None and size <= max(_MOST_ENUMERATED, len(known)):
        return _of_few(space, objectives, identity, known, runs, generator)
    encoding = Encoding(space)
    surrogate = _surrogate(encoding, objectives, runs, generator)
    search = _Search(encoding, identity, known, generator)
    if surrogate is None:
        found = search.first_unknown(spread(encoding.dimensions, seed=seed, position=position)[None, :])
    else:
        found = search.best(surrogate)
    found = found or search.anything()
    # What is left of a finite space may be too little to be met with by chance.
    return next(_untried(space, identity, known), None) if found is None and size is not None else found


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


def results_of(
    encoding: Encoding, objectives: Sequence[Objective], runs: Sequence[KnownRun]
) -> tuple[Array, Array, Array]:
    """What the model learns from: inputs, `(n, objectives)` results (the smaller the better), and pending inputs.

    A run's result is its best value over its history; with several objectives its last values, which it had at once.
    What failed, crashed or was killed gets the objective's imputed value, and so does a running run where the
    objective says so. Runs without a place in the space are left out, and so are those for which nothing can be
    imputed.
    """
    judges = [_Judge(objective, place, len(objectives) > 1, runs) for place, objective in enumerate(objectives)]
    inputs: list[list[float]] = []
    results: list[list[float]] = []
    pending: list[list[float]] = []
    for run in runs:
        features = encoding.features_of(run.parameters)
        if features is None:
            continue
        found = [judge.result(run) for judge in judges]
        if any(judge.leaves_to_prediction(run) for judge in judges):
            pending.append(features)
        elif (known := [value for value in found if value is not None]) and len(known) == len(judges):
            inputs.append(features)
            results.append(known)
    width = len(encoding.groups)
    return (
        np.array(inputs, dtype=np.float64).reshape(-1, width),
        np.array(results, dtype=np.float64).reshape(-1, len(judges)),
        np.array(pending, dtype=np.float64).reshape(-1, width),
    )


class _Judge:
    """Gives runs their results by one objective, the smaller the better."""

    def __init__(self, objective: Objective, place: int, takes_latest: bool, runs: Sequence[KnownRun]) -> None:
        self._objective = objective
        self._place = place
        self._usual = Imputation.LATEST if takes_latest else Imputation.BEST
        self._sign = 1.0 if objective.goal is Goal.MINIMIZE else -1.0
        own = [self._own(run, self._usual) for run in runs if not run.state.is_live]
        self._worst = max((value for value in own if value is not None), default=None)

    def leaves_to_prediction(self, run: KnownRun) -> bool:
        """Whether the run is under way, and the model is to say how it ends."""
        under_way = run.state.is_live or run.state is RunState.PREEMPTED
        return under_way and (self._objective.impute_while_running is None or not self._values(run).count)

    def result(self, run: KnownRun) -> float | None:
        """The run's result; None where nothing is known of any run."""
        if run.state.is_live or run.state is RunState.PREEMPTED:
            rule = self._objective.impute_while_running or self._usual
        else:
            rule = self._objective.impute if run.state in _BAD_ENDS else self._usual
        own = None if rule is Imputation.WORST else self._own(run, rule)
        return self._worst if own is None else own

    def _own(self, run: KnownRun, rule: Imputation) -> float | None:
        values = self._values(run)
        value = values.best(self._objective) if rule is Imputation.BEST else values.latest
        return None if value is None else self._sign * value

    def _values(self, run: KnownRun) -> ObjectiveValues:
        every = (run.values, *run.others)
        return every[self._place] if self._place < len(every) else ObjectiveValues()


def as_one(results: Array, generator: np.random.Generator) -> Array:
    """Several objectives as one: the worst of them under random weights, so that in time the whole front is found.

    The augmented Chebyshev norm of Knowles 2006 (ParEGO), each objective scaled to [0, 1].
    """
    if results.shape[1] == 1:
        return np.asarray(results[:, 0])
    low, high = results.min(axis=0), results.max(axis=0)
    scaled = (results - low) / np.where(high > low, high - low, 1.0)
    weights = generator.dirichlet(np.ones(results.shape[1]))
    weighted = scaled * weights
    return np.asarray(weighted.max(axis=1) + 0.05 * weighted.sum(axis=1))


def _surrogate(
    encoding: Encoding, objectives: Sequence[Objective], runs: Sequence[KnownRun], generator: np.random.Generator
) -> Surrogate | None:
    """The model; None while too little is known."""
    inputs, rows, pending = results_of(encoding, objectives, runs)
    if len(rows) < 2 or len(rows) + len(pending) < _FIRST_POINTS:
        return None
    results = without_abysses(as_one(rows, generator))
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
    objectives: Sequence[Objective],
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
    surrogate = _surrogate(encoding, objectives, runs, generator)
    if surrogate is None:
        return points[int(generator.integers(len(points)))]
    features = np.array([encoding.features_of(point) for point in points])
    return points[int(np.argmax(surrogate.expected_improvement(features)))]


def _untried(space: SearchSpace, identity: Identity, known: set[str]) -> Iterator[JsonObject]:
    """The points of a finite space that no run has, in the grid's order."""
    axes = [axis.distribution.distinct() or () for axis in space.axes]
    given: set[str | None] = set()
    for chosen in itertools.product(*axes):
        point = space.point(chosen)
        key = identity.key(point)
        if key not in known and key not in given:
            given.add(key)
            yield point


class _Search:
    """Looks for the greatest expected improvement among points that no run has."""

    def __init__(self, encoding: Encoding, identity: Identity, known: set[str], generator: np.random.Generator) -> None:
        self._encoding = encoding
        self._identity = identity
        self._known = known
        self._generator = generator

    def best(self, surrogate: Surrogate) -> JsonObject | None:
        """The most promising point: among random ones and such near the best runs, then ever closer around these.

        Where there are many parameters, the hill of expected improvement beside the best run is so narrow that
        random points miss it (the local search of Hutter, Hoos and Leyton-Brown 2011 starts there too).
        """
        leaders = self._encoding.units(surrogate.leaders(_LEADERS))
        everywhere = self._generator.random((_CANDIDATES, self._encoding.dimensions))
        units = np.concatenate([everywhere, *(self._children(leaders, reach) for reach in _REACHES)])
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
