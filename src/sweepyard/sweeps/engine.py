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


def next_suggestion(
    config: SweepConfig,
    *,
    seed: int,
    position: int,
    runs: Sequence[KnownRun],
    created: int | None = None,
    start: int = 0,
) -> Suggestion | None:
    """What to try next, or None when the sweep is to create no more runs.

    That is when the grid (under bayes a finite space) is exhausted, `run_cap` runs exist, or a run has reached the
    metric's target; with a `scheduler`, which proposes the runs in place of the hub, always. Points of a grid, or under
    bayes, that some run has by value, whatever its state, are passed over.

    Args:
        position: Where in the sequence to look; one more than the last suggestion's position.
        runs: The runs of the sweep, prior ones included. Without a target a grid has to know only those that are not
            of its own points, and random search none.
        created: How many runs there are, where `runs` holds not all of them.
        start: Where the grid of this config begins in the sequence: not at 0 for a sweep that was edited.

    Raises:
        SweepFileInvalid: The method is one that this version does not search with.
    """
    if config.has_scheduler or _is_ended(config, runs, created):
        return None
    if config.method is Method.GRID:
        return _next_of_grid(config, position, runs, start)
    repeats = config.repeats
    if repeats is None:
        parameters = _next_point(config, seed, position, runs)
        return None if parameters is None else Suggestion(parameters, position)
    number, repeat = divmod(position, repeats.count)
    first = next((run.parameters for run in runs if repeat and run.position == position - repeat), None)
    if first is None:
        first = _next_point(config, seed, number, runs)
    return None if first is None else Suggestion(repeats.applied(first, repeat), position)


def is_exhausted(
    config: SweepConfig, *, position: int, runs: Sequence[KnownRun], created: int | None = None, start: int = 0
) -> bool:
    """Whether `next_suggestion` would give None; found out without searching."""
    if _is_ended(config, runs, created):
        return True
    if config.method is Method.GRID:
        return _next_of_grid(config, position, runs, start) is None
    if config.method is Method.BAYES:
        within_a_point = config.repeats is not None and position % config.repeats.count != 0
        return not within_a_point and bayes.is_exhausted(config.parameters, runs)
    return False


def is_out_of_time(config: SweepConfig, elapsed_seconds: float) -> bool:
    """Whether the sweep's budget of time is used up, so that it is to create no more runs."""
    return config.time_budget_seconds is not None and elapsed_seconds >= config.time_budget_seconds


def standings(config: SweepConfig, runs: Sequence[TrackedRun]) -> list[Standing]:
    """Where the runs stand by the sweep's early termination, and which are to stop; empty without a rule."""
    if config.termination is None or config.objective is None:
        return []
    return config.termination.standings(config.objective, runs)


def expected_runs(config: SweepConfig) -> int | None:
    """How many runs the sweep will have at most; None when nothing ends it but a person, a target or the time.

    A scheduler knows by itself when it is through.
    """
    points = None if config.has_scheduler else _points(config)
    ends = [end for end in (points, config.run_cap) if end is not None]
    return min(ends, default=None)


def unsupported(config: SweepConfig) -> list[Violation]:
    """What this version of the hub does not do, though the sweep file is well-formed; empty when all is fine."""
    return list(config.not_for_hub)


def _points(config: SweepConfig) -> int | None:
    """How many points the hub's own search has; None for endless ones."""
    if config.method is Method.GRID:
        return Grid(config.parameters).points
    if config.method is Method.BAYES and (size := config.parameters.size) is not None:
        return size * (config.repeats.count if config.repeats else 1)
    return None


def _next_point(config: SweepConfig, seed: int, number: int, runs: Sequence[KnownRun]) -> JsonObject | None:
    if config.method is Method.RANDOM:
        return random.draw(config.parameters, seed=seed, position=number)
    if config.method is Method.BAYES and config.objectives:
        return bayes.draw(config.parameters, config.objectives, seed=seed, position=number, runs=runs)
    raise SweepFileInvalid(unsupported(config))


def _is_ended(config: SweepConfig, runs: Sequence[KnownRun], created: int | None) -> bool:
    count = len(runs) if created is None else created
    capped = config.run_cap is not None and count >= config.run_cap
    return capped or _target_reached(config, runs)


def _target_reached(config: SweepConfig, runs: Sequence[KnownRun]) -> bool:
    """Whether one run has reached every target that there is."""
    if all(objective.target is None for objective in config.objectives):
        return False
    return any(
        all(
            objective.target is None or ((best := values.best(objective)) is not None and objective.reached(best))
            for objective, values in zip(config.objectives, (run.values, *run.others), strict=False)
        )
        for run in runs
    )


def _next_of_grid(config: SweepConfig, position: int, runs: Sequence[KnownRun], start: int) -> Suggestion | None:
    grid = Grid(config.parameters)
    # Points of this very grid are told apart by their numbers.
    known = {grid.key(run.parameters) for run in runs if run.position is None or run.position < start}
    for number in range(position - start, grid.size):
        if not grid.is_first(number):
            continue
        parameters = grid.point(number)
        if grid.key(parameters) not in known:
            return Suggestion(parameters, start + number)
    return None
