"""The search engine: what a sweep tries next, decided purely from its config, its seed and its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweepyard.domain.run import RunState
from sweepyard.errors import SweepFileInvalid, Violation
from sweepyard.jsonvalue import JsonObject
from sweepyard.sweeps import random
from sweepyard.sweeps.config import Method, SweepConfig
from sweepyard.sweeps.grid import Grid


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run of the sweep as the engine sees it.

    Attributes:
        parameters: The parameters it was given; for a prior run its config.
        objective_values: Every finite value that it logged of the sweep's metric, in order.
    """

    run_id: str
    state: RunState
    parameters: JsonObject
    objective_values: tuple[float, ...] = ()


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

    That is when the grid is exhausted, `run_cap` runs exist, or a run has reached the metric's target. Grid
    points that some run has by value, whatever its state, are passed over.

    Args:
        position: Where in the sequence to look; one more than the last suggestion's position.
        runs: Every run of the sweep, prior ones included.

    Raises:
        SweepFileInvalid: The method is one that this version does not search with.
    """
    if config.run_cap is not None and len(runs) >= config.run_cap:
        return None
    if _target_reached(config, runs):
        return None
    if config.method is Method.GRID:
        return _next_of_grid(config, position, runs)
    if config.method is Method.RANDOM:
        return Suggestion(random.draw(config.parameters, seed=seed, position=position), position)
    raise SweepFileInvalid(unsupported(config))


def expected_runs(config: SweepConfig) -> int | None:
    """How many runs the sweep will have at most; None when nothing ends it but a person or a target."""
    points = Grid(config.parameters).size if config.method is Method.GRID else None
    ends = [end for end in (points, config.run_cap) if end is not None]
    return min(ends, default=None)


def unsupported(config: SweepConfig) -> list[Violation]:
    """What this version of the hub does not do, though the sweep file is well-formed; empty when all is fine."""
    return list(config.not_for_hub)


def _target_reached(config: SweepConfig, runs: Sequence[KnownRun]) -> bool:
    objective = config.objective
    if objective is None or objective.target is None:
        return False
    return any(objective.reached(value) for run in runs for value in run.objective_values)


def _next_of_grid(config: SweepConfig, position: int, runs: Sequence[KnownRun]) -> Suggestion | None:
    grid = Grid(config.parameters)
    known = {grid.key(run.parameters) for run in runs}
    for number in range(position, grid.size):
        parameters = grid.point(number)
        if grid.key(parameters) not in known:
            return Suggestion(parameters, number)
    return None
