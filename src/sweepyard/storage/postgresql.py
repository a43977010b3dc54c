"""PostgreSQL: for several hosts that share one database.

Writers take turns across all hosts, as they do on SQLite: each transaction that writes begins with one advisory lock,
so that `writing()` means the same everywhere. Readers work on snapshots (REPEATABLE READ) and wait for nobody.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from sweepyard.errors import StorageError
from sweepyard.storage.faults import named, tell_when_away, telling_faults

# Any number does, as long as all versions that may share a database agree on it; this one spells "sweepyrd".
HUB_WRITERS = 0x7377656570797264
CONNECT_SECONDS = 10
_READERS = 64  # More than the server's threads, so that a reader never waits for a connection.
# Text is compared by code point, as Python and SQLite do; other collations would sort names, and page lists, otherwise.
_COLLATIONS = frozenset({"C", "POSIX", "C.UTF-8", "C.utf8"})
_HOW = "CREATE DATABASE name TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"


def open_postgresql(url: URL, writers: int) -> tuple[Engine, Engine]:
    """A reader's and a writer's engine.

    Args:
        writers: The number of the advisory lock by which writers take turns.

    Raises:
        StorageError: psycopg is missing, the server is away or refuses, or the database sorts otherwise than by code
            point.
    """
    if url.drivername not in {"postgresql", "postgresql+psycopg"}:
        raise StorageError(
            f"PostgreSQL is spoken to through psycopg; received {url.drivername}. Write postgresql://user@host/name"
        )
    url = url.set(drivername="postgresql+psycopg")
    # Acknowledged means on disk, whatever the server's default is.
    arguments = {"connect_timeout": CONNECT_SECONDS, "options": "-c synchronous_commit=on -c client_encoding=utf8"}
    shared: dict[str, Any] = {"connect_args": arguments, "pool_pre_ping": True, "max_overflow": 0}
    try:
        writer = create_engine(url, pool_size=1, isolation_level="READ COMMITTED", **shared)
    except ModuleNotFoundError as error:
        raise StorageError("PostgreSQL needs psycopg: install Sweepyard with the extra `postgres`") from error
    except ArgumentError as error:
        raise StorageError(f"{named(url)} must be given hosts and ports that go together; {error}") from error
    reader = create_engine(url, pool_size=_READERS, isolation_level="REPEATABLE READ", **shared).execution_options(
        postgresql_readonly=True
    )
    try:
        with telling_faults(url, "must answer"), reader.connect() as connection:
            _check(connection, url)
    except StorageError:
        reader.dispose()
        raise

    def take_turns(connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": writers})

    event.listen(writer, "begin", take_turns)
    tell_when_away(reader)
    tell_when_away(writer)
    return reader, writer


def _check(connection: Connection, url: URL) -> None:
    statement = "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
    collation, encoding = connection.execute(text(statement)).one()
    if collation not in _COLLATIONS or encoding != "UTF8":
        raise StorageError(
            f"{named(url)} must be encoded in UTF8 and sort by code point; received {encoding}, {collation}. Make it "
            f"with: {_HOW}"
        )
