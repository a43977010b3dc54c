"""The line streams of runs, in SQL: a tail of chunks as they came over compressed blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, func, select

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.history_keys import KeySummary, joined, summaries_of
from sweepyard.domain.run import RunPath
from sweepyard.domain.series import Series
from sweepyard.domain.series import joined as joined_series
from sweepyard.errors import NotFound
from sweepyard.storage import tables
from sweepyard.storage.blocks import Block, Line, blocks_of, rows_of, unpack_keys
from sweepyard.storage.packing import pack_lines, pack_numbers
from sweepyard.storage.run_rows import find_number
from sweepyard.storage.stream_parts import Part, Parts, StoredBlock, lines_of_chunks
from sweepyard.storage.stream_series import StoredSeries
from sweepyard.storage.stream_statements import (
    ADD_BLOCK,
    ADD_CHUNK,
    END_OF_BLOCKS,
    END_OF_CHUNKS,
    FIND,
    READ_CHUNKS,
    READ_KEYS,
    of_run,
    of_stream,
)
from sweepyard.storage.stream_tails import Growth, StreamKey

_CHUNKS, _BLOCKS = tables.run_chunks.c, tables.run_blocks.c
_BEYOND = 2**63  # above every step
_BLOCK_VALUES = (
    "first_line",
    "last_line",
    "line_count",
    "byte_count",
    "min_step",
    "max_step",
    "summaries",
    "line_numbers",
    "steps",
    "lines",
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is to take the place of a tail.

    Attributes:
        last_chunk: The number of the last chunk in it.
        chunk_count: How many chunks are in it.
        replaced: The numbers of the blocks that are in it too.
    """

    last_chunk: int
    chunk_count: int
    replaced: Sequence[int]
    blocks: Sequence[Block]


