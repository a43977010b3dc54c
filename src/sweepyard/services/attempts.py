"""Late processes: those of an attempt whose run was given to another agent meanwhile.

Attempts share the run's id, and W&B's client says nothing that would tell them apart. So this is what can be known:

- A request that comes before the new attempt has begun is the old process's.
- Where whoever started the agents gave each a token that its processes send along, that says it.
- A process streams its lines without gaps. Lines behind a gap are the old process's.
- A process that was told to stop ends with 255, as after Ctrl-C; the next such end is its own.

What is left is an old process without a token that has streamed no more lines than the new one; it is not noticed
before it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import Run, RunEvent, RunState
from sweepyard.domain.sweep import Lease
from sweepyard.services.ports import UnitOfWork

_INTERRUPTED = 255
_WITHOUT_GAPS = (Stream.HISTORY, Stream.EVENTS)


def is_late(
    unit: UnitOfWork, run: Run, chunks: Sequence[Chunk], now: datetime, *, token: str, exit_code: int | None
) -> bool:
    """Whether a request is a late process's, whose lines are not the run's and which is to stop; notes that.

    Args:
        chunks: The lines that it brings.
        token: The agent's token that it brings; empty without one.
        exit_code: What it says the run ended with; None for a run that goes on.
    """
    if run.attempt < 2 or run.sweep_id is None:
        return False
    lease = unit.sweeps.lease_of_run(run.sweep_id, run.path.run_id)
    if lease is None:
        return False
    ends_as_told = lease.late > 0 and exit_code == _INTERRUPTED and not run.stop_requested
    if not (_is_of_another(unit, run, chunks, token) or ends_as_told):
        return False
    _note(unit, run, lease, now, ended=exit_code is not None)
    return True


def _is_of_another(unit: UnitOfWork, run: Run, chunks: Sequence[Chunk], token: str) -> bool:
    if run.state is RunState.PENDING:
        return True
    agent = None if run.agent_id is None else unit.agents.get(run.agent_id)
    if token and agent is not None and agent.token:
        return token != agent.token
    sent = [chunk for chunk in chunks if chunk.stream in _WITHOUT_GAPS and chunk.lines]
    if not sent:
        return False
    counts = unit.streams.line_counts(run.path)
    return any(chunk.offset > counts[chunk.stream] for chunk in sent)


def _note(unit: UnitOfWork, run: Run, lease: Lease, now: datetime, *, ended: bool) -> None:
    if ended:
        unit.sweeps.save_lease(replace(lease, late=max(lease.late - 1, 0)))
    elif not lease.late:
        unit.sweeps.save_lease(replace(lease, late=1))
        unit.runs.add_event(run.path, RunEvent(now, "late process", "one of an earlier attempt was told to stop"))
