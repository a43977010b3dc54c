"""Media nouns in W&B's form."""

from __future__ import annotations

import wandb
from PIL import Image as Pictures

from sweepyard.domain.media import ConfusionMatrix, Image, Media, Table, TableCell
from sweepyard.tracking.tracker import MetricValue

_CONFUSION_COLUMNS = ("Actual", "Predicted", "nPredictions")  # the fields of W&B's chart


def to_wandb(value: MetricValue) -> object:
    """A value as `wandb.Run.log` takes it; nothing of it is shared with `value` afterwards."""
    if isinstance(value, Image | Table | ConfusionMatrix):
        return _media(value)
    return value


def _media(value: Media) -> object:
    if isinstance(value, Image):
        return _image(value)
    if isinstance(value, Table):
        return _table(value)
    return _confusion_matrix(value)


def _image(image: Image) -> wandb.Image:
    # A picture object is written pixel for pixel; an array would be scaled by its extremes.
    return wandb.Image(Pictures.fromarray(image.pixels), caption=image.caption or None)


def _table(table: Table) -> wandb.Table:
    return wandb.Table(columns=list(table.columns), data=[[_cell(cell) for cell in row] for row in table.rows])


def _cell(cell: TableCell) -> object:
    return _image(cell) if isinstance(cell, Image) else cell


def _confusion_matrix(matrix: ConfusionMatrix) -> object:
    """W&B's confusion matrix chart; its table (a row a cell) reads back under the key with `_table` behind it."""
    names = matrix.class_names
    cells = [
        [names[true], names[predicted], int(matrix.counts[true, predicted])]
        for true in range(len(names))
        for predicted in range(len(names))
    ]
    return wandb.plot_table(
        vega_spec_name="wandb/confusion_matrix/v1",
        data_table=wandb.Table(columns=list(_CONFUSION_COLUMNS), data=cells),
        fields={column: column for column in _CONFUSION_COLUMNS},
        string_fields={"title": "Confusion matrix"},
    )
