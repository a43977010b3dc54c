"""Projects in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from sweepyard.domain.project import Project
from sweepyard.storage.rows import values_of
from sweepyard.storage.tables import projects


class SqlProjects:
    """The `ProjectRepository` of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, entity: str, name: str, now: datetime) -> Project:
        found = self.get(entity, name)
        if found is not None:
            return found
        values = {"entity": entity, "name": name, "created_at": now, "description": ""}
        number = self._connection.execute(insert(projects).values(values).returning(projects.c.number)).scalar_one()
        return Project(number=number, entity=entity, name=name, created_at=now)

    def get(self, entity: str, name: str) -> Project | None:
        query = select(projects).where(projects.c.entity == entity, projects.c.name == name)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else Project(**row)

    def by_number(self, number: int) -> Project | None:
        row = self._connection.execute(select(projects).where(projects.c.number == number)).mappings().first()
        return None if row is None else Project(**row)

    def save(self, project: Project) -> None:
        self._connection.execute(update(projects).where(projects.c.number == project.number).values(values_of(project)))

    def of_entity(self, entity: str) -> list[Project]:
        query = select(projects).where(projects.c.entity == entity).order_by(projects.c.name)
        return [Project(**row) for row in self._connection.execute(query).mappings()]

    def entities(self) -> list[str]:
        query = select(projects.c.entity).distinct().order_by(projects.c.entity)
        return list(self._connection.execute(query).scalars())
