"""What has happened between two looks at a sweep, a line each, for where nothing can be redrawn."""

from __future__ import annotations

from datetime import datetime

from sweepyard.cli.output import number
from sweepyard.cli.watch_picture import state_of, summary
from sweepyard.domain.run import RunState
from sweepyard.tracking.records import RunRecord, SweepSight


def changes(before: SweepSight | None, after: SweepSight, now: datetime) -> list[str]:
    """What is otherwise than before; where there was nothing before, how far the sweep is and who works on it."""
    of_sweep = _of_sweep(before, after, now)
    others = [*_of_runs(before, after), *_of_best(before, after), *_of_agents(before, after)]
    return [*others, *of_sweep] if before else [*of_sweep, *others]


def _of_sweep(before: SweepSight | None, after: SweepSight, now: datetime) -> list[str]:
    sweep = after.sweep
    if before is not None and before.sweep.state == sweep.state:
        return []
    return [f"sweep {sweep.path} is {sweep.state.lower()}: {summary(after, now)}"]


def _of_runs(before: SweepSight | None, after: SweepSight) -> list[str]:
    known = {run.path: state_of(run, before) for run in before.sweep.runs} if before else {}
    lines = []
    for run in after.sweep.runs:
        state = state_of(run, after)
        if known.get(run.path) != state and (before is not None or RunState(run.state).is_live):
            why = after.stopped_early.get(run.path.run_id, "")
            lines.append(f"run {run.path.run_id} is {state}{_value(run, after)}" + (f" ({why})" if why else ""))
    return lines


def _of_best(before: SweepSight | None, after: SweepSight) -> list[str]:
    best, objective = after.sweep.best, after.sweep.objective
    if best is None or objective is None or before is None:
        return []
    value, value_before = (
        run.objective_value(objective) if run is not None else None for run in (best, before.sweep.best)
    )
    if value is None or (value_before is not None and not objective.better(value, value_before)):
        return []
    return [f"the best so far is run {best.path.run_id}{_value(best, after)}"]


def _of_agents(before: SweepSight | None, after: SweepSight) -> list[str]:
    known = {agent.agent_id: agent for agent in before.agents} if before else {}
    lines = []
    for agent in after.agents:
        old = known.get(agent.agent_id)
        if agent.put_aside and not (old and old.put_aside):
            lines.append(f"agent {agent.agent_id} is put aside: run after run failed on {agent.host}")
        elif (old is None and agent.is_here) or (old is not None and old.is_here != agent.is_here):
            lines.append(f"agent {agent.agent_id} on {agent.host} is {'here' if agent.is_here else 'gone'}")
    return lines


def _value(run: RunRecord, sight: SweepSight) -> str:
    objective = sight.sweep.objective
    value = run.objective_value(objective) if objective else None
    return "" if objective is None or value is None else f": {objective.metric} {number(value)}"
