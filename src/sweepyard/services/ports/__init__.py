"""The ports: what the services need from storage, and what every adapter promises.

Promises of every `Database`:

- Thread-safe. A unit of work belongs to the thread that opened it and is worthless after its block.
- `reading()` sees one consistent snapshot, taken at its first read, and never waits for a writer.
- `writing()` runs alone: no other writer's changes come in between. It sees its own changes. On a clean exit
  everything is on disk before the block is left; on an exception nothing of it is kept.
- Values handed in are taken as they are at the call; values given out belong to the caller.
- Datetimes are timezone-aware, in UTC, exact to the microsecond.

Repositories raise only what their methods name; `get` methods answer None where nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from sweepyard.services.ports.access import AccessRepository, ProjectRepository
from sweepyard.services.ports.artifacts import ArtifactRepository
from sweepyard.services.ports.reports import ReportRepository
from sweepyard.services.ports.runs import FileRepository, RunRepository, StreamRepository
from sweepyard.services.ports.sweeps import AgentRepository, ObjectiveRepository, SweepRepository

T = TypeVar("T")


class UnitOfWork(Protocol):
    """The repositories, all in one transaction."""

    @property
    def access(self) -> AccessRepository: ...

    @property
    def projects(self) -> ProjectRepository: ...

    @property
    def runs(self) -> RunRepository: ...

    @property
    def streams(self) -> StreamRepository: ...

    @property
    def files(self) -> FileRepository: ...

    @property
    def sweeps(self) -> SweepRepository: ...

    @property
    def objectives(self) -> ObjectiveRepository: ...

    @property
    def agents(self) -> AgentRepository: ...

    @property
    def artifacts(self) -> ArtifactRepository: ...

    @property
    def reports(self) -> ReportRepository: ...


class Database(Protocol):
    """Gives units of work; see the module's promises."""

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A unit of work on a consistent snapshot; writing through it is an error."""

    def writing(self) -> AbstractContextManager[UnitOfWork]:
        """A unit of work that commits durably on a clean exit and leaves nothing behind on an exception."""

    def write_soon(self, work: Callable[[UnitOfWork], T]) -> Future[T]:
        """Have `work` done on a writing unit of work that it may share with other works.

        The future is done once everything that the work did is on disk, and gives what it gave; works that come at
        the same time share one sync. Works are done one after the other, in the order of the calls, and each sees
        what those before it did. If a work raises, nothing of it is kept, its future gives the error, and the others
        are kept: those that shared a transaction with it are called again in another one. A work runs on a thread of
        the database's: it must neither open a unit nor wait for anything. A future that is cancelled before its turn
        is not done at all.
        """

    def close(self) -> None:
        """Do what `write_soon` was asked for, and let go of files and connections; no unit of work may be open."""
