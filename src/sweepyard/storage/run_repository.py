"""Runs and their events, in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from sweepyard.domain.run import Run, RunEvent, RunPath, RunState
from sweepyard.services.ports import RunSelection
from sweepyard.storage import tables
from sweepyard.storage.run_rows import find_number, number_of, row_of, run_of
from sweepyard.storage.statements import insert_new

_COLUMNS = tables.runs.c
_WORKED_ON = (RunState.RUNNING, RunState.PREEMPTING)


class SqlRuns:
    """The run repository; see `services.ports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, run: Run) -> None:
        insert_new(self._connection, tables.runs, row_of(run), f"run {run.path}")

    def get(self, path: RunPath) -> Run | None:
        row = self._connection.execute(select(tables.runs).where(*_named(path))).first()
        return None if row is None else run_of(row)

    def save(self, run: Run) -> None:
        self._connection.execute(tables.runs.update().where(*_named(run.path)).values(**row_of(run)))

    def delete(self, path: RunPath) -> None:
        self._connection.execute(tables.runs.delete().where(*_named(path)))

    def select(self, selection: RunSelection) -> list[Run]:
        statement = select(tables.runs).where(*_selected(selection)).order_by(_COLUMNS.created_at, _COLUMNS.run_id)
        return [run_of(row) for row in self._connection.execute(statement)]

    def page(
        self, selection: RunSelection, *, newest_first: bool, after: tuple[datetime, str] | None, limit: int
    ) -> list[Run]:
        created = _COLUMNS.created_at
        statement = select(tables.runs).where(*_selected(selection))
        if after is not None:
            moment, run_id = after
            beyond = created < moment if newest_first else created > moment
            statement = statement.where(or_(beyond, and_(created == moment, _COLUMNS.run_id > run_id)))
        statement = statement.order_by(created.desc() if newest_first else created, _COLUMNS.run_id).limit(limit)
        return [run_of(row) for row in self._connection.execute(statement)]

    def count(self, selection: RunSelection) -> int:
        statement = select(func.count()).select_from(tables.runs).where(*_selected(selection))
        return self._connection.execute(statement).scalar_one()

    def count_by_state(self, selection: RunSelection) -> dict[RunState, int]:
        statement = select(_COLUMNS.state, func.count()).where(*_selected(selection)).group_by(_COLUMNS.state)
        return {row.state: row[1] for row in self._connection.execute(statement)}

    def states(self, selection: RunSelection) -> dict[str, RunState]:
        statement = select(_COLUMNS.run_id, _COLUMNS.state).where(*_selected(selection))
        return {row.run_id: row.state for row in self._connection.execute(statement)}

    def live_and_silent_since(self, moment: datetime) -> list[Run]:
        handed_out = and_(_COLUMNS.state == RunState.PENDING, _COLUMNS.agent_id.is_not(None))
        statement = select(tables.runs).where(
            or_(_COLUMNS.state.in_(_WORKED_ON), handed_out),
            func.coalesce(_COLUMNS.heartbeat_at, _COLUMNS.created_at) < moment,
        )
        return [run_of(row) for row in self._connection.execute(statement.order_by(_COLUMNS.number))]

    def add_event(self, path: RunPath, event: RunEvent) -> None:
        values = {"at": event.at, "kind": event.kind, "detail": event.detail}
        statement = tables.run_events.insert().values(run_number=number_of(self._connection, path), **values)
        self._connection.execute(statement)

    def events(self, path: RunPath) -> list[RunEvent]:
        columns = tables.run_events.c
        statement = select(columns.at, columns.kind, columns.detail).order_by(columns.number)
        rows = self._connection.execute(statement.where(columns.run_number == find_number(self._connection, path)))
        return [RunEvent(row.at, row.kind, row.detail) for row in rows]


def _named(path: RunPath) -> list[ColumnElement[bool]]:
    return [_COLUMNS.entity == path.entity, _COLUMNS.project == path.project, _COLUMNS.run_id == path.run_id]


def _selected(selection: RunSelection) -> list[ColumnElement[bool]]:
    conditions = [_COLUMNS.entity == selection.entity, _COLUMNS.project == selection.project]
    if selection.sweep_id is not None:
        conditions.append(_COLUMNS.sweep_id == selection.sweep_id)
    if selection.agent_id is not None:
        conditions.append(_COLUMNS.agent_id == selection.agent_id)
    if selection.states is not None:
        conditions.append(_COLUMNS.state.in_(selection.states))
    return conditions
