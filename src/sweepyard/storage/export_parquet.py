"""Tables as Parquet files: typed, compressed, in row groups of bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from sweepyard.domain.table import CellType, Row, TableColumn
from sweepyard.storage.export_folder import ExportFormat, FileWriter

_CELLS_A_GROUP = 2_000_000
# Columns that say the same over and over are written as numbers of a dictionary.
_TYPES: dict[CellType, pa.DataType] = {
    CellType.TEXT: pa.string(),
    CellType.INTEGER: pa.int64(),
    CellType.NUMBER: pa.float64(),
    CellType.FLAG: pa.bool_(),
    CellType.MOMENT: pa.timestamp("us", tz="UTC"),
    CellType.JSON: pa.string(),
}


class ParquetFormat:
    """Apache Parquet; a JSON column is text, and its field says `sweepyard.type: json`."""

    name: ExportFormat = "parquet"
    nests = False

    def writer(self, stream: IO[bytes], columns: Sequence[TableColumn]) -> FileWriter:
        return ParquetWriter(stream, columns)

    def count(self, path: Path) -> int:
        # Every column of every group is decoded: a count in a footer proves nothing.
        with pq.ParquetFile(path) as file:
            return sum(file.read_row_group(number).num_rows for number in range(file.num_row_groups))


class ParquetWriter:
    """Gathers rows to groups."""

    def __init__(self, stream: IO[bytes], columns: Sequence[TableColumn]) -> None:
        self._schema = pa.schema(
            [
                pa.field(
                    column.name, _TYPES[column.cell_type], metadata={b"sweepyard.type": column.cell_type.value.encode()}
                )
                for column in columns
            ]
        )
        self._writer = pq.ParquetWriter(stream, self._schema, compression="zstd")
        self._rows_a_group = max(1, _CELLS_A_GROUP // len(columns))
        self._batches: list[pa.RecordBatch] = []
        self._waiting = 0

    def write(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        columns = zip(*rows, strict=True)
        arrays = [pa.array(cells, field.type) for cells, field in zip(columns, self._schema, strict=True)]
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._waiting += len(rows)
        if self._waiting >= self._rows_a_group:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches, self._schema))
            self._batches.clear()
            self._waiting = 0
