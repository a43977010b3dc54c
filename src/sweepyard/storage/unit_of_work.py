"""Units of work on SQL: the `Database` of `services.ports`."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from sweepyard.errors import StorageError
from sweepyard.storage.access_repository import SqlAccess
from sweepyard.storage.agent_repository import SqlAgents
from sweepyard.storage.artifact_repository import SqlArtifacts
from sweepyard.storage.engine import Engines, open_engines, sqlite_url
from sweepyard.storage.faults import named, reason, storage_full, telling_full
from sweepyard.storage.file_repository import SqlFiles
from sweepyard.storage.group_commit import GroupCommit, TransactionLost
from sweepyard.storage.migrations import bring_up_to_date
from sweepyard.storage.objective_repository import SqlObjectives
from sweepyard.storage.project_repository import SqlProjects
from sweepyard.storage.report_repository import SqlReports
from sweepyard.storage.run_repository import SqlRuns
from sweepyard.storage.sealing import Sealer
from sweepyard.storage.stamps import Stamps
from sweepyard.storage.stream_repository import SqlStreams
from sweepyard.storage.stream_tails import StreamTails
from sweepyard.storage.sweep_repository import SqlSweeps

T = TypeVar("T")

DATABASE_FILE = "hub.db"
_ABOUT_DAMAGE = "Move it away: `sweepyard hub restore` brings a backup back, or else the hub begins anew"
# What one does about an error, by SQLite's number for its kind.
_ADVICE = {
    sqlite3.SQLITE_FULL: "Free some space there",
    sqlite3.SQLITE_CORRUPT: _ABOUT_DAMAGE,
    sqlite3.SQLITE_NOTADB: _ABOUT_DAMAGE,
}
_KIND = 0xFF  # the rest of a number tells more of the same kind


class SqlUnitOfWork:
    """The repositories on one connection, in one transaction.

    Args:
        connection: Where the transaction is.
        stamps: Gives changed runs their numbers.
    """

    def __init__(self, connection: Connection, stamps: Stamps) -> None:
        self._connection = connection
        self.access = SqlAccess(connection)
        self.projects = SqlProjects(connection)
        self.runs = SqlRuns(connection, stamps)
        self.streams = SqlStreams(connection)
        self.files = SqlFiles(connection)
        self.sweeps = SqlSweeps(connection)
        self.objectives = SqlObjectives(connection)
        self.agents = SqlAgents(connection)
        self.artifacts = SqlArtifacts(connection)
        self.reports = SqlReports(connection)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A part of the transaction that is undone alone if the block fails.

        Raises:
            TransactionLost: The database has undone all of it.
            StorageFull: It has, since there was no room.
        """
        self._say("SAVEPOINT apart")
        try:
            yield
        except BaseException as error:
            full = storage_full(error)
            if full is not None:  # SQLite has ended the transaction: what follows would be stored by itself.
                raise full from error
            self._say("ROLLBACK TO SAVEPOINT apart")
            self._say("RELEASE SAVEPOINT apart")
            raise
        self._say("RELEASE SAVEPOINT apart")

    def _say(self, statement: str) -> None:
        try:
            self._connection.connection.cursor().execute(statement)
        except Exception as error:
            raise TransactionLost(f"the database gave up a transaction: {error}") from error


class SqlDatabase:
    """A database whose schema is up to date."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._lock = threading.Lock()
        self._writer: int | None = None
        self._stamps = Stamps()
        self._tails = StreamTails()
        self._group = GroupCommit(self.writing, SqlUnitOfWork.apart)
        self._sealer = Sealer(self.reading, self.write_soon, self._tails)

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
            StorageFull: There is no room for what was written.
        """
        self._refuse_to_nest()
        with self._lock:
            self._writer = threading.get_ident()
            try:
                with telling_full(), self._engines.writer.begin() as connection:
                    unit = SqlUnitOfWork(connection, self._stamps)
                    yield unit
            finally:
                self._writer = None
        # Only now does sealing see what was written.
        self._tails.grew(unit.streams.growth)

    def write_soon(self, work: Callable[[SqlUnitOfWork], T]) -> Future[T]:
        """Have `work` done, in one transaction with what else is waiting; on disk when the future is done.

        Raises:
            RuntimeError: This thread is inside a writing unit, and waiting for the future would be for ever.
        """
        self._refuse_to_nest()
        self._sealer.start()
        return self._group.submit(work)

    def keep_sealed(self) -> None:
        """Pack what earlier processes left loose, too, from now on: for who serves these rows, if only to be read."""
        self._sealer.start()

    def close(self) -> None:
        """Do what is waiting, and close every connection."""
        self._sealer.close()
        self._group.close()
        self._engines.dispose()

    def _refuse_to_nest(self) -> None:
        if self._writer == threading.get_ident():
            raise RuntimeError("a thread has one writing unit of work at a time")


def open_database(home: Path, url: str | None = None) -> SqlDatabase:
    """The database of a hub's home, made or migrated if need be.

    Args:
        url: Another one, that several hubs may share; by default a SQLite file in the home.

    Raises:
        StorageError: It is away or cannot be used, or was written by a newer version.
    """
    engines = open_engines(url or sqlite_url(home / DATABASE_FILE))
    try:
        bring_up_to_date(engines.writer)
    except DatabaseError as error:
        engines.dispose()
        told = f"{named(engines.writer.url)} cannot be used: {reason(error)}"
        advice = _ADVICE.get(getattr(error.orig, "sqlite_errorcode", 0) & _KIND)
        raise StorageError(told if advice is None else f"{told}. {advice}") from error
    except BaseException:
        engines.dispose()
        raise
    return SqlDatabase(engines)