class SqlStreams:
    """The stream repository; see `services.ports`.

    Attributes:
        growth: The chunks that were written here.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._parts = Parts(connection)
        self.growth: list[Growth] = []

    def write(self, path: RunPath, chunk: Chunk, steps: Sequence[int]) -> None:
        if not chunk.lines:
            return
        lines = pack_lines(chunk.lines)
        values = {
            **of_run(path),
            "stream": chunk.stream.value,
            "first_line": chunk.offset,
            "line_count": len(chunk.lines),
            "steps": pack_numbers(steps),
            "lines": lines,
        }
        added = ADD_CHUNK.rows(self._connection, values)
        if not added:
            raise NotFound(f"there is no run {path}")
        number = int(added[0][0])
        self.growth.append(Growth((number, chunk.stream), len(chunk.lines), len(lines)))

    def truncate(self, path: RunPath) -> None:
        number = find_number(self._connection, path)
        self._connection.execute(tables.run_chunks.delete().where(_CHUNKS.run_number == number))
        self._connection.execute(tables.run_blocks.delete().where(_BLOCKS.run_number == number))

    def line_counts(self, path: RunPath) -> dict[Stream, int]:
        number = self._number(path)
        return {stream: self._end((number, stream)) if number is not None else 0 for stream in Stream}

    def last_line(self, path: RunPath, stream: Stream) -> str | None:
        number = self._number(path)
        if number is None:
            return None
        parts = self._parts.all((number, stream))
        return self._parts.lines_of(parts[-1])[-1][2] if parts else None

    def lines(
        self, path: RunPath, stream: Stream, *, first: int = 0, limit: int | None = None
    ) -> list[tuple[int, str]]:
        number = self._number(path)
        if number is None:
            return []
        found = (
            (line, text)
            for part in self._parts.all((number, stream), first)
            if not isinstance(part, StoredBlock) or part.last_line >= first
            for line, _, text in self._parts.lines_of(part)
            if line >= first
        )
        return list(islice(found, limit))

    def rows(
        self,
        path: RunPath,
        stream: Stream,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
        limit: int | None = None,
    ) -> list[tuple[int, int, str]]:
        number = self._number(path)
        if number is None:
            return []
        low = -1 if min_step is None else min_step
        high = _BEYOND if max_step is None else max_step
        found: list[Line] = []
        for part in self._parts.all((number, stream)):
            if limit is not None and len(found) >= limit:
                break
            if isinstance(part, StoredBlock) and (part.max_step < low or part.min_step >= high):
                continue
            lines = self._parts.lines_of(part)
            if isinstance(part, StoredBlock) and part.min_step >= low and part.max_step < high:
                found += lines
            else:
                found += [line for line in lines if low <= line[1] < high]
        return found[:limit]

    def keys(self, path: RunPath) -> dict[str, KeySummary]:
        number = self._number(path)
        if number is None:
            return {}
        key = (number, Stream.HISTORY)
        packed: dict[int, bytes | None] = dict(READ_KEYS.rows(self._connection, of_stream(key)))
        found = []
        for part in self._parts.all(key):
            known = packed[part.number] if isinstance(part, StoredBlock) else None
            found.append(summaries_of(rows_of(self._parts.lines_of(part))) if known is None else unpack_keys(known))
        return joined(found)

    def last_step(self, path: RunPath) -> int:
        number = self._number(path)
        parts = [] if number is None else self._parts.all((number, Stream.HISTORY))
        return max(
            (part.max_step if isinstance(part, StoredBlock) else max(step for _, step, _ in part) for part in parts),
            default=-1,
        )

    def series(
        self, path: RunPath, keys: Sequence[str], *, min_step: int | None = None, max_step: int | None = None
    ) -> Series | None:
        number = self._number(path)
        if number is None:
            return joined_series([], keys)
        key = (number, Stream.HISTORY)
        low = -1 if min_step is None else min_step
        high = _BEYOND if max_step is None else max_step
        return StoredSeries(self._connection, key, keys).between(keys, low, high)

    def series_each(self, path: RunPath, wanted: Sequence[Sequence[str]]) -> list[Series | None]:
        number = self._number(path)
        if number is None:
            return [joined_series([], keys) for keys in wanted]
        stored = StoredSeries(self._connection, (number, Stream.HISTORY), {key for keys in wanted for key in keys})
        return [stored.between(keys, -1, _BEYOND) for keys in wanted]

    # ------------------------------------------------------------------------------------------ sealing

    def unsealed(self) -> list[Growth]:
        """The streams that have a tail, with what is in it."""
        statement = select(_CHUNKS.run_number, _CHUNKS.stream, func.count(), func.sum(_CHUNKS.line_count))
        rows = self._connection.execute(statement.group_by(_CHUNKS.run_number, _CHUNKS.stream))
        return [
            Growth((number, Stream(stream)), int(lines), chunks=int(chunks)) for number, stream, chunks, lines in rows
        ]

    def sealed(self, key: StreamKey) -> Sealed | None:
        """What a stream's tail comes to, packed; None where it has none."""
        chunks = READ_CHUNKS.rows(self._connection, {**of_stream(key), "first": 0})
        if not chunks:
            return None
        replaced: list[int] = []
        loose: list[list[Line]] = []
        before: Part | None = None
        for part in self._parts.laid_over(key, lines_of_chunks(chunks), replaced):
            if isinstance(part, StoredBlock):
                before = part
                continue
            if isinstance(before, StoredBlock) and before.is_small:
                replaced.append(before.number)
                part = [*self._parts.lines_of(before), *part]
            if isinstance(before, list):
                loose[-1] += part
            else:
                loose.append(part)
            before = part
        blocks = [block for lines in loose for block in blocks_of(lines, is_history=key[1] is Stream.HISTORY)]
        return Sealed(chunks[-1][0], len(chunks), replaced, blocks)

    def seal(self, key: StreamKey, sealed: Sealed) -> bool:
        """Put blocks in the place of the tail; False, and nothing done, where it is no longer what it was.

        Numbers of chunks and blocks are never given twice, so what is counted here is what was read.
        """
        number, stream = key
        read = (_CHUNKS.run_number == number, _CHUNKS.stream == stream.value, _CHUNKS.number <= sealed.last_chunk)
        chunk_count = self._connection.execute(select(func.count()).select_from(tables.run_chunks).where(*read))
        replaced = select(func.count()).select_from(tables.run_blocks).where(_BLOCKS.number.in_(sealed.replaced))
        if chunk_count.scalar_one() != sealed.chunk_count:
            return False
        if self._connection.execute(replaced).scalar_one() != len(sealed.replaced):
            return False
        self._connection.execute(tables.run_chunks.delete().where(*read))
        self._connection.execute(tables.run_blocks.delete().where(_BLOCKS.number.in_(sealed.replaced)))
        for block in sealed.blocks:
            values = {name: getattr(block, name) for name in _BLOCK_VALUES}
            added = self._connection.execute(ADD_BLOCK, {"run_number": number, "stream": stream.value, **values})
            block_number = added.scalar_one()
            columns = [
                {"block_number": block_number, "key": name, "cells": cells} for name, cells in block.columns.items()
            ]
            if columns:
                self._connection.execute(tables.run_columns.insert(), columns)
        return True

    # ------------------------------------------------------------------------------------------ reading

    def _number(self, path: RunPath) -> int | None:
        rows = FIND.rows(self._connection, of_run(path))
        return rows[0][0] if rows else None

    def _end(self, key: StreamKey) -> int:
        names = of_stream(key)
        chunks = END_OF_CHUNKS.rows(self._connection, names)[0][0] or 0
        last = END_OF_BLOCKS.rows(self._connection, names)[0][0]
        return max(int(chunks), 0 if last is None else int(last) + 1)
