"""Units of work on SQL: the `Database` of `services.ports`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from sweepyard.errors import HubError
from sweepyard.storage.access_repository import SqlAccess
from sweepyard.storage.agent_repository import SqlAgents
from sweepyard.storage.artifact_repository import SqlArtifacts
from sweepyard.storage.engine import Engines, open_engines, sqlite_url
from sweepyard.storage.file_repository import SqlFiles
from sweepyard.storage.migrations import bring_up_to_date
from sweepyard.storage.objective_repository import SqlObjectives
from sweepyard.storage.project_repository import SqlProjects
from sweepyard.storage.run_repository import SqlRuns
from sweepyard.storage.stamps import Stamps
from sweepyard.storage.stream_repository import SqlStreams
from sweepyard.storage.sweep_repository import SqlSweeps

DATABASE_FILE = "hub.db"


class SqlUnitOfWork:
    """The repositories on one connection, in one transaction."""

    def __init__(self, connection: Connection, stamps: Stamps) -> None:
        self.access = SqlAccess(connection)
        self.projects = SqlProjects(connection)
        self.runs = SqlRuns(connection, stamps)
        self.streams = SqlStreams(connection)
        self.files = SqlFiles(connection)
        self.sweeps = SqlSweeps(connection)
        self.objectives = SqlObjectives(connection)
        self.agents = SqlAgents(connection)
        self.artifacts = SqlArtifacts(connection)


class SqlDatabase:
    """A database whose schema is up to date."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._lock = threading.Lock()
        self._writer: int | None = None
        self._stamps = Stamps()

    @contextmanager
    def reading(self) -> Iterator[SqlUnitOfWork]:
        """A unit of work on a consistent snapshot."""
        with self._engines.reader.connect() as connection:
            yield SqlUnitOfWork(connection, self._stamps)

    @contextmanager
    def writing(self) -> Iterator[SqlUnitOfWork]:
        """A unit of work that runs alone and is on disk when it ends.

        Raises:
            RuntimeError: This thread is inside another one already, and would wait for itself.
        """
        me = threading.get_ident()
        if self._writer == me:
            raise RuntimeError("a thread has one writing unit of work at a time")
        with self._lock:
            self._writer = me
            try:
                with self._engines.writer.begin() as connection:
                    yield SqlUnitOfWork(connection, self._stamps)
            finally:
                self._writer = None

    def close(self) -> None:
        """Close every connection."""
        self._engines.dispose()


def open_database(home: Path, url: str | None = None) -> SqlDatabase:
    """The database of a hub's home, made or migrated if need be.

    Args:
        url: Another one, that several hubs may share; by default a SQLite file in the home.

    Raises:
        HubError: It is away or cannot be used, or was written by a newer version.
    """
    engines = open_engines(url or sqlite_url(home / DATABASE_FILE))
    try:
        bring_up_to_date(engines.writer)
    except DatabaseError as error:
        engines.dispose()
        name = engines.writer.url.render_as_string() if url else home / DATABASE_FILE
        raise HubError(f"the database {name} cannot be used: {error.orig}") from error
    except BaseException:
        engines.dispose()
        raise
    return SqlDatabase(engines)
