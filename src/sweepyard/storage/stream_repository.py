"""The line streams of runs, in SQL: a tail of chunks as they came over compressed blocks.

Where the two overlap, chunks stand over blocks and later chunks over earlier ones; `_Parts` is the one place that
knows it. Everything that reads goes through it, and so does sealing, which makes new blocks of the tail and of the
blocks that it touches.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.history_keys import KeySummary, joined, summaries_of
from sweepyard.domain.run import RunPath
from sweepyard.domain.series import Bits, Series, series_of
from sweepyard.domain.series import joined as joined_series
from sweepyard.errors import NotFound
from sweepyard.storage import tables
from sweepyard.storage.blocks import (
    BLOCK_BYTES,
    BLOCK_LINES,
    Block,
    Line,
    blocks_of,
    rows_of,
    unpack_block,
    unpack_keys,
)
from sweepyard.storage.columns import SAME_AS_STEPS, column_of_steps, unpack_column
from sweepyard.storage.packing import pack_lines, pack_numbers, unpack_lines, unpack_numbers
from sweepyard.storage.prepared import Prepared
from sweepyard.storage.run_rows import find_number
from sweepyard.storage.stream_tails import Growth, StreamKey

_RUNS, _CHUNKS, _BLOCKS, _COLUMNS = tables.runs.c, tables.run_chunks.c, tables.run_blocks.c, tables.run_columns.c
_SMALL_LINES = BLOCK_LINES // 2
_SMALL_BYTES = BLOCK_BYTES // 2
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

_CHUNKS_OF = (
    _CHUNKS.run_number == bindparam("run"),
    _CHUNKS.stream == bindparam("stream"),
)
_BLOCKS_OF = (_BLOCKS.run_number == bindparam("run"), _BLOCKS.stream == bindparam("stream"))

_RUN_OF = (
    _RUNS.entity == bindparam("entity"),
    _RUNS.project == bindparam("project"),
    _RUNS.run_id == bindparam("run_id"),
)
_FIND = Prepared(select(_RUNS.number).where(*_RUN_OF))
_CHUNK_VALUES = ("stream", "first_line", "line_count", "steps", "lines")
_ADD_CHUNK = Prepared(
    tables.run_chunks.insert()
    .from_select(
        ["run_number", *_CHUNK_VALUES],
        select(_RUNS.number, *(bindparam(name, type_=_CHUNKS[name].type) for name in _CHUNK_VALUES)).where(*_RUN_OF),
    )
    .returning(_CHUNKS.run_number)
)
_READ_CHUNKS = Prepared(
    select(_CHUNKS.number, _CHUNKS.first_line, _CHUNKS.line_count, _CHUNKS.steps, _CHUNKS.lines)
    .where(*_CHUNKS_OF, _CHUNKS.first_line + _CHUNKS.line_count > bindparam("first"))
    .order_by(_CHUNKS.number)
)
_END_OF_CHUNKS = Prepared(select(func.max(_CHUNKS.first_line + _CHUNKS.line_count)).where(*_CHUNKS_OF))
_END_OF_BLOCKS = Prepared(select(func.max(_BLOCKS.last_line)).where(*_BLOCKS_OF))
_LIST_BLOCKS = Prepared(
    select(
        _BLOCKS.number,
        _BLOCKS.first_line,
        _BLOCKS.last_line,
        _BLOCKS.line_count,
        _BLOCKS.byte_count,
        _BLOCKS.min_step,
        _BLOCKS.max_step,
    )
    .where(*_BLOCKS_OF)
    .order_by(_BLOCKS.first_line)
)
_READ_BLOCK = Prepared(
    select(_BLOCKS.lines, _BLOCKS.line_numbers, _BLOCKS.steps).where(_BLOCKS.number == bindparam("block"))
)
_READ_BLOCK_KEYS = Prepared(select(_BLOCKS.summaries).where(_BLOCKS.number == bindparam("block")))
_READ_KEYS = Prepared(select(_BLOCKS.number, _BLOCKS.summaries).where(*_BLOCKS_OF))
_READ_STEPS = Prepared(select(_BLOCKS.number, _BLOCKS.steps).where(*_BLOCKS_OF))
_READ_COLUMN = Prepared(
    select(_COLUMNS.block_number, _COLUMNS.cells)
    .join(tables.run_blocks, _BLOCKS.number == _COLUMNS.block_number)
    .where(*_BLOCKS_OF, _COLUMNS.key == bindparam("key"))
)
_ADD_BLOCK = tables.run_blocks.insert().returning(_BLOCKS.number)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What finds a block, and what is known of its lines without reading them."""

    number: int
    first_line: int
    last_line: int
    line_count: int
    byte_count: int
    min_step: int
    max_step: int

    @property
    def is_small(self) -> bool:
        return self.line_count < _SMALL_LINES and self.byte_count < _SMALL_BYTES


