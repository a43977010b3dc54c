"""Projects, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from sweepyard.domain.project import Project
from sweepyard.storage import tables
from sweepyard.storage.statements import insert_new

_COLUMNS = tables.projects.c


class SqlProjects:
    """The project repository; see `services.ports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, entity: str, name: str, now: datetime) -> Project:
        found = self.get(entity, name)
        if found is not None:
            return found
        values = {"entity": entity, "name": name, "created_at": now, "description": ""}
        number = insert_new(self._connection, tables.projects, values, f"project {entity}/{name}")
        return Project(number=number, entity=entity, name=name, created_at=now)

    def get(self, entity: str, name: str) -> Project | None:
        statement = select(tables.projects).where(_COLUMNS.entity == entity, _COLUMNS.name == name)
        row = self._connection.execute(statement).first()
        return None if row is None else _project(row)

    def by_number(self, number: int) -> Project | None:
        row = self._connection.execute(select(tables.projects).where(_COLUMNS.number == number)).first()
        return None if row is None else _project(row)

    def save(self, project: Project) -> None:
        statement = tables.projects.update().where(_COLUMNS.number == project.number)
        self._connection.execute(statement.values(description=project.description))

    def of_entity(self, entity: str) -> list[Project]:
        statement = select(tables.projects).where(_COLUMNS.entity == entity).order_by(_COLUMNS.name)
        return [_project(row) for row in self._connection.execute(statement)]

    def entities(self) -> list[str]:
        statement = select(_COLUMNS.entity).distinct().order_by(_COLUMNS.entity)
        return list(self._connection.execute(statement).scalars())


def _project(row: Row[Any]) -> Project:
    return Project(
        number=row.number,
        entity=row.entity,
        name=row.name,
        created_at=row.created_at,
        description=row.description,
    )
