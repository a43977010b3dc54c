"""Projects: made when something is put into them."""

from __future__ import annotations

from dataclasses import replace

from sweepyard.clock import Clock
from sweepyard.domain.project import Project
from sweepyard.errors import NotFound, RequestInvalid, Violation
from sweepyard.ids import NAME_RULE, is_legal_name
from sweepyard.services.paging import Page, page_of
from sweepyard.services.ports import Database


class ProjectService:
    """Makes, describes and lists projects."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def ensure(self, entity: str, name: str, *, description: str | None = None) -> Project:
        """The project, made if there is none; a given description replaces the old one.

        Raises:
            RequestInvalid: A name is not legal in URLs.
        """
        check_name("an entity's name", entity)
        check_name("a project's name", name)
        with self._database.writing() as unit:
            project = unit.projects.ensure(entity, name, self._clock.now())
            if description is not None and description != project.description:
                project = replace(project, description=description)
                unit.projects.save(project)
        return project

    def get(self, entity: str, name: str) -> Project:
        """The project.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            return _found(unit.projects.get(entity, name), f"{entity}/{name}")

    def find(self, entity: str, name: str) -> Project | None:
        """The project, or None."""
        with self._database.reading() as unit:
            return unit.projects.get(entity, name)

    def by_number(self, number: int) -> Project:
        """The project of that number.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            return _found(unit.projects.by_number(number), f"number {number}")

    def list(self, entity: str, *, first: int | None = None, after: str | None = None) -> Page[Project]:
        """The entity's projects, by name."""
        with self._database.reading() as unit:
            projects = unit.projects.of_entity(entity)
        return page_of(projects, lambda project: project.name, first=first, after=after)

    def entities(self) -> tuple[str, ...]:
        """The entities that have a project, by name."""
        with self._database.reading() as unit:
            return tuple(unit.projects.entities())


def check_name(what: str, name: str) -> None:
    """Refuse a name that cannot be a segment of a URL.

    Raises:
        RequestInvalid: It is empty, too long, or holds other characters.
    """
    if not is_legal_name(name):
        raise RequestInvalid([Violation(NAME_RULE.format(what=what), repr(name))])


def _found(project: Project | None, name: str) -> Project:
    if project is None:
        raise NotFound(f"there is no project {name}")
    return project