_Part = _Stored | list[Line]
"""A stretch of a stream: a block as it is stored, or loose lines in order."""


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
        self.growth: list[Growth] = []

    def write(self, path: RunPath, chunk: Chunk, steps: Sequence[int]) -> None:
        if not chunk.lines:
            return
        lines = pack_lines(chunk.lines)
        values = {
            **_path(path),
            "stream": chunk.stream.value,
            "first_line": chunk.offset,
            "line_count": len(chunk.lines),
            "steps": pack_numbers(steps),
            "lines": lines,
        }
        added = _ADD_CHUNK.rows(self._connection, values)
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
        parts = self._parts((number, stream))
        return self._lines_of(parts[-1])[-1][2] if parts else None

    def lines(
        self, path: RunPath, stream: Stream, *, first: int = 0, limit: int | None = None
    ) -> list[tuple[int, str]]:
        number = self._number(path)
        if number is None:
            return []
        found = (
            (line, text)
            for part in self._parts((number, stream), first)
            if not isinstance(part, _Stored) or part.last_line >= first
            for line, _, text in self._lines_of(part)
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
        for part in self._parts((number, stream)):
            if limit is not None and len(found) >= limit:
                break
            if isinstance(part, _Stored) and (part.max_step < low or part.min_step >= high):
                continue
            lines = self._lines_of(part)
            if isinstance(part, _Stored) and part.min_step >= low and part.max_step < high:
                found += lines
            else:
                found += [line for line in lines if low <= line[1] < high]
        return found[:limit]

    def keys(self, path: RunPath) -> dict[str, KeySummary]:
        number = self._number(path)
        if number is None:
            return {}
        key = (number, Stream.HISTORY)
        packed: dict[int, bytes | None] = dict(_READ_KEYS.rows(self._connection, _names(key)))
        found = []
        for part in self._parts(key):
            known = packed[part.number] if isinstance(part, _Stored) else None
            found.append(summaries_of(rows_of(self._lines_of(part))) if known is None else unpack_keys(known))
        return joined(found)

    def last_step(self, path: RunPath) -> int:
        number = self._number(path)
        parts = [] if number is None else self._parts((number, Stream.HISTORY))
        return max(
            (part.max_step if isinstance(part, _Stored) else max(step for _, step, _ in part) for part in parts),
            default=-1,
        )

    def series(
        self, path: RunPath, keys: Sequence[str], *, min_step: int | None = None, max_step: int | None = None
    ) -> Series | None:
        number = self._number(path)
        if number is None:
            return joined_series([], keys)
        low = -1 if min_step is None else min_step
        high = _BEYOND if max_step is None else max_step
        columns = _Columns(self._connection, (number, Stream.HISTORY), keys)
        found: list[Series] = []
        for part in self._parts((number, Stream.HISTORY)):
            if isinstance(part, _Stored) and (part.max_step < low or part.min_step >= high):
                continue
            series = columns.of(part, low, high) if isinstance(part, _Stored) else None
            if series is None:
                lines = [line for line in self._lines_of(part) if low <= line[1] < high]
                series = series_of(zip((step for _, step, _ in lines), rows_of(lines), strict=True), keys)
            if series is None:
                return None
            found.append(series)
        return joined_series(found, keys)

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
        chunks = _READ_CHUNKS.rows(self._connection, {**_names(key), "first": 0})
        if not chunks:
            return None
        replaced: list[int] = []
        loose: list[list[Line]] = []
        before: _Part | None = None
        for part in self._parts_of(key, _laid_over(chunks), replaced):
            if isinstance(part, _Stored):
                before = part
                continue
            if isinstance(before, _Stored) and before.is_small:
                replaced.append(before.number)
                part = [*self._lines_of(before), *part]
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
            added = self._connection.execute(_ADD_BLOCK, {"run_number": number, "stream": stream.value, **values})
            block_number = added.scalar_one()
            columns = [
                {"block_number": block_number, "key": name, "cells": cells} for name, cells in block.columns.items()
            ]
            if columns:
                self._connection.execute(tables.run_columns.insert(), columns)
        return True

    # ------------------------------------------------------------------------------------------ reading

    def _number(self, path: RunPath) -> int | None:
        rows = _FIND.rows(self._connection, _path(path))
        return rows[0][0] if rows else None

    def _end(self, key: StreamKey) -> int:
        names = _names(key)
        chunks = _END_OF_CHUNKS.rows(self._connection, names)[0][0] or 0
        last = _END_OF_BLOCKS.rows(self._connection, names)[0][0]
        return max(int(chunks), 0 if last is None else int(last) + 1)

    def _parts(self, key: StreamKey, first: int = 0) -> list[_Part]:
        """The stream in order, blocks that the tail writes over already merged with it.

        Args:
            first: What stands before this line may be missing, or old.
        """
        chunks = _READ_CHUNKS.rows(self._connection, {**_names(key), "first": first})
        return list(self._parts_of(key, _laid_over(chunks), []))

    def _parts_of(self, key: StreamKey, tail: Mapping[int, tuple[int, str]], merged: list[int]) -> Iterator[_Part]:
        """The parts; the numbers of the merged blocks are appended to `merged`."""
        numbers = sorted(tail)
        begin = 0
        for row in _LIST_BLOCKS.rows(self._connection, _names(key)):
            block = _Stored(*row)
            at, end = bisect_left(numbers, block.first_line), bisect_right(numbers, block.last_line)
            if at > begin:
                yield [(number, *tail[number]) for number in numbers[begin:at]]
            if end > at:
                merged.append(block.number)
                lines = {number: (step, text) for number, step, text in self._lines_of(block)}
                lines.update((number, tail[number]) for number in numbers[at:end])
                yield [(number, *lines[number]) for number in sorted(lines)]
            else:
                yield block
            begin = end
        if begin < len(numbers):
            yield [(number, *tail[number]) for number in numbers[begin:]]

    def _lines_of(self, part: _Part) -> list[Line]:
        if not isinstance(part, _Stored):
            return part
        lines, numbers, steps = _READ_BLOCK.rows(self._connection, {"block": part.number})[0]
        return unpack_block(lines, numbers, steps, part.line_count)


class _Columns:
    """The columns of some keys over the blocks of a history."""

    def __init__(self, connection: Connection, key: StreamKey, keys: Sequence[str]) -> None:
        names = _names(key)
        self._keys = keys
        self._connection = connection
        self._steps: dict[int, bytes] = dict(_READ_STEPS.rows(connection, names))
        self._cells: list[dict[int, bytes]] = [
            dict(_READ_COLUMN.rows(connection, {**names, "key": key})) for key in keys
        ]

    def of(self, block: _Stored, low: int, high: int) -> Series | None:
        """The block's series with low <= step < high; None where its lines must be read for it."""
        cells = [column[block.number] for column in self._cells if block.number in column]
        if len(cells) < len(self._keys):
            return joined_series([], self._keys) if self._lacks_one(block) else None
        steps = unpack_numbers(self._steps[block.number], block.line_count)
        values, whole = {}, {}
        present: Bits | None = None
        for key, packed in zip(self._keys, cells, strict=True):
            column = column_of_steps(steps) if packed == SAME_AS_STEPS else unpack_column(packed, block.line_count)
            values[key], whole[key] = column.values, column.whole
            if column.present is not None:
                present = column.present if present is None else present & column.present
        if block.min_step < low or block.max_step >= high:
            within = (steps >= low) & (steps < high)
            present = within if present is None else present & within
        series = Series(steps, values, whole)
        return series if present is None else series.at(present)

    def _lacks_one(self, block: _Stored) -> bool:
        """Whether no row of the block has anything under one of the keys."""
        packed = _READ_BLOCK_KEYS.rows(self._connection, {"block": block.number})[0][0]
        if packed is None:
            return False
        known = unpack_keys(packed)
        return any(not has_key(known, key) for key in self._keys)


def has_key(known: Collection[str], key: str) -> bool:
    """Whether rows whose dotted keys are these may have something under `key`; what a value holds has no key."""
    return key in known or any(key.startswith(f"{other}.") or other.startswith(f"{key}.") for other in known)


def _path(path: RunPath) -> dict[str, object]:
    return {"entity": path.entity, "project": path.project, "run_id": path.run_id}


def _names(key: StreamKey) -> dict[str, object]:
    return {"run": key[0], "stream": key[1].value}


def _laid_over(chunks: Iterable[tuple[Any, ...]]) -> dict[int, tuple[int, str]]:
    """The lines of chunks, (step, text) by number, later chunks over earlier ones."""
    lines: dict[int, tuple[int, str]] = {}
    for _, first, count, steps, packed in chunks:
        pairs = zip(unpack_numbers(steps, count).tolist(), unpack_lines(packed), strict=True)
        lines.update(zip(range(first, first + count), pairs, strict=True))
    return lines
