"""The numbers of keys over a history: out of the columns of blocks, and of lines where there are none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

from sqlalchemy import Connection

from sweepyard.domain.series import Bits, Series, joined, series_of
from sweepyard.jsonvalue import JsonObject
from sweepyard.storage.blocks import rows_of, unpack_keys
from sweepyard.storage.columns import unpack_columns
from sweepyard.storage.packing import unpack_all
from sweepyard.storage.stream_parts import Part, Parts, StoredBlock
from sweepyard.storage.stream_statements import READ_BLOCK_KEYS, READ_COLUMN, of_stream
from sweepyard.storage.stream_tails import StreamKey

StepRows = list[tuple[int, JsonObject]]
"""The rows of a part, each with its step."""


class StoredSeries:
    """The series of keys of a history; what several of them need is read once."""

    def __init__(self, connection: Connection, key: StreamKey, keys: Collection[str]) -> None:
        """Begin to read.

        Args:
            keys: All that series are asked for of.
        """
        names = of_stream(key)
        self._connection = connection
        self._reader = Parts(connection)
        self._parts = self._reader.all(key)
        self._rows: dict[int, StepRows] = {}
        self._cells: dict[str, dict[int, bytes]] = {
            key: dict(READ_COLUMN.rows(connection, {**names, "key": key})) for key in keys
        }

    def between(self, keys: Sequence[str], low: int, high: int) -> Series | None:
        """The series of the rows with low <= step < high; None where what they hold is not all exact numbers."""
        near = [
            part
            for part in self._parts
            if not isinstance(part, StoredBlock) or (part.max_step >= low and part.min_step < high)
        ]
        cells = {key: self._cells[key] for key in keys}
        found: list[Series] = []
        for in_columns, group in groupby(near, lambda part: _is_in(cells, part)):
            if in_columns:
                blocks = [part for part in group if isinstance(part, StoredBlock)]
                found.append(self._of_columns(blocks, cells, low, high))
                continue
            for part in group:
                series = self._of_lines(part, keys, low, high)
                if series is None:
                    return None
                found.append(series)
        return joined(found, keys)

    def _of_columns(
        self, blocks: Sequence[StoredBlock], cells: Mapping[str, Mapping[int, bytes]], low: int, high: int
    ) -> Series:
        counts = [block.line_count for block in blocks]
        steps = unpack_all([(block.steps, block.line_count) for block in blocks])
        values, whole = {}, {}
        present: Bits | None = None
        for key, packed in cells.items():
            column = unpack_columns([packed[block.number] for block in blocks], counts, steps)
            values[key], whole[key] = column.values, column.whole
            if column.present is not None:
                present = column.present if present is None else present & column.present
        if any(block.min_step < low or block.max_step >= high for block in blocks):
            within = (steps >= low) & (steps < high)
            present = within if present is None else present & within
        series = Series(steps, values, whole)
        return series if present is None else series.at(present)

    def _of_lines(self, part: Part, keys: Sequence[str], low: int, high: int) -> Series | None:
        if isinstance(part, StoredBlock) and self._lacks_one(part, keys):
            return joined([], keys)
        return series_of([pair for pair in self._rows_of(part) if low <= pair[0] < high], keys)

    def _rows_of(self, part: Part) -> StepRows:
        if id(part) not in self._rows:
            lines = self._reader.lines_of(part)
            self._rows[id(part)] = list(zip((step for _, step, _ in lines), rows_of(lines), strict=True))
        return self._rows[id(part)]

    def _lacks_one(self, block: StoredBlock, keys: Sequence[str]) -> bool:
        """Whether no row of the block has anything under one of the keys."""
        packed = READ_BLOCK_KEYS.rows(self._connection, {"block": block.number})[0][0]
        if packed is None:
            return False
        known = unpack_keys(packed)
        return any(not has_key(known, key) for key in keys)


def _is_in(cells: Mapping[str, Mapping[int, bytes]], part: Part) -> bool:
    """Whether a part is a block that has all of these columns."""
    return isinstance(part, StoredBlock) and all(part.number in column for column in cells.values())


def has_key(known: Collection[str], key: str) -> bool:
    """Whether rows whose dotted keys are these may have something under `key`; what a value holds has no key."""
    return key in known or any(key.startswith(f"{other}.") or other.startswith(f"{key}.") for other in known)
