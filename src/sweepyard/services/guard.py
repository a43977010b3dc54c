"""The one place where rights meet rows: what an actor reaches of the database.

Services ask the database as they always do. While the hub acts for somebody (`acting_as`), every unit of work is
guarded: naming an entity that is not the actor's is Forbidden, whether or not anything is stored there; rows of other
entities that are found in another way, by a number, an id or through a relation, are not there. A unit of work that
writes needs the role for it. So no operation can forget to ask.

The hub's own work (looking for silent runs, the command line on the home itself) acts for nobody and reaches all;
the hub's app lets each request begin as `NOBODY`, who reaches nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TypeVar, cast

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.agent import Agent
from sweepyard.domain.artifact import ArtifactCollection, ArtifactFile, ArtifactVersion, Manifest
from sweepyard.domain.project import Project
from sweepyard.domain.report import Report
from sweepyard.domain.run import Run, RunPath
from sweepyard.domain.sweep import Sweep, SweepPath
from sweepyard.errors import Forbidden, NotFound
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.ports.access import AccessRepository, ProjectRepository
from sweepyard.services.ports.artifacts import ArtifactRepository
from sweepyard.services.ports.reports import ReportRepository
from sweepyard.services.ports.runs import FileRepository, RunRepository, RunSelection, StreamRepository
from sweepyard.services.ports.sweeps import AgentRepository, ObjectiveRepository, SweepRepository

T = TypeVar("T")

# Whose a value is, as an argument or as a row.
_OWNED: Mapping[type, Callable[[Any], str]] = {
    **{
        kind: lambda value: str(value.entity)
        for kind in (RunPath, SweepPath, RunSelection, Project, Agent, ArtifactCollection, ArtifactVersion, Report)
    },
    **{kind: lambda value: str(value.path.entity) for kind in (Run, Sweep)},
}
# These belong to a version, by its number.
_OF_A_VERSION = (ArtifactFile, Manifest)
# Methods whose parameter `number` is a version's and whose answer does not say whose it is.
_BY_VERSION_NUMBER = frozenset({"set_aliases", "link", "users_of"})
# Methods that answer with entities' names.
_NAMES_ENTITIES = frozenset({"entities"})

_ACTING: ContextVar[Actor | None] = ContextVar("acting", default=None)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Act for `actor` until the block ends, in this thread or task and in what it waits for."""
    token = _ACTING.set(actor)
    try:
        yield
    finally:
        _ACTING.reset(token)


@contextmanager
def acting_for_the_hub() -> Iterator[None]:
    """Act for nobody, with every right: only where a permission of the hub's own, a signed address, was checked."""
    token = _ACTING.set(None)
    try:
        yield
    finally:
        _ACTING.reset(token)


def allow(actor: Actor, role: Role, entity: str | None = None) -> None:
    """Let pass who may do what `role` grants, in `entity` where one is given.

    Raises:
        Forbidden: The actor's role grants less, or the entity is not one of the actor's.
    """
    if entity is not None and not actor.reaches(entity):
        yours = ", ".join(sorted(filter(None, actor.entities))) or "none"
        raise Forbidden(
            f"{actor.username} does not belong to the entity {entity!r} (yours: {yours}); "
            "an administrator adds members with `sweepyard hub teams add-member`"
        )
    if not actor.role.includes(role):
        raise Forbidden(f"this needs the role {role.value}; {actor.username} has {actor.role.value}")


class GuardedDatabase:
    """The database as whoever the hub acts for may see it; see the module's rules."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A snapshot of what the actor reaches.

        Raises:
            Forbidden: By the repositories, where another's entity is named.
        """
        actor = _ACTING.get()
        unit = self._database.reading()
        return unit if actor is None or actor.reaches_all else _guarded(unit, actor)

    def writing(self) -> AbstractContextManager[UnitOfWork]:
        """A unit of work on what the actor reaches.

        Raises:
            Forbidden: The actor may only read; or by the repositories, where another's entity is named.
        """
        actor = _ACTING.get()
        if actor is not None:
            allow(actor, Role.WRITE)
        unit = self._database.writing()
        return unit if actor is None or actor.reaches_all else _guarded(unit, actor)

    def write_soon(self, work: Callable[[UnitOfWork], T]) -> Future[T]:
        """Have `work` done on what the actor reaches.

        Raises:
            Forbidden: The actor may only read; the future gives it where another's entity is named.
        """
        actor = _ACTING.get()
        if actor is not None:
            allow(actor, Role.WRITE)
        if actor is None or actor.reaches_all:
            return self._database.write_soon(work)
        return self._database.write_soon(lambda unit: work(GuardedUnit(unit, actor)))

    def close(self) -> None:
        self._database.close()


