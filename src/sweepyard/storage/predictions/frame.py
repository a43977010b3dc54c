"""Tables as pandas DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sweepyard.domain.table import CellType, Row, TableColumn
from sweepyard.errors import StorageError
from sweepyard.jsonvalue import loads

if TYPE_CHECKING:
    import pandas

# Of pandas' own types those that know a missing value from NaN.
_TYPES = {
    CellType.TEXT: "string",
    CellType.INTEGER: "Int64",
    CellType.NUMBER: "float64",
    CellType.FLAG: "boolean",
    CellType.MOMENT: "datetime64[us, UTC]",
    CellType.JSON: "object",
}


def frame_of(columns: Sequence[TableColumn], rows: Iterable[Row]) -> pandas.DataFrame:
    """A DataFrame with a column each, typed also where there are no rows; JSON values as Python's.

    Raises:
        StorageError: pandas is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise StorageError("DataFrames need pandas: install Sweepyard with the extra `export`") from error
    frame = pandas.DataFrame.from_records(list(rows), columns=[column.name for column in columns])
    for column in columns:
        if column.cell_type is CellType.JSON:
            frame[column.name] = frame[column.name].map(loads)
    return frame.astype({column.name: _TYPES[column.cell_type] for column in columns})
