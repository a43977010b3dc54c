"""The search engine: what a sweep tries next, decided purely from its config, its seed and its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweepyard.errors import SweepFileInvalid, Violation
from sweepyard.jsonvalue import JsonObject
from sweepyard.sweeps import bayes, random
from sweepyard.sweeps.config import Method, SweepConfig
from sweepyard.sweeps.grid import Grid
from sweepyard.sweeps.known import KnownRun
from sweepyard.sweeps.termination import Standing, TrackedRun


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Parameters proposed, not yet a run.

    Attributes:
        position: Its number in the sweep's sequence; the next call starts at `position + 1`.
    """

    parameters: JsonObject
    position: int


def next_suggestion(config: SweepConfig, *, seed: int, position: int, runs: Sequence[KnownRun]) -> Suggestion | None:
    """What to try next, or None when the sweep is to create no more runs.

    That is when the grid (under bayes a finite space) is exhausted, `run_cap` runs exist, or a run has reached the
    metric's target. Points of a grid, or under bayes, that some run has by value, whatever its state, are passed over.

    Args:
        position: Where in the sequence to look; one more than the last suggestion's position.
        runs: Every run of the sweep, prior ones included.

    Raises:
        SweepFileInvalid: The method is one that this version does not search with.
    """
    if _is_ended(config, runs):
        return None
    if config.method is Method.GRID:
        return _next_of_grid(config, position, runs)
    if config.method is Method.RANDOM:
        return Suggestion(random.draw(config.parameters, seed=seed, position=position), position)
    if config.method is Method.BAYES and config.objective is not None:
        parameters = bayes.draw(config.parameters, config.objective, seed=seed, position=position, runs=runs)
        return None if parameters is None else Suggestion(parameters, position)
    raise SweepFileInvalid(unsupported(config))


def is_exhausted(config: SweepConfig, *, position: int, runs: Sequence[KnownRun]) -> bool:
    """Whether `next_suggestion` would give None; found out without searching."""
    if _is_ended(config, runs):
        return True
    if config.method is Method.GRID:
        return _next_of_grid(config, position, runs) is None
    if config.method is Method.BAYES:
        return bayes.is_exhausted(config.parameters, runs)
    return False


def standings(config: SweepConfig, runs: Sequence[TrackedRun]) -> list[Standing]:
    """Where the runs stand by the sweep's early termination, and which are to stop; empty without a rule."""
    if config.termination is None or config.objective is None:
        return []
    return config.termination.standings(config.objective, runs)


def expected_runs(config: SweepConfig) -> int | None:
    """How many runs the sweep will have at most; None when nothing ends it but a person or a target."""
    points = config.parameters.size if config.method is Method.BAYES else None
    if config.method is Method.GRID:
        points = Grid(config.parameters).size
    ends = [end for end in (points, config.run_cap) if end is not None]
    return min(ends, default=None)


def unsupported(config: SweepConfig) -> list[Violation]:
    """What this version of the hub does not do, though the sweep file is well-formed; empty when all is fine."""
    return list(config.not_for_hub)


def _is_ended(config: SweepConfig, runs: Sequence[KnownRun]) -> bool:
    capped = config.run_cap is not None and len(runs) >= config.run_cap
    return capped or _target_reached(config, runs)


def _target_reached(config: SweepConfig, runs: Sequence[KnownRun]) -> bool:
    objective = config.objective
    if objective is None or objective.target is None:
        return False
    bests = (run.values.best(objective) for run in runs)
    return any(best is not None and objective.reached(best) for best in bests)


def _next_of_grid(config: SweepConfig, position: int, runs: Sequence[KnownRun]) -> Suggestion | None:
    grid = Grid(config.parameters)
    known = {grid.key(run.parameters) for run in runs}
    for number in range(position, grid.size):
        parameters = grid.point(number)
        if grid.key(parameters) not in known:
            return Suggestion(parameters, number)
    return None
