"""The line streams of runs, in SQL: a row a line."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import RunPath
from sweepyard.storage import tables
from sweepyard.storage.run_rows import find_number, number_of
from sweepyard.storage.statements import upsert

_COLUMNS = tables.run_lines.c


class SqlStreams:
    """The stream repository; see `services.ports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, path: RunPath, chunk: Chunk, steps: Sequence[int]) -> None:
        number = number_of(self._connection, path)
        rows = [
            {
                "run_number": number,
                "stream": chunk.stream.value,
                "line_number": chunk.offset + index,
                "step": step,
                "body": line.encode(),
            }
            for index, (line, step) in enumerate(zip(chunk.lines, steps, strict=True))
        ]
        upsert(self._connection, tables.run_lines, rows, keys=["run_number", "stream", "line_number"])

    def truncate(self, path: RunPath) -> None:
        number = find_number(self._connection, path)
        self._connection.execute(tables.run_lines.delete().where(_COLUMNS.run_number == number))

    def line_counts(self, path: RunPath) -> dict[Stream, int]:
        number = find_number(self._connection, path)
        counts: dict[Stream, int] = {}
        for stream in Stream:
            # One stream a query: the greatest line number is then the last entry of the primary key's range.
            statement = select(func.max(_COLUMNS.line_number)).where(
                _COLUMNS.run_number == number, _COLUMNS.stream == stream.value
            )
            last: int | None = self._connection.execute(statement).scalar_one()
            counts[stream] = 0 if last is None else last + 1
        return counts

    def last_line(self, path: RunPath, stream: Stream) -> str | None:
        statement = (
            select(_COLUMNS.body)
            .where(_COLUMNS.run_number == find_number(self._connection, path), _COLUMNS.stream == stream.value)
            .order_by(_COLUMNS.line_number.desc())
            .limit(1)
        )
        body: bytes | None = self._connection.execute(statement).scalar_one_or_none()
        return None if body is None else body.decode()

    def lines(
        self, path: RunPath, stream: Stream, *, first: int = 0, limit: int | None = None
    ) -> list[tuple[int, str]]:
        statement = (
            select(_COLUMNS.line_number, _COLUMNS.body)
            .where(
                _COLUMNS.run_number == find_number(self._connection, path),
                _COLUMNS.stream == stream.value,
                _COLUMNS.line_number >= first,
            )
            .order_by(_COLUMNS.line_number)
            .limit(limit)
        )
        return [(number, body.decode()) for number, body in self._connection.execute(statement)]

    def rows(
        self,
        path: RunPath,
        stream: Stream,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
        limit: int | None = None,
    ) -> list[tuple[int, int, str]]:
        statement = select(_COLUMNS.line_number, _COLUMNS.step, _COLUMNS.body).where(
            _COLUMNS.run_number == find_number(self._connection, path), _COLUMNS.stream == stream.value
        )
        if min_step is not None:
            statement = statement.where(_COLUMNS.step >= min_step)
        if max_step is not None:
            statement = statement.where(_COLUMNS.step < max_step)
        found = self._connection.execute(statement.order_by(_COLUMNS.line_number).limit(limit))
        return [(number, step, body.decode()) for number, step, body in found]
