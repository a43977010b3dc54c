"""A sweep: a search over configs, and the states it goes through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sweepyard.domain.run import RunPath
from sweepyard.errors import Conflict
from sweepyard.jsonvalue import JsonObject


class SweepState(Enum):
    """Where a sweep stands; the values are what W&B's wire carries (one L in CANCELED)."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"

    @property
    def hands_out(self) -> bool:
        """Whether agents may get new runs."""
        return self in {SweepState.PENDING, SweepState.RUNNING}

    @property
    def is_over(self) -> bool:
        return self in {SweepState.FINISHED, SweepState.CANCELED}


SWEEP_TRANSITIONS: dict[SweepState, frozenset[SweepState]] = {
    SweepState.PENDING: frozenset({SweepState.RUNNING, SweepState.PAUSED, SweepState.FINISHED, SweepState.CANCELED}),
    SweepState.RUNNING: frozenset({SweepState.PAUSED, SweepState.FINISHED, SweepState.CANCELED}),
    SweepState.PAUSED: frozenset({SweepState.RUNNING, SweepState.FINISHED, SweepState.CANCELED}),
    SweepState.FINISHED: frozenset({SweepState.CANCELED}),
    SweepState.CANCELED: frozenset(),
}


def check_sweep_transition(before: SweepState, after: SweepState) -> None:
    """Refuse a change of state that the table does not know; staying put is always legal.

    Raises:
        Conflict: The table has no such step.
    """
    if after is not before and after not in SWEEP_TRANSITIONS[before]:
        legal = ", ".join(sorted(state.value for state in SWEEP_TRANSITIONS[before])) or "nothing else"
        raise Conflict(f"a {before.value} sweep may become {legal}; asked for {after.value}")


@dataclass(frozen=True, slots=True, order=True)
class SweepPath:
    """Names a sweep as W&B does: entity/project/id."""

    entity: str
    project: str
    sweep_id: str

    def __str__(self) -> str:
        return f"{self.entity}/{self.project}/{self.sweep_id}"


_CONTROLLER = "-scheduler"


def controller_run(path: SweepPath) -> RunPath:
    """The run under which a sweep's scheduler logs what it does; no run of the sweep's."""
    return RunPath(path.entity, path.project, f"{path.sweep_id}{_CONTROLLER}")


def sweep_of_controller(path: RunPath) -> SweepPath | None:
    """The sweep, if there is one, whose scheduler logs under that run; None for a run that is named in another way."""
    sweep_id = path.run_id.removesuffix(_CONTROLLER)
    return None if sweep_id == path.run_id else SweepPath(path.entity, path.project, sweep_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A sweep as stored.

    Attributes:
        config_yaml: The sweep file as registered, to the letter.
        seed: Seeds every random choice of this sweep's search.
        suggestions: How many suggestions were drawn so far: the position in the random sequence.
        warnings: What there is to be warned about in the sweep file, and of the runs of before that it names.
        prior_runs_filters: The filter that names runs of before as part of this search; None without.
        sequence_start: The position where the present file's grid begins: behind the points of earlier versions of it.
        started_at: When its first run was handed out.
    """

    path: SweepPath
    state: SweepState
    config_yaml: str
    seed: int
    created_at: datetime
    updated_at: datetime
    display_name: str = ""
    description: str = ""
    suggestions: int = 0
    controller: JsonObject | None = None
    scheduler: JsonObject | None = None
    creator: str = ""
    warnings: tuple[str, ...] = ()
    prior_runs_filters: JsonObject | None = None
    sequence_start: int = 0
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The promise that one point of a sweep belongs to one run, and that run to one agent at a time.

    Attributes:
        position: The point's position in the sweep's sequence; one lease a position.
        parameters: The swept keys and values as handed out; what the run makes of its config changes nothing here.
        agent_id: The agent that has it; None for a point that waits for an agent.
        acknowledged: Whether the agent has named the run in a heartbeat since it was handed out.
        handed_out: How often the present attempt's command was sent; more than once when a reply was lost.
        retries: How many crashed or failed attempts were given out again.
        late: How many processes of earlier attempts were told to stop and have not reported their end.
    """

    sweep_id: str
    position: int
    run_id: str
    parameters: JsonObject
    created_at: datetime
    agent_id: str | None = None
    acknowledged: bool = False
    handed_out: int = 0
    retries: int = 0
    late: int = 0
