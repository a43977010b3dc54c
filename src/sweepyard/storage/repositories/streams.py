"""The line streams of runs in SQL: one row a line, so that writing a chunk twice changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import RunPath
from sweepyard.storage.repositories.runs import number_of, required_number
from sweepyard.storage.tables import run_lines


class SqlStreams:
    """The `StreamRepository` of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, path: RunPath, chunk: Chunk, steps: Sequence[int]) -> None:
        number = required_number(self._connection, path)
        end = chunk.offset + len(chunk.lines)
        if not chunk.lines:
            return
        self._connection.execute(
            delete(run_lines).where(
                *_of_stream(number, chunk.stream), run_lines.c.line >= chunk.offset, run_lines.c.line < end
            )
        )
        rows = [
            {"run_number": number, "stream": chunk.stream, "line": line, "step": step, "body": body}
            for line, step, body in zip(range(chunk.offset, end), steps, chunk.lines, strict=True)
        ]
        self._connection.execute(insert(run_lines), rows)

    def truncate(self, path: RunPath) -> None:
        number = number_of(self._connection, path)
        if number is not None:
            self._connection.execute(delete(run_lines).where(run_lines.c.run_number == number))

    def line_counts(self, path: RunPath) -> dict[Stream, int]:
        number = number_of(self._connection, path)
        counts = dict.fromkeys(Stream, 0)
        for stream in Stream:
            # A maximum of its own for each stream reads one index entry; GROUP BY would read them all.
            last = self._connection.execute(select(func.max(run_lines.c.line)).where(*_of_stream(number, stream)))
            greatest = last.scalar()
            counts[stream] = 0 if greatest is None else int(greatest) + 1
        return counts

    def last_line(self, path: RunPath, stream: Stream) -> str | None:
        number = number_of(self._connection, path)
        query = select(run_lines.c.body).where(*_of_stream(number, stream)).order_by(run_lines.c.line.desc()).limit(1)
        body: str | None = self._connection.execute(query).scalar()
        return body

    def lines(
        self, path: RunPath, stream: Stream, *, first: int = 0, limit: int | None = None
    ) -> list[tuple[int, str]]:
        number = number_of(self._connection, path)
        query = (
            select(run_lines.c.line, run_lines.c.body)
            .where(*_of_stream(number, stream), run_lines.c.line >= first)
            .order_by(run_lines.c.line)
            .limit(limit)
        )
        return [(line, body) for line, body in self._connection.execute(query)]

    def rows(
        self,
        path: RunPath,
        stream: Stream,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
        limit: int | None = None,
    ) -> list[tuple[int, int, str]]:
        conditions = _of_stream(number_of(self._connection, path), stream)
        if min_step is not None:
            conditions.append(run_lines.c.step >= min_step)
        if max_step is not None:
            conditions.append(run_lines.c.step < max_step)
        query = (
            select(run_lines.c.line, run_lines.c.step, run_lines.c.body)
            .where(*conditions)
            .order_by(run_lines.c.line)
            .limit(limit)
        )
        return [(line, step, body) for line, step, body in self._connection.execute(query)]


def _of_stream(number: int | None, stream: Stream) -> list[ColumnElement[bool]]:
    return [run_lines.c.run_number == number, run_lines.c.stream == stream]