@contextmanager
def _guarded(opening: AbstractContextManager[UnitOfWork], actor: Actor) -> Iterator[UnitOfWork]:
    with opening as unit:
        yield GuardedUnit(unit, actor)


class GuardedUnit:
    """A unit of work whose repositories hold nothing but what the actor reaches."""

    def __init__(self, unit: UnitOfWork, actor: Actor) -> None:
        self._unit = unit
        self._actor = actor
        self._owners: dict[int, str | None] = {}

    @property
    def access(self) -> AccessRepository:
        return self._unit.access  # Users and keys belong to no entity; only `AccessService` reads them.

    @property
    def projects(self) -> ProjectRepository:
        return self._guard(self._unit.projects)

    @property
    def runs(self) -> RunRepository:
        return self._guard(self._unit.runs)

    @property
    def streams(self) -> StreamRepository:
        return self._guard(self._unit.streams)

    @property
    def files(self) -> FileRepository:
        return self._guard(self._unit.files)

    @property
    def sweeps(self) -> SweepRepository:
        return self._guard(self._unit.sweeps)

    @property
    def objectives(self) -> ObjectiveRepository:
        return self._guard(self._unit.objectives)

    @property
    def agents(self) -> AgentRepository:
        return self._guard(self._unit.agents)

    @property
    def artifacts(self) -> ArtifactRepository:
        return self._guard(self._unit.artifacts)

    @property
    def reports(self) -> ReportRepository:
        return self._guard(self._unit.reports)

    def _guard(self, repository: T) -> T:
        return cast(T, _GuardedRepository(repository, self))

    def check(self, method: str, arguments: Mapping[str, object]) -> None:
        """Refuse arguments that name what is beyond the actor's reach.

        Raises:
            Forbidden: An entity is named that is not the actor's.
            NotFound: A version of another entity is named by its number.
        """
        for name, value in arguments.items():
            number = _version_number(method, name, value)
            if number is not None:
                if not self._reaches_version(number):
                    raise NotFound(f"there is no artifact version {number}")
            elif name == "entity":
                allow(self._actor, Role.READ, str(value))
            elif isinstance(value, list | tuple):
                for item in value if _has_owners(value) else ():
                    self._check_value(item)
            else:
                self._check_value(value)

    def _check_value(self, value: object) -> None:
        owner = _OWNED.get(type(value))
        if owner is not None:
            allow(self._actor, Role.READ, owner(value))
        elif isinstance(value, _OF_A_VERSION) and not self._reaches_version(value.artifact_number):
            raise NotFound(f"there is no artifact version {value.artifact_number}")

    def visible(self, method: str, answer: object) -> object:
        """The answer without what is beyond the actor's reach."""
        if isinstance(answer, list):
            if method in _NAMES_ENTITIES:
                return [name for name in answer if self._actor.reaches(name)]
            return [item for item in answer if self._is_visible(item)] if _has_owners(answer) else answer
        return answer if self._is_visible(answer) else None

    def _is_visible(self, item: object) -> bool:
        if isinstance(item, tuple):
            return all(self._is_visible(part) for part in item)
        owner = _OWNED.get(type(item))
        if owner is not None:
            return self._actor.reaches(owner(item))
        return not isinstance(item, _OF_A_VERSION) or self._reaches_version(item.artifact_number)

    def _reaches_version(self, number: int) -> bool:
        if number not in self._owners:
            version = self._unit.artifacts.get(number)
            self._owners[number] = version.entity if version else None
        owner = self._owners[number]
        return owner is None or self._actor.reaches(owner)


class _GuardedRepository:
    """A repository behind its guard: arguments are checked, answers are filtered."""

    def __init__(self, repository: Any, guard: GuardedUnit) -> None:
        self._repository = repository
        self._guard = guard

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._repository, name)
        parameters = _parameters(getattr(type(self._repository), name))

        def call(*positional: object, **named: object) -> object:
            arguments = dict(zip(parameters, positional, strict=False)) | named
            self._guard.check(name, arguments)
            return self._guard.visible(name, method(*positional, **named))

        return call


def _has_owners(values: Sequence[object]) -> bool:
    """Whether the values of a list, which are all of one kind, belong to entities: lists of lines can be long."""
    parts = values[0] if values and isinstance(values[0], tuple) else values[:1]
    return any(type(part) in _OWNED or isinstance(part, _OF_A_VERSION) for part in parts)


def _version_number(method: str, parameter: str, value: object) -> int | None:
    by_number = parameter == "artifact_number" or (parameter == "number" and method in _BY_VERSION_NUMBER)
    return value if by_number and isinstance(value, int) else None


@lru_cache(maxsize=512)
def _parameters(method: Callable[..., object]) -> tuple[str, ...]:
    return tuple(inspect.signature(method).parameters)[1:]  # without `self`
