"""What is said of a database that cannot be used: which one, by host and user, and why; never its password."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError

from sweepyard.errors import StorageAway, StorageError, StorageFull

# The disk took no more: what SQLite could not write, sync, or make room for in its log's index.
_SQLITE_FULL = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    }
)
_POSTGRESQL_FULL = "53100"


def named(url: URL, environ: Mapping[str, str] = os.environ) -> str:
    """The database in words, by what is used: a URL's query counts over its parts, these over PostgreSQL's variables.

    Args:
        environ: Where those variables are.
    """
    if url.get_backend_name() == "sqlite":
        return f"the SQLite database {url.database}"

    def used(key: str, part: str | None, variable: str) -> str | None:
        return ",".join(url.normalized_query.get(key, ())) or part or environ.get(variable)

    host = used("host", url.host, "PGHOST") or used("hostaddr", None, "PGHOSTADDR") or "the local socket"
    user = used("user", url.username, "PGUSER") or "default"
    database = used("dbname", url.database, "PGDATABASE") or user  # as PostgreSQL has it
    return f"the PostgreSQL database {database} at {host} (user {user})"


def reason(error: DBAPIError) -> str:
    """What the driver says, on one line; neither the statement nor its values."""
    return " ".join(str(error.orig).split())


def storage_full(error: BaseException) -> StorageFull | None:
    """Our error, where the driver's, or SQLAlchemy's about it, says that the database has no room for more."""
    said = error.orig if isinstance(error, DBAPIError) else error
    code, state = getattr(said, "sqlite_errorcode", None), getattr(said, "sqlstate", None)
    if code not in _SQLITE_FULL and state != _POSTGRESQL_FULL:
        return None
    return StorageFull(f"the database has no room for more ({said}); nothing of this was kept")


@contextmanager
def telling_full() -> Iterator[None]:
    """Let the errors of a database without room leave the block as ours.

    Raises:
        StorageFull: There was no room for what the block wrote.
    """
    try:
        yield
    except Exception as error:
        full = storage_full(error)
        if full is None:
            raise
        raise full from error


@contextmanager
def telling_faults(url: URL, rule: str = "must be usable") -> Iterator[None]:
    """Let the driver's errors leave the block as ours.

    Raises:
        StorageError: The block's statements could not be done.
    """
    try:
        yield
    except DBAPIError as error:
        raise StorageError(f"{named(url)} {rule}; {reason(error)}") from error


def tell_when_away(engine: Engine) -> None:
    """From now on, let it be our error where the engine's server is gone: `StorageAway`."""

    def tell(context: ExceptionContext) -> None:
        # A pre-ping that fails is no fault yet: the pool connects anew.
        is_away = context.connection is None or context.is_disconnect
        if is_away and not context.is_pre_ping and isinstance(context.sqlalchemy_exception, DBAPIError):
            raise StorageAway(f"{named(engine.url)} is away; {reason(context.sqlalchemy_exception)}")

    event.listen(engine, "handle_error", tell)
