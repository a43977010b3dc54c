"""From a URL to a migrated database: engines, SQLite's pragmas, and the rule that writers run alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from sweepyard.errors import HubError
from sweepyard.storage.schema_version import migrate
from sweepyard.storage.unit_of_work import SqlUnitOfWork

_BUSY_TIMEOUT_MS = 30_000
_READERS = 64  # More than the server's threads, so that a reader never waits for a connection.
_CACHE_KIB = 16_384


class SqlDatabase:
    """A `Database` over SQLAlchemy.

    Writers of this process queue at a lock and hold a single connection; SQLite's own lock (`BEGIN
    IMMEDIATE`) keeps other processes out. Readers have connections of their own, which cannot write.
    """

    def __init__(self, writer: Engine, reader: Engine) -> None:
        self._writer = writer
        self._reader = reader
        self._writing = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[SqlUnitOfWork]:
        with self._reader.begin() as connection:
            yield SqlUnitOfWork(connection)

    @contextmanager
    def writing(self) -> Iterator[SqlUnitOfWork]:
        with self._writing, self._writer.begin() as connection:
            yield SqlUnitOfWork(connection)

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()


def open_database(url: str) -> SqlDatabase:
    """The database at an SQLAlchemy URL, for example `sqlite:////folder/hub.db`, at the present schema.

    Raises:
        HubError: It cannot be opened, is of another kind, or is of a newer Sweepyard.
    """
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise HubError(f"the hub keeps its rows in an SQLite file; received the URL {address.render_as_string()}")
    Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    writer = _sqlite_engine(address, writes=True)
    migrate(writer)
    return SqlDatabase(writer, _sqlite_engine(address, writes=False))


def _sqlite_engine(address: URL, *, writes: bool) -> Engine:
    engine = create_engine(
        address,
        pool_size=1 if writes else _READERS,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # Transactions begin and end where SQLAlchemy says so, not where the driver guesses.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _pragmas(writes):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _pragmas(writes: bool) -> list[str]:
    shared = [f"busy_timeout={_BUSY_TIMEOUT_MS}", f"cache_size=-{_CACHE_KIB if writes else 2048}", "foreign_keys=ON"]
    if not writes:
        return [*shared, "query_only=ON"]
    # FULL: a commit is on the disk before the client hears of it.
    return [*shared, "journal_mode=WAL", "synchronous=FULL"]
