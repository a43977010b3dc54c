"""Runs and their events, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select

from sweepyard.domain.fields import RunField
from sweepyard.domain.run import Run, RunEvent, RunPath, RunPulse, RunState
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.services.ports.runs import STAMP_MODULUS, RunSelection, RunsMark
from sweepyard.storage import tables
from sweepyard.storage.prepared import Prepared, moment_from
from sweepyard.storage.run_rows import SOURCES, find_number, number_of, part_of_run, row_of, run_of
from sweepyard.storage.stamps import Stamps
from sweepyard.storage.statements import insert_new, pieces

_COLUMNS = tables.runs.c
_PULSE = Prepared(
    select(_COLUMNS.state, _COLUMNS.stop_requested, _COLUMNS.sweep_id, _COLUMNS.heartbeat_at, _COLUMNS.attempt).where(
        _COLUMNS.entity == bindparam("entity"),
        _COLUMNS.project == bindparam("project"),
        _COLUMNS.run_id == bindparam("run_id"),
    )
)
# Made once: each heartbeat runs it, and to make a statement takes longer than to run it. The names are none of columns,
# which an update takes for what is to be set.
_CHANGE = tables.runs.update().where(
    _COLUMNS.entity == bindparam("of_entity"),
    _COLUMNS.project == bindparam("of_project"),
    _COLUMNS.run_id == bindparam("of_run"),
)
_WORKED_ON = (RunState.RUNNING, RunState.PREEMPTING)


class SqlRuns:
    """The run repository; see `services.ports`."""

    def __init__(self, connection: Connection, stamps: Stamps) -> None:
        self._connection = connection
        self._stamps = stamps

    def add(self, run: Run) -> None:
        insert_new(self._connection, tables.runs, self._stamped(run), f"run {run.path}")

    def get(self, path: RunPath) -> Run | None:
        row = self._connection.execute(select(tables.runs).where(*_named(path))).first()
        return None if row is None else run_of(row)

    def save(self, run: Run) -> None:
        self._change(run.path, self._stamped(run))

    def pulse(self, path: RunPath) -> RunPulse | None:
        rows = _PULSE.rows(self._connection, _names(path))
        if not rows:
            return None
        state, stop_requested, sweep_id, heartbeat_at, attempt = rows[0]
        return RunPulse(
            state=RunState(state),
            stop_requested=bool(stop_requested),
            sweep_id=sweep_id,
            heartbeat_at=moment_from(self._connection, heartbeat_at),
            attempt=attempt,
        )

    def beat(self, path: RunPath, now: datetime, *, summary: JsonObject | None = None) -> None:
        values: dict[str, Any] = {"heartbeat_at": now, "stamp": self._stamps.next()}
        if summary is not None:
            values |= {"summary": summary, "updated_at": now}
        self._change(path, values)

    def _change(self, path: RunPath, values: Mapping[str, Any]) -> None:
        place = {"of_entity": path.entity, "of_project": path.project, "of_run": path.run_id}
        self._connection.execute(_CHANGE, {**values, **place})

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

    def of_ids(self, entity: str, project: str, run_ids: Sequence[str]) -> list[Run]:
        found: dict[str, Run] = {}
        for piece in pieces(run_ids):
            statement = select(tables.runs).where(*_of_project(entity, project), _COLUMNS.run_id.in_(piece))
            found.update((row.run_id, run_of(row)) for row in self._connection.execute(statement))
        return [found[run_id] for run_id in run_ids if run_id in found]

    def mark(self, entity: str, project: str) -> RunsMark:
        total = func.coalesce(func.sum(_COLUMNS.stamp % STAMP_MODULUS), 0)
        count, summed = self._connection.execute(select(func.count(), total).where(*_of_project(entity, project))).one()
        return RunsMark(count, int(summed))

    def stamp(self, path: RunPath) -> int | None:
        return self._connection.execute(select(_COLUMNS.stamp).where(*_named(path))).scalar()

    def stamps(self, entity: str, project: str, *, newer_than: int | None = None) -> dict[str, int]:
        statement = select(_COLUMNS.run_id, _COLUMNS.stamp).where(*_of_project(entity, project))
        if newer_than is not None:
            statement = statement.where(_COLUMNS.stamp > newer_than)
        return {row.run_id: row.stamp for row in self._connection.execute(statement)}

    def columns(
        self, entity: str, project: str, fields: Collection[RunField], run_ids: Collection[str] | None = None
    ) -> dict[RunField, dict[str, JsonValue]]:
        sources = sorted({field.source for field in fields} - {"path"})
        statement = select(_COLUMNS.run_id, *(SOURCES[source] for source in sources))
        statement = statement.where(*_of_project(entity, project))
        found: dict[RunField, dict[str, JsonValue]] = {field: {} for field in fields}
        for piece in [None] if run_ids is None else pieces(run_ids):
            narrowed = statement if piece is None else statement.where(_COLUMNS.run_id.in_(piece))
            for row in self._connection.execute(narrowed):
                run = part_of_run(RunPath(entity, project, row[0]), sources, row[1:])
                for field, column in found.items():
                    column[row[0]] = field.read(run)
        return found

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

    def _stamped(self, run: Run) -> dict[str, Any]:
        return {**row_of(run), "stamp": self._stamps.next()}


def _names(path: RunPath) -> dict[str, object]:
    return {"entity": path.entity, "project": path.project, "run_id": path.run_id}


def _named(path: RunPath) -> list[ColumnElement[bool]]:
    return [_COLUMNS.entity == path.entity, _COLUMNS.project == path.project, _COLUMNS.run_id == path.run_id]


def _of_project(entity: str, project: str) -> list[ColumnElement[bool]]:
    return [_COLUMNS.entity == entity, _COLUMNS.project == project]


def _selected(selection: RunSelection) -> list[ColumnElement[bool]]:
    conditions = _of_project(selection.entity, selection.project)
    if selection.sweep_id is not None:
        conditions.append(_COLUMNS.sweep_id == selection.sweep_id)
    if selection.agent_id is not None:
        conditions.append(_COLUMNS.agent_id == selection.agent_id)
    if selection.states is not None:
        conditions.append(_COLUMNS.state.in_(selection.states))
    return conditions
