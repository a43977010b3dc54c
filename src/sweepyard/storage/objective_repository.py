"""What runs logged of objectives, in SQL."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from sweepyard.domain.objective import Mark, ObjectiveRecord, ObjectiveValues
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.storage import tables
from sweepyard.storage.run_rows import find_number, number_of
from sweepyard.storage.statements import MAX_KEYS, upsert

_RECORDS = tables.objectives.c
_MARKS = tables.objective_marks.c
_RUNS = tables.runs.c


class SqlObjectives:
    """The objective repository; see `services.ports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, path: RunPath, metric: str) -> ObjectiveRecord | None:
        number = find_number(self._connection, path)
        statement = select(tables.objectives).where(_RECORDS.run_number == number, _RECORDS.metric == metric)
        row = self._connection.execute(statement).first()
        return None if row is None else _record(row)

    def save(self, path: RunPath, record: ObjectiveRecord) -> None:
        values = record.values
        row = {
            "run_number": number_of(self._connection, path),
            "metric": record.metric,
            "next_line": record.next_line,
            "value_count": values.count,
            "lowest": values.lowest if values.count else None,
            "highest": values.highest if values.count else None,
            "total": values.total,
            "latest": values.latest,
        }
        upsert(self._connection, tables.objectives, [row], keys=["run_number", "metric"])

    def of_sweep(self, path: SweepPath, metric: str) -> dict[str, ObjectiveRecord]:
        statement = _of_sweep(select(_RUNS.run_id, *_RECORDS), tables.objectives, path)
        rows = self._connection.execute(statement.where(_RECORDS.metric == metric))
        return {row.run_id: _record(row) for row in rows}

    def add_marks(self, path: RunPath, metric: str, marks: Mapping[int, Mark]) -> None:
        number = number_of(self._connection, path)
        rows = [
            {
                "run_number": number,
                "metric": metric,
                "iteration": iteration,
                "value": mark.value,
                "lowest": mark.lowest,
                "highest": mark.highest,
                "mean": mark.mean,
            }
            for iteration, mark in marks.items()
        ]
        upsert(self._connection, tables.objective_marks, rows, keys=["run_number", "metric", "iteration"])

    def marks(self, path: SweepPath, metric: str, iterations: Collection[int]) -> dict[str, dict[int, Mark]]:
        found: dict[str, dict[int, Mark]] = {}
        wanted = sorted(iterations)
        for begin in range(0, len(wanted), MAX_KEYS):
            statement = _of_sweep(select(_RUNS.run_id, *_MARKS), tables.objective_marks, path).where(
                _MARKS.metric == metric, _MARKS.iteration.in_(wanted[begin : begin + MAX_KEYS])
            )
            for row in self._connection.execute(statement):
                mark = Mark(row.value, row.lowest, row.highest, row.mean, row.number)
                found.setdefault(row.run_id, {})[row.iteration] = mark
        return found

    def forget(self, path: RunPath, metric: str | None = None) -> None:
        number = find_number(self._connection, path)
        for table in (tables.objectives, tables.objective_marks):
            statement = table.delete().where(table.c.run_number == number)
            if metric is not None:
                statement = statement.where(table.c.metric == metric)
            self._connection.execute(statement)


def _of_sweep(statement: Select[Any], table: Any, path: SweepPath) -> Select[Any]:
    """Of the runs of the sweep only."""
    return statement.join_from(table, tables.runs, table.c.run_number == _RUNS.number).where(
        _RUNS.entity == path.entity, _RUNS.project == path.project, _RUNS.sweep_id == path.sweep_id
    )


def _record(row: Row[Any]) -> ObjectiveRecord:
    values = ObjectiveValues(
        count=row.value_count,
        lowest=math.inf if row.lowest is None else row.lowest,
        highest=-math.inf if row.highest is None else row.highest,
        total=row.total,
        latest=row.latest,
    )
    return ObjectiveRecord(row.metric, row.next_line, values)
