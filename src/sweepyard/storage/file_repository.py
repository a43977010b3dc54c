"""Files of runs, in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from sweepyard.domain.artifact import BlobRef, RunFile
from sweepyard.domain.run import RunPath
from sweepyard.storage import tables
from sweepyard.storage.run_rows import find_number, number_of
from sweepyard.storage.statements import blob_columns, blob_of, blobs_of, upsert

_COLUMNS = tables.run_files.c


class SqlFiles:
    """The file repository; see `services.ports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, path: RunPath, file: RunFile) -> None:
        row = {
            "run_number": number_of(self._connection, path),
            "name": file.name,
            "updated_at": file.updated_at,
            **blob_columns(file.blob),
        }
        upsert(self._connection, tables.run_files, [row], keys=["run_number", "name"])

    def get(self, path: RunPath, name: str) -> RunFile | None:
        number = find_number(self._connection, path)
        statement = select(tables.run_files).where(_COLUMNS.run_number == number, _COLUMNS.name == name)
        row = self._connection.execute(statement).first()
        return None if row is None else _file(row)

    def of_run(self, path: RunPath) -> list[RunFile]:
        number = find_number(self._connection, path)
        statement = select(tables.run_files).where(_COLUMNS.run_number == number).order_by(_COLUMNS.name)
        return [_file(row) for row in self._connection.execute(statement)]

    def delete(self, path: RunPath, name: str) -> None:
        number = find_number(self._connection, path)
        self._connection.execute(tables.run_files.delete().where(_COLUMNS.run_number == number, _COLUMNS.name == name))

    def blobs(self, entity: str) -> Iterator[BlobRef]:
        columns = (_COLUMNS.blob_digest, _COLUMNS.blob_md5, _COLUMNS.blob_size_bytes)
        statement = select(*columns).join(tables.runs, tables.runs.c.number == _COLUMNS.run_number)
        yield from blobs_of(self._connection, statement.where(tables.runs.c.entity == entity))


def _file(row: Row[Any]) -> RunFile:
    return RunFile(row.name, row.updated_at, blob_of(row))
