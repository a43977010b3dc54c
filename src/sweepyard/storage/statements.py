"""Statements that SQLite and PostgreSQL write alike, and the blob columns that several tables share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from sweepyard.domain.artifact import BlobRef
from sweepyard.errors import Conflict

Values = Mapping[str, Any]

# SQLite takes 32,766 variables a statement; lists of keys go in pieces of this size.
MAX_KEYS = 1000


def insert_new(connection: Connection, table: Table, values: Values, what: str) -> int:
    """Insert a row, and give its number where the table has one (else 0).

    Raises:
        Conflict: Its key is taken.
    """
    try:
        with connection.begin_nested():
            result = connection.execute(table.insert().values(**values))
    except IntegrityError as error:
        raise Conflict(f"{what} exists already, or what it belongs to does not") from error
    key = result.inserted_primary_key
    return int(key[0]) if key is not None and isinstance(key[0], int) else 0


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say what is to be done on conflicts, which each database spells in its own way."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def upsert(connection: Connection, table: Table, rows: Sequence[Values], *, keys: Sequence[str]) -> None:
    """Insert rows, overwriting those whose `keys` are there already."""
    if not rows:
        return
    statement = insert_into(connection, table)
    others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    if others:
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_=others)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    connection.execute(statement, [dict(row) for row in rows])


def blob_columns(blob: BlobRef | None) -> dict[str, Any]:
    """The three columns that hold a blob's reference."""
    if blob is None:
        return {"blob_digest": None, "blob_md5": None, "blob_size_bytes": None}
    return {"blob_digest": blob.digest, "blob_md5": blob.md5, "blob_size_bytes": blob.size_bytes}


def blob_of(row: Any) -> BlobRef | None:
    """The blob that a row refers to."""
    if row.blob_digest is None:
        return None
    return BlobRef(row.blob_digest, row.blob_md5, row.blob_size_bytes)


def blobs_of(connection: Connection, statement: Select[Any]) -> Iterator[BlobRef]:
    """The blobs that the rows of a statement over the blob columns refer to, as they come from the database."""
    with connection.execute(statement, execution_options={"yield_per": MAX_KEYS}) as rows:
        for row in rows:
            blob = blob_of(row)
            if blob is not None:
                yield blob


def pieces(items: Iterable[str]) -> list[list[str]]:
    """The items in lists short enough for one statement."""
    listed = list(items)
    return [listed[begin : begin + MAX_KEYS] for begin in range(0, len(listed), MAX_KEYS)]
