"""Rows from one kind of database to another, table by table: so that a backup fits wherever a hub keeps its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, func, inspect, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from sweepyard.errors import ArchiveError
from sweepyard.storage import snapshot, tables
from sweepyard.storage.engine import Engines, open_engines, sqlite_url
from sweepyard.storage.faults import named, reason
from sweepyard.storage.migrations import HEAD, bring_up_to_date, stored_revision

_ROWS_A_PIECE = 1000


@dataclass(frozen=True, slots=True)
class SharedDatabase:
    """A database that several hubs may share, as the source of a backup and as the target of a restoration."""

    url: str = field(repr=False)

    def copy_to(self, file: Path, progress: snapshot.StepProgress) -> None:
        """Write all rows, as they are at one moment, to a new SQLite file.

        Raises:
            ArchiveError: The tables are of another version, or cannot be read.
        """
        target = create_engine(sqlite_url(file), poolclass=NullPool)
        try:
            bring_up_to_date(target)
            with (
                _opened(self.url) as engines,
                engines.reader.connect() as source,
                target.begin() as copy,
            ):
                revision = stored_revision(source)
                if revision != HEAD:
                    raise ArchiveError(
                        f"a backup is made of tables of this version ({HEAD}); those of {named(engines.reader.url)} "
                        f"are at {revision or 'none'}. Serve the hub with this version once: that migrates them"
                    )
                _copy(source, copy, progress)
        finally:
            target.dispose()

    def require_empty(self) -> None:
        """Refuse a database that has rows.

        Raises:
            ArchiveError: It has, or cannot be reached.
        """
        with _opened(self.url) as engines, engines.reader.connect() as connection:
            there = set(inspect(connection).get_table_names())
            for table in tables.metadata.sorted_tables:
                if table.name in there and connection.execute(select(text("1")).select_from(table).limit(1)).first():
                    raise ArchiveError(
                        f"a backup is restored into an empty database; {named(engines.writer.url)} has rows in "
                        f"{table.name}. Make a new database and name it in SWEEPYARD_DATABASE"
                    )

    def fill_from(self, file: Path, progress: snapshot.StepProgress) -> None:
        """Take all rows of a SQLite file of the present revision, in one transaction.

        Raises:
            ArchiveError: The rows cannot be written.
        """
        with _opened(self.url) as engines, snapshot.reading(file) as source:
            bring_up_to_date(engines.writer)
            with engines.writer.begin() as target:
                _copy(source, target, progress)
                for table in tables.metadata.sorted_tables:
                    _count_on(target, table)


@contextmanager
def _opened(url: str) -> Iterator[Engines]:
    engines = open_engines(url)
    try:
        yield engines
    except DatabaseError as error:
        raise ArchiveError(f"{named(engines.writer.url)} cannot be used: {reason(error)}") from error
    finally:
        engines.dispose()


def _copy(source: Connection, target: Connection, progress: snapshot.StepProgress) -> None:
    chosen = tables.metadata.sorted_tables
    total = sum(source.execute(select(func.count()).select_from(table)).scalar_one() for table in chosen)
    done = 0
    for table in chosen:
        rows = source.execute(select(table), execution_options={"yield_per": _ROWS_A_PIECE})
        for piece in rows.mappings().partitions():
            target.execute(table.insert(), [_values(row) for row in piece])
            done += len(piece)
            progress(done, total)


def _values(row: Any) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _count_on(target: Connection, table: Table) -> None:
    """Let the next row's number follow the greatest: rows that bring their numbers do not move the counter."""
    column = table.autoincrement_column
    if column is None:
        return
    greatest = target.execute(select(func.max(column))).scalar_one()
    if greatest is not None:
        statement = text("SELECT setval(pg_get_serial_sequence(:table, :column), :greatest)")
        target.execute(statement, {"table": table.name, "column": column.name, "greatest": greatest})
