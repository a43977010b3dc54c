"""Tables as they leave the hub: typed columns and rows of plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

Cell = None | bool | int | float | str | datetime
Row = Sequence[Cell]


class CellType(Enum):
    """What a column holds beside None; the values are what exports call it."""

    TEXT = "text"
    INTEGER = "integer"  # of 64 bits
    NUMBER = "number"  # float64, NaN and infinities included
    FLAG = "flag"
    MOMENT = "moment"  # in UTC, to the microsecond
    JSON = "json"  # text: one JSON value, with bare NaN and infinities


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table."""

    name: str
    cell_type: CellType
