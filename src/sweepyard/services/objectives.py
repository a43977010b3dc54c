"""What runs log of their sweep's objective: summed up as it comes, and runs stopped that fall behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sweepyard.domain.fields import descend
from sweepyard.domain.history import Stream
from sweepyard.domain.objective import Mark, Objective, ObjectiveRecord, ObjectiveValues
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.domain.sweep import Sweep, SweepPath
from sweepyard.jsonvalue import is_finite_number, loads_object
from sweepyard.services.ports import UnitOfWork
from sweepyard.services.runs import stop
from sweepyard.services.sweep_rows import parsed, runs_of
from sweepyard.sweeps import engine
from sweepyard.sweeps.config import SweepConfig
from sweepyard.sweeps.termination import Standing, Termination, TrackedRun

_PLAIN = re.compile(r"[\w /:.-]+", re.ASCII)


def note_history(unit: UnitOfWork, run: Run, first_line: int, now: datetime) -> Run:
    """Take what a run has just logged of its sweep's objective, and stop the runs that it shows to be behind.

    Call it in the transaction that stored the lines and the run. Gives the run as it then stands. A run of no sweep
    costs nothing.

    Args:
        first_line: The number of the first history line that was stored.
    """
    if run.sweep_id is None:
        return run
    sweep = unit.sweeps.get(SweepPath(run.path.entity, run.path.project, run.sweep_id))
    if sweep is None:
        return run
    config = parsed(sweep.config_yaml)
    for place, objective in enumerate(config.objectives):
        leads = place == 0
        before = unit.objectives.get(run.path, objective.metric)
        if before is not None and first_line < before.next_line:
            # Lines were sent again, which changes nothing, or came late, which may: count anew.
            unit.objectives.forget(run.path, objective.metric)
            before = None
        record, marks = caught_up(unit, run.path, objective, config.termination if leads else None, before)
        unit.objectives.save(run.path, record)
        if marks:
            unit.objectives.add_marks(run.path, record.metric, marks)
            _stop_losers(unit, sweep, config, now)
            run = unit.runs.get(run.path) or run
    return run


def caught_up(
    unit: UnitOfWork,
    path: RunPath,
    objective: Objective,
    termination: Termination | None,
    record: ObjectiveRecord | None,
) -> tuple[ObjectiveRecord, dict[int, Mark]]:
    """The record after every line of the run's history, and the marks that the lines since `record` make."""
    record = record or ObjectiveRecord(objective.metric)
    values, marks, next_line = record.values, dict[int, Mark](), record.next_line
    named = _naming(objective.metric)
    fresh: list[float] = []
    for number, line in unit.streams.lines(path, Stream.HISTORY, first=record.next_line):
        next_line = number + 1
        if named not in line:
            continue
        value = descend(loads_object(line), objective.metric)
        if isinstance(value, int | float) and is_finite_number(value):
            fresh.append(float(value))
    due = set(termination.milestones(values.count, values.count + len(fresh)) if termination else ())
    for value in fresh:
        values = values.with_value(value)
        if values.count in due:
            marks[values.count] = Mark(value, values.lowest, values.highest, values.total / values.count)
    return replace(record, next_line=next_line, values=values), marks


def standings(unit: UnitOfWork, sweep: Sweep, config: SweepConfig) -> list[Standing]:
    """Where every run of the sweep stands by its early termination; empty without a rule."""
    states = unit.runs.states(runs_of(sweep.path))
    return _compared(unit, sweep, config, states, states)


def _stop_losers(unit: UnitOfWork, sweep: Sweep, config: SweepConfig, now: datetime) -> None:
    states = unit.runs.states(runs_of(sweep.path))
    running = [run_id for run_id, state in states.items() if state is RunState.RUNNING]
    for standing in _compared(unit, sweep, config, states, running):
        if not standing.stops:
            continue
        run = unit.runs.get(RunPath(sweep.path.entity, sweep.path.project, standing.run_id))
        if run is not None and not run.stop_requested:
            why = f"early termination at iteration {standing.band}: {standing.value:g}, needed {standing.threshold:g}"
            stop(unit, run, now, why=why)


def _compared(
    unit: UnitOfWork, sweep: Sweep, config: SweepConfig, states: Mapping[str, RunState], asked: Iterable[str]
) -> list[Standing]:
    objective, termination = config.objective, config.termination
    if objective is None or termination is None:
        return []
    records = unit.objectives.of_sweep(sweep.path, objective.metric)
    reached = [termination.milestones(0, records[run_id].values.count) for run_id in asked if run_id in records]
    marks = unit.objectives.marks(
        sweep.path, objective.metric, {milestones[-1] for milestones in reached if milestones}
    )
    tracked = [
        TrackedRun(run_id, state is RunState.RUNNING, records[run_id].values, marks.get(run_id, {}))
        if run_id in records
        else TrackedRun(run_id, state is RunState.RUNNING, ObjectiveValues(), {})
        for run_id, state in states.items()
    ]
    return engine.standings(config, tracked)


def _naming(metric: str) -> str:
    """A text that every line holds that has the metric, flat or nested; lines without it need no reading."""
    last = metric.rpartition(".")[2]
    return f'{last}"' if _PLAIN.fullmatch(last) else ""
