"""From a database's URL to engines: one for readers, one for the writer. PostgreSQL's are in `postgresql`.

SQLite runs in WAL mode, so that readers never wait for the writer, with `synchronous=FULL`, so that a commit is on
disk when it returns. Its writers take turns: BEGIN IMMEDIATE takes the file's write lock at once instead of failing
in mid-transaction, and a lock inside this process keeps its threads from polling for it.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from sweepyard.errors import StorageError
from sweepyard.storage.postgresql import HUB_WRITERS, open_postgresql

BUSY_TIMEOUT_MILLISECONDS = 30_000
_HOW = "Write postgresql://user@host/name, or sqlite:///file.db"
_READERS = 64  # More than the server's threads, so that a reader never waits for a connection.


@dataclass(frozen=True, slots=True)
class Engines:
    """Where units of work get their connections.

    Attributes:
        reader: Its connections refuse to write.
        writer: Its connections take the write lock when they begin.
    """

    reader: Engine
    writer: Engine

    def dispose(self) -> None:
        """Close every connection that is not in use."""
        self.reader.dispose()
        self.writer.dispose()


def sqlite_url(path: Path) -> URL:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path))


def parsed_url(url: str | URL) -> URL:
    """A database's URL.

    Raises:
        StorageError: It is none.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # its text may hold the password
        raise StorageError(f"a database is named by a URL. {_HOW}") from error
    if "@" in (parsed.host or ""):  # what precedes it may be the rest of a password: it is shown nowhere
        raise StorageError("the URL of a database has one @, before its host: one in a password is written %40")
    return parsed


def open_engines(url: str | URL, *, writers: int = HUB_WRITERS) -> Engines:
    """Engines on the database of that URL; a SQLite file is made, readable by its owner only, if there is none.

    Args:
        writers: On PostgreSQL, the number of the advisory lock by which those who write the same tables take turns.

    Raises:
        StorageError: The URL names a database that this version does not speak to, one that is away, or a file that
            cannot be used.
    """
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "postgresql":
        return Engines(*open_postgresql(parsed, writers))
    is_sqlite = parsed.drivername in {"sqlite", "sqlite+pysqlite"}
    if not is_sqlite or not parsed.database or parsed.database == ":memory:":
        received = "sqlite without a file" if is_sqlite else parsed.drivername
        raise StorageError(f"rows are kept in a SQLite file or in PostgreSQL; received {received}. {_HOW}")
    _make_private(Path(parsed.database))
    arguments = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MILLISECONDS / 1000}
    writer = create_engine(parsed, connect_args=arguments, pool_size=1, max_overflow=0)
    reader = create_engine(parsed, connect_args=arguments, pool_size=_READERS, max_overflow=0)
    event.listen(writer, "connect", _configure)
    event.listen(reader, "connect", _configure)
    event.listen(reader, "connect", _forbid_writing)
    event.listen(writer, "begin", _begin_immediate)
    event.listen(reader, "begin", _begin)
    return Engines(reader, writer)


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StorageError(f"the database {path} cannot be used: {error.strerror or error}") from error


def _configure(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # The driver would begin transactions by itself, and never immediate ones.
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _forbid_writing(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
