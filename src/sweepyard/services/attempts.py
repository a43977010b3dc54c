"""Late processes: those of an attempt whose run was given to another agent meanwhile.

Attempts share the run's id, and W&B's client says nothing that would tell them apart. So this is what can be known:

- Where whoever started the agents gave each a token that its processes send along, that says it.
- A request that comes before the new attempt has begun is the old process's.
- A process streams its lines without gaps. Lines behind a gap are the old process's.
- A process that was told to stop ends with 255, as after Ctrl-C; the next such end is its own. If it ends before it
  has heard of that, or has no more lines, its summary is ahead of the lines that are the run's.
- A process that changes its config describes its machine, under an id of its own: by then the new one is known.
- A process that changes its name or tags, and `wandb sync`, say on which host the run is or was.

What is left is an old process without a token: its stream while it has no more lines than the new one's, the end of
one that ends by itself before it hears that it is to stop, and its changes in the five seconds or so between the new
one's beginning and its description of the machine; and `wandb sync` of an earlier attempt on the same host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import Run, RunEvent, RunState
from sweepyard.domain.sweep import Lease
from sweepyard.errors import Conflict
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.ports import UnitOfWork

_INTERRUPTED = 255
_WITHOUT_GAPS = (Stream.HISTORY, Stream.EVENTS)
# In the client's part of a config: the machines of the processes that worked on the run, by the processes' own ids.
_MACHINES = "e"


@dataclass(frozen=True, slots=True)
class Sender:
    """What a process that changes its run says of itself.

    Attributes:
        token: The token of the agent that started it; empty without one.
        host: Where it runs; None where it does not say.
        machines: What it says of machines; see `machines_of`.
        begins: Whether it begins with that.
        sends_again: Whether it is `wandb sync`, which speaks for a process that it found the lines of.
    """

    token: str
    host: str | None
    machines: JsonObject
    begins: bool
    sends_again: bool


def is_late(
    unit: UnitOfWork,
    run: Run,
    chunks: Sequence[Chunk],
    now: datetime,
    *,
    token: str,
    summary: JsonObject | None,
    exit_code: int | None,
) -> bool:
    """Whether a request is a late process's, whose lines are not the run's and which is to stop; notes that.

    Args:
        chunks: The lines that it brings.
        token: The agent's token that it brings; empty without one.
        summary: The summary that it brings.
        exit_code: What it says the run ended with; None for a run that goes on.
    """
    if run.attempt < 2 or run.sweep_id is None:
        return False
    lease = unit.sweeps.lease_of_run(run.sweep_id, run.path.run_id)
    if lease is None:
        return False
    of_another = _by_token(unit, run, token)
    if of_another is None:
        ends_as_told = exit_code == _INTERRUPTED and not run.stop_requested
        of_known_late = lease.late > 0 and (ends_as_told or _is_ahead(unit, run, chunks, summary))
        of_another = of_known_late or _is_of_another(unit, run, chunks)
    if not of_another:
        return False
    _note(unit, run, lease, now, ended=exit_code is not None)
    return True


def is_late_change(unit: UnitOfWork, run: Run, sender: Sender) -> bool:
    """Whether what a process changes of its run comes from a late one: its stream tells it to stop.

    Raises:
        Conflict: It does, and the process begins with it.
    """
    if run.attempt < 2 or run.sweep_id is None or not _is_late_sender(unit, run, sender):
        return False
    if sender.begins:
        attempt = f"this process is of an attempt before {run.attempt}"
        raise Conflict(f"run {run.path} was given to another agent meanwhile; {attempt}")
    return True


def _is_late_sender(unit: UnitOfWork, run: Run, sender: Sender) -> bool:
    of_another = _by_token(unit, run, sender.token)
    if of_another is not None:
        return of_another
    if sender.begins and not sender.sends_again:
        return False
    if run.state is RunState.PENDING:
        return not sender.begins
    if sender.host and run.host and sender.host != run.host:
        return True
    known = list(machines_of(run.wandb_config))
    return bool(known and sender.machines) and sender.machines.keys() <= set(known) and known[-1] not in sender.machines


def with_earlier_machines(run: Run, client: JsonObject | None) -> JsonObject:
    """The client's part of a run's config after an upsert that brings this one: earlier attempts' machines stay."""
    if client is None:
        return run.wandb_config
    earlier = machines_of(run.wandb_config) if run.attempt > 1 else {}
    return {**client, _MACHINES: {**earlier, **machines_of(client)}} if earlier else client


def machines_of(client: JsonObject | None) -> JsonObject:
    """The machines that the client's part of a config describes, each by the id of a process that ran there."""
    machines = (client or {}).get(_MACHINES)
    return machines if isinstance(machines, dict) else {}


def _by_token(unit: UnitOfWork, run: Run, token: str) -> bool | None:
    """Whether the token is another agent's; None where that cannot be said."""
    agent = None if run.agent_id is None else unit.agents.get(run.agent_id)
    return token != agent.token if token and agent is not None and agent.token else None


def _is_of_another(unit: UnitOfWork, run: Run, chunks: Sequence[Chunk]) -> bool:
    if run.state is RunState.PENDING:
        return True
    sent = [chunk for chunk in chunks if chunk.stream in _WITHOUT_GAPS and chunk.lines]
    if not sent:
        return False
    counts = unit.streams.line_counts(run.path)
    return any(chunk.offset > counts[chunk.stream] for chunk in sent)


def _is_ahead(unit: UnitOfWork, run: Run, chunks: Sequence[Chunk], summary: JsonObject | None) -> bool:
    """Whether a summary that comes without lines is of a later step than the run's last line."""
    step = (summary or {}).get("_step")
    if not isinstance(step, int | float) or any(chunk.stream is Stream.HISTORY and chunk.lines for chunk in chunks):
        return False
    return step > unit.streams.last_step(run.path)


def _note(unit: UnitOfWork, run: Run, lease: Lease, now: datetime, *, ended: bool) -> None:
    if ended:
        unit.sweeps.save_lease(replace(lease, late=max(lease.late - 1, 0)))
    elif not lease.late:
        unit.sweeps.save_lease(replace(lease, late=1))
        unit.runs.add_event(run.path, RunEvent(now, "late process", "one of an earlier attempt was told to stop"))
