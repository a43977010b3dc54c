"""Files of runs in SQL; their bytes are in the blob store."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, delete, select

from sweepyard.domain.artifact import RunFile
from sweepyard.domain.run import RunPath
from sweepyard.storage.repositories.runs import number_of, required_number
from sweepyard.storage.rows import blob_of, put, values_of
from sweepyard.storage.tables import run_files


class SqlFiles:
    """The `FileRepository` of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, path: RunPath, file: RunFile) -> None:
        number = required_number(self._connection, path)
        put(self._connection, run_files, {"run_number": number, **values_of(file)}, "run_number", "name")

    def get(self, path: RunPath, name: str) -> RunFile | None:
        number = number_of(self._connection, path)
        query = select(run_files).where(run_files.c.run_number == number, run_files.c.name == name)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _file(row)

    def of_run(self, path: RunPath) -> list[RunFile]:
        number = number_of(self._connection, path)
        query = select(run_files).where(run_files.c.run_number == number).order_by(run_files.c.name)
        return [_file(row) for row in self._connection.execute(query).mappings()]

    def delete(self, path: RunPath, name: str) -> None:
        number = number_of(self._connection, path)
        self._connection.execute(delete(run_files).where(run_files.c.run_number == number, run_files.c.name == name))


def _file(row: RowMapping) -> RunFile:
    return RunFile(row["name"], row["updated_at"], blob_of(row))
