"""Media that a run logs, as plain values: an adapter turns them into its server's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: `(height, width)` or `(height, width, channels)` uint8."""

    pixels: npt.NDArray[np.uint8]
    caption: str = ""


TableCell = str | int | float | bool | Image | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; each row has as many cells as there are columns."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[TableCell, ...]]


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Counts: `(classes, classes)` int64, a row per true class, a column per predicted class."""

    counts: npt.NDArray[np.int64]
    class_names: tuple[str, ...]


Media = Image | Table | ConfusionMatrix
