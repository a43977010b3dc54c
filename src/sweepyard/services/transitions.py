"""A run's change of state, with the times that go with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sweepyard.domain.run import Run, RunState, check_transition


def moved(run: Run, state: RunState, now: datetime, *, exit_code: int | None = None) -> Run:
    """The run in `state`, begun or ended now if that is what the change means.

    Raises:
        Conflict: The state cannot follow the present one.
    """
    check_transition(run.state, state)
    if state is run.state:
        return run
    run = replace(run, state=state, updated_at=now, exit_code=exit_code)
    if state is RunState.RUNNING:
        return replace(run, started_at=now, ended_at=None, heartbeat_at=now)
    if state.is_live:
        return replace(run, ended_at=None)
    return replace(run, ended_at=now)
