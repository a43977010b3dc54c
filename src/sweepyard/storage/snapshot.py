"""A hub's rows in one SQLite file that nothing else writes: how backups keep them, whatever database they come from."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, column, create_engine, func, inspect, select, table
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from sweepyard.domain.artifact import ArtifactState
from sweepyard.errors import ArchiveError
from sweepyard.storage import tables
from sweepyard.storage.engine import BUSY_TIMEOUT_MILLISECONDS
from sweepyard.storage.migrations import stored_revision

_PAGES_A_STEP = 2048
_ANNOUNCED_PROBLEMS = 5
# A write beyond a limit on file sizes is an I/O error to SQLite.
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE})

_DIGEST, _SIZE, _VERSION = "blob_digest", "blob_size_bytes", "artifact_number"

# (pages done, pages in all)
StepProgress = Callable[[int, int], None]


def copy_sqlite(source: Path, target: Path, progress: StepProgress) -> None:
    """Copy a database as it is at this moment, while others write to it; `target` is one plain file afterwards.

    The reading transaction that is open meanwhile keeps the copy from starting anew at every write.

    Raises:
        ArchiveError: The source cannot be read, or the target not be made.
        OSError: There is no room for the target.
    """
    try:
        with (
            closing(
                sqlite3.connect(_uri(source, "mode=rw"), uri=True, timeout=BUSY_TIMEOUT_MILLISECONDS / 1000)
            ) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.isolation_level = None
            old.execute("BEGIN")
            old.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            old.backup(new, pages=_PAGES_A_STEP, progress=lambda _status, left, total: progress(total - left, total))
            # One file, without companions: it is only read from now on.
            new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) in _NO_ROOM:
            raise OSError(errno.ENOSPC, f"{error}, or files may not grow so large", target) from error
        raise ArchiveError(f"the database {source} could not be copied to {target}: {error}") from error


@contextmanager
def reading(file: Path) -> Iterator[Connection]:
    """A connection to a snapshot, which stays as it is, byte for byte.

    Raises:
        ArchiveError: It is no database, or none of a hub.
    """
    engine = _engine(file)
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise ArchiveError(f"the snapshot {file} cannot be read: {error.orig}") from error
    finally:
        engine.dispose()


def problems_of(file: Path) -> list[str]:
    """What SQLite itself finds wrong with a database file: broken pages and references that lead nowhere."""
    try:
        with closing(sqlite3.connect(_uri(file, "mode=ro&immutable=1"), uri=True)) as rows:
            found = [str(text) for (text,) in rows.execute("PRAGMA integrity_check")]
            found = [] if found == ["ok"] else found
            for table, *_ in rows.execute("PRAGMA foreign_key_check"):
                found.append(f"a row of {table} refers to one that is not there")
    except sqlite3.Error as error:
        found = [str(error)]
    return found[:_ANNOUNCED_PROBLEMS]


def revision_of(connection: Connection) -> str:
    """The revision of the snapshot's tables.

    Raises:
        ArchiveError: It has none: it is no hub's.
    """
    revision = stored_revision(connection)
    if revision is None:
        raise ArchiveError("a hub's database says which version wrote it; this one does not")
    return revision


def referred_sizes(connection: Connection) -> dict[str, int]:
    """The blobs that the snapshot's rows refer to, those of deleted versions excepted: sizes in bytes by digest.

    Whatever the revision: a column that names a blob is called `blob_digest` in every one.
    """
    inspector = inspect(connection)
    found: dict[str, int] = {}
    for name in inspector.get_table_names():
        columns = {str(each["name"]) for each in inspector.get_columns(name)}
        if _DIGEST not in columns:
            continue
        holder = table(name, column(_DIGEST), column(_SIZE), column(_VERSION))
        statement = select(holder.c[_DIGEST], holder.c[_SIZE]).where(holder.c[_DIGEST].is_not(None)).distinct()
        if _VERSION in columns:
            versions = table("artifacts", column("number"), column("state"))
            living = select(versions.c.number).where(versions.c.state != ArtifactState.DELETED.value)
            statement = statement.where(holder.c[_VERSION].in_(living))
        found.update((str(digest), int(size)) for digest, size in connection.execute(statement))
    return found


def counts(connection: Connection) -> dict[str, int]:
    """How many there are of what people know by name."""
    named = (tables.projects, tables.runs, tables.sweeps, tables.artifacts, tables.users)
    return {each.name: connection.execute(select(func.count()).select_from(each)).scalar_one() for each in named}


def _engine(file: Path) -> Engine:
    uri = _uri(file, "mode=ro&immutable=1")
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)


def _uri(file: Path, options: str) -> str:
    return f"file:{quote(str(file.absolute()))}?{options}"
