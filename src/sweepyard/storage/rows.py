"""Between the domain's dataclasses and rows: field by field, with paths and blobs laid flat."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, and_, insert, select, update

from sweepyard.domain.artifact import BlobRef

Values = dict[str, Any]


def values_of(entity: Any) -> Values:
    """A dataclass's fields by name; a nested `path` is laid flat and a `blob` becomes three columns."""
    values: Values = {}
    for item in dataclasses.fields(entity):
        value = getattr(entity, item.name)
        if item.name == "path":
            values.update(values_of(value))
        elif item.name == "blob":
            values.update(_blob_columns(value))
        else:
            values[item.name] = value
    return values


def blob_of(row: RowMapping) -> BlobRef | None:
    """The blob that a row's three columns name, if any."""
    if row["blob_digest"] is None:
        return None
    return BlobRef(row["blob_digest"], row["blob_md5"], row["blob_size"])


def pick(row: RowMapping, shape: type, *without: str) -> Values:
    """Those columns of a row that are fields of the dataclass `shape`."""
    return {item.name: row[item.name] for item in dataclasses.fields(shape) if item.name not in without}


def put(connection: Connection, table: Table, values: Values, *key: str) -> None:
    """Overwrite the row with that key, or add it. Writers run alone, so nobody comes in between."""
    where = and_(*(table.c[name] == values[name] for name in key))
    rest = {name: value for name, value in values.items() if name not in key}
    if connection.execute(update(table).where(where).values(rest)).rowcount == 0:
        connection.execute(insert(table).values(values))


def exists(connection: Connection, table: Table, *where: ColumnElement[bool]) -> bool:
    """Whether some row fits."""
    return connection.execute(select(1).select_from(table).where(*where).limit(1)).first() is not None


def _blob_columns(blob: BlobRef | None) -> Values:
    if blob is None:
        return {"blob_digest": None, "blob_md5": None, "blob_size": None}
    return {"blob_digest": blob.digest, "blob_md5": blob.md5, "blob_size": blob.size_bytes}
