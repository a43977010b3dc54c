"""True labels of a user's own pictures: an IDX file of labels beside an IDX file of images, as data sets have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sweepyard.datasets.idx import read_idx
from sweepyard.errors import DataError


def read_true_labels(path: Path, count: int, class_names: Sequence[str]) -> list[str]:
    """What each of `count` pictures shows, by name.

    Args:
        path: An IDX file of labels, each the place of a class among `class_names`.

    Raises:
        DataError: The file cannot be read, is no IDX file of labels, has more or fewer of them, or others.
    """
    labels = read_idx(path)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"{path}: an IDX file of labels holds whole numbers of shape (n,); received {labels.dtype} {labels.shape}"
        )
    if len(labels) != count:
        raise DataError(f"{path}: there must be a label for each picture; received {len(labels)} for {count}")
    if labels.size and not 0 <= labels.min() <= labels.max() < len(class_names):
        raise DataError(
            f"{path}: a label must lie in 0..{len(class_names) - 1}, the model's classes; "
            f"received {labels.min()} to {labels.max()}"
        )
    return [class_names[label] for label in labels]
