"""Reports, in SQL."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, func, select

from sweepyard.domain.report import Report, SavedView
from sweepyard.services.ports.marks import RowsMark
from sweepyard.storage import tables
from sweepyard.storage.statements import insert_new

_COLUMNS = tables.reports.c


class SqlReports:
    """The report repository; see `services.ports`. The table's columns are the report's attributes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, report: Report) -> None:
        insert_new(self._connection, tables.reports, asdict(report), f"report {report.report_id}")

    def get(self, report_id: str) -> Report | None:
        row = self._connection.execute(select(tables.reports).where(_COLUMNS.report_id == report_id)).first()
        return None if row is None else _report(row)

    def save(self, report: Report) -> None:
        statement = tables.reports.update().where(_COLUMNS.report_id == report.report_id)
        self._connection.execute(statement.values(**asdict(report)))

    def delete(self, report: Report) -> None:
        self._connection.execute(tables.reports.delete().where(_COLUMNS.report_id == report.report_id))

    def of_project(self, entity: str, project: str) -> list[Report]:
        statement = (
            select(tables.reports)
            .where(_COLUMNS.entity == entity, _COLUMNS.project == project)
            .order_by(_COLUMNS.updated_at.desc(), _COLUMNS.report_id)
        )
        return [_report(row) for row in self._connection.execute(statement)]

    def mark(self, entity: str, project: str) -> RowsMark:
        statement = select(func.count(), func.max(_COLUMNS.updated_at))
        row = self._connection.execute(statement.where(_COLUMNS.entity == entity, _COLUMNS.project == project)).one()
        return RowsMark(*row)


def _report(row: Row[Any]) -> Report:
    values = dict(row._mapping)
    view = values.pop("view")
    return Report(**values, view=SavedView(**view) if view else None)
