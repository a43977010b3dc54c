"""A run: one execution, one id, and the states it goes through."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sweepyard.errors import Conflict
from sweepyard.jsonvalue import JsonObject


class RunState(Enum):
    """Where a run stands; the values are W&B's words."""

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CRASHED = "crashed"
    KILLED = "killed"
    PREEMPTING = "preempting"
    PREEMPTED = "preempted"

    @property
    def is_live(self) -> bool:
        """Whether some process is, or will be, working on the run."""
        return self in _LIVE

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected of the run unless somebody resumes it."""
        return self not in _LIVE and self is not RunState.PREEMPTED


_LIVE = frozenset({RunState.PENDING, RunState.RUNNING, RunState.PREEMPTING})
_ENDS = frozenset({RunState.FINISHED, RunState.FAILED, RunState.CRASHED, RunState.KILLED})

# A finished run may be resumed by hand (`resume="must"`), so every end leads back to RUNNING; a run that
# was taken for crashed may report its true end late, so one end may replace another.
TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.PENDING: frozenset({RunState.RUNNING, RunState.PREEMPTING, RunState.PREEMPTED}) | _ENDS,
    RunState.RUNNING: frozenset({RunState.PREEMPTING, RunState.PREEMPTED, RunState.PENDING}) | _ENDS,
    RunState.PREEMPTING: frozenset({RunState.PREEMPTED, RunState.RUNNING}) | _ENDS,
    RunState.PREEMPTED: frozenset({RunState.PENDING, RunState.RUNNING, RunState.KILLED, RunState.CRASHED}),
    RunState.FINISHED: frozenset({RunState.RUNNING}),
    RunState.FAILED: frozenset({RunState.RUNNING, RunState.PENDING, RunState.FINISHED, RunState.KILLED}),
    RunState.CRASHED: frozenset(
        {RunState.RUNNING, RunState.PENDING, RunState.FINISHED, RunState.FAILED, RunState.KILLED}
    ),
    RunState.KILLED: frozenset({RunState.RUNNING, RunState.PENDING, RunState.FINISHED, RunState.FAILED}),
}


def check_transition(before: RunState, after: RunState) -> None:
    """Refuse a change of state that the table does not know; staying put is always legal.

    Raises:
        Conflict: The table has no such step.
    """
    if after is not before and after not in TRANSITIONS[before]:
        legal = ", ".join(sorted(state.value for state in TRANSITIONS[before]))
        raise Conflict(f"a {before.value} run may become {legal}; asked for {after.value}")


def state_of_exit(exit_code: int) -> RunState:
    """The state that a client's exit code means: 0 finished, 255 (KeyboardInterrupt or stop) killed, else failed."""
    if exit_code == 0:
        return RunState.FINISHED
    return RunState.KILLED if exit_code == 255 else RunState.FAILED


@dataclass(frozen=True, slots=True, order=True)
class RunPath:
    """Names a run as W&B does: entity/project/id."""

    entity: str
    project: str
    run_id: str

    def __str__(self) -> str:
        return f"{self.entity}/{self.project}/{self.run_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as stored.

    Attributes:
        config: The run config in plain nesting (without W&B's `{"value": ...}` wrapping).
        wandb_config: What the client keeps under `_wandb` in its config; holds `t` once an SDK process has upserted.
        summary: The whole summary as last sent, NaN and infinities included.
        sweep_id: The sweep that it belongs to, if any.
        agent_id: The agent that it was handed to, if any.
        attempt: 1 for the first execution; a retry keeps the id and counts up.
        stop_requested: Whether the client is to be told to stop.
        stop_requested_at: When that was asked for; an agent is told too once the client has had its chance.
        resume_noted_at: When a client last asked where this run stands in order to resume it.
    """

    path: RunPath
    state: RunState
    created_at: datetime
    updated_at: datetime
    display_name: str = ""
    config: JsonObject = field(default_factory=dict)
    wandb_config: JsonObject = field(default_factory=dict)
    summary: JsonObject = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    group: str = ""
    job_type: str = ""
    notes: str = ""
    commit: str = ""
    host: str = ""
    program: str = ""
    repo: str = ""
    sweep_id: str | None = None
    agent_id: str | None = None
    attempt: int = 1
    stop_requested: bool = False
    stop_requested_at: datetime | None = None
    resume_noted_at: datetime | None = None
    heartbeat_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    creator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPulse:
    """The little of a run that a request of its streams needs."""

    state: RunState
    stop_requested: bool
    sweep_id: str | None
    heartbeat_at: datetime | None
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something that happened to a run: handed out, started, finished, crashed, retried."""

    at: datetime
    kind: str
    detail: str = ""
