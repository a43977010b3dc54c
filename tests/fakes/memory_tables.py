"""A sink for tables that keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sweepyard.domain.table import Row, TableColumn


class MemoryTable:
    def __init__(self, columns: Sequence[TableColumn]) -> None:
        self.columns = list(columns)
        self.rows: list[tuple] = []
        self.pieces: list[int] = []

    def write(self, rows: Sequence[Row]) -> None:
        self.rows += [tuple(row) for row in rows]
        self.pieces.append(len(rows))

    @property
    def dicts(self) -> list[dict[str, object]]:
        return [dict(zip([column.name for column in self.columns], row, strict=True)) for row in self.rows]

    @property
    def types(self) -> dict[str, str]:
        return {column.name: column.cell_type.value for column in self.columns}


class MemoryTables:
    def __init__(self, *, nests: bool = False) -> None:
        self.nests = nests
        self.tables: dict[str, MemoryTable] = {}

    @contextmanager
    def table(self, name: str, columns: Sequence[TableColumn]) -> Iterator[MemoryTable]:
        table = MemoryTable(columns)
        yield table
        self.tables[name] = table

    def __getitem__(self, name: str) -> MemoryTable:
        return self.tables[name]
