"""Runs and their events in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, or_, select, update

from sweepyard.domain.run import Run, RunEvent, RunPath, RunState
from sweepyard.errors import Conflict, NotFound
from sweepyard.services.ports import RunSelection
from sweepyard.storage.rows import exists, pick, values_of
from sweepyard.storage.tables import run_events, runs


def is_run(path: RunPath) -> ColumnElement[bool]:
    """The condition that a row of `runs` is that run."""
    return and_(runs.c.entity == path.entity, runs.c.project == path.project, runs.c.run_id == path.run_id)


def run_of(row: RowMapping) -> Run:
    """The run that a row of `runs` describes."""
    return Run(path=RunPath(row["entity"], row["project"], row["run_id"]), **pick(row, Run, "path"))


def number_of(connection: Connection, path: RunPath) -> int | None:
    """The number that the run's rows in other tables carry."""
    number: int | None = connection.execute(select(runs.c.number).where(is_run(path))).scalar()
    return number


def required_number(connection: Connection, path: RunPath) -> int:
    """The same, of a run that must be there.

    Raises:
        NotFound: There is no such run.
    """
    number = number_of(connection, path)
    if number is None:
        raise NotFound(f"there is no run {path}")
    return number


class SqlRuns:
    """The `RunRepository` of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, run: Run) -> None:
        if exists(self._connection, runs, is_run(run.path)):
            raise Conflict(f"a run {run.path} exists already")
        self._connection.execute(insert(runs).values(values_of(run)))

    def get(self, path: RunPath) -> Run | None:
        row = self._connection.execute(select(runs).where(is_run(path))).mappings().first()
        return None if row is None else run_of(row)

    def save(self, run: Run) -> None:
        self._connection.execute(update(runs).where(is_run(run.path)).values(values_of(run)))

    def delete(self, path: RunPath) -> None:
        self._connection.execute(delete(runs).where(is_run(path)))

    def select(self, selection: RunSelection) -> list[Run]:
        query = select(runs).where(*_conditions(selection)).order_by(runs.c.created_at, runs.c.run_id)
        return [run_of(row) for row in self._connection.execute(query).mappings()]

    def page(
        self, selection: RunSelection, *, newest_first: bool, after: tuple[datetime, str] | None, limit: int
    ) -> list[Run]:
        conditions = _conditions(selection)
        if after is not None:
            moment, run_id = after
            if newest_first:
                beyond = or_(runs.c.created_at < moment, and_(runs.c.created_at == moment, runs.c.run_id < run_id))
            else:
                beyond = or_(runs.c.created_at > moment, and_(runs.c.created_at == moment, runs.c.run_id > run_id))
            conditions.append(beyond)
        keys = (runs.c.created_at, runs.c.run_id)
        order = [key.desc() for key in keys] if newest_first else list(keys)
        query = select(runs).where(*conditions).order_by(*order).limit(limit)
        return [run_of(row) for row in self._connection.execute(query).mappings()]

    def count(self, selection: RunSelection) -> int:
        query = select(func.count()).select_from(runs).where(*_conditions(selection))
        return int(self._connection.execute(query).scalar_one())

    def count_by_state(self, selection: RunSelection) -> dict[RunState, int]:
        query = select(runs.c.state, func.count()).where(*_conditions(selection)).group_by(runs.c.state)
        return {state: int(count) for state, count in self._connection.execute(query)}

    def live_and_silent_since(self, moment: datetime) -> list[Run]:
        handed_out = and_(runs.c.state == RunState.PENDING, runs.c.agent_id.is_not(None))
        live = or_(runs.c.state.in_([RunState.RUNNING, RunState.PREEMPTING]), handed_out)
        last_sign = func.coalesce(runs.c.heartbeat_at, runs.c.started_at, runs.c.updated_at)
        query = select(runs).where(live, last_sign < moment).order_by(runs.c.created_at, runs.c.run_id)
        return [run_of(row) for row in self._connection.execute(query).mappings()]

    def add_event(self, path: RunPath, event: RunEvent) -> None:
        number = required_number(self._connection, path)
        self._connection.execute(insert(run_events).values(run_number=number, **values_of(event)))

    def events(self, path: RunPath) -> list[RunEvent]:
        query = (
            select(run_events.c.at, run_events.c.kind, run_events.c.detail)
            .join(runs, runs.c.number == run_events.c.run_number)
            .where(is_run(path))
            .order_by(run_events.c.number)
        )
        return [RunEvent(**row) for row in self._connection.execute(query).mappings()]


def _conditions(selection: RunSelection) -> list[ColumnElement[bool]]:
    conditions = [runs.c.entity == selection.entity, runs.c.project == selection.project]
    if selection.sweep_id is not None:
        conditions.append(runs.c.sweep_id == selection.sweep_id)
    if selection.agent_id is not None:
        conditions.append(runs.c.agent_id == selection.agent_id)
    if selection.states is not None:
        conditions.append(runs.c.state.in_(sorted(selection.states, key=lambda state: state.value)))
    return conditions
