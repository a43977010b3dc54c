"""Feeding a fit: batches of images held in memory, in an order that `(seed, epoch)` decides alone."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]


def steps_in_epoch(images: int, batch_size: int) -> int:
    """How many batches an epoch has; the last one may be smaller."""
    return math.ceil(images / batch_size)


def order_of(seed: int, epoch: int, images: int) -> npt.NDArray[np.int64]:
    """The permutation `(images,)` in which an epoch (from 0) sees the training split."""
    return np.random.default_rng([seed, epoch]).permutation(images)


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of one pass over a split, from batch `first` on.

    Args:
        images: `(n, height, width, 1)` float32, scaled.
        labels: `(n,)` int64.
        weights: `(n,)` float32 weights in the loss, if any.
        order: `(n,)` int64 order of the images; None keeps theirs.
        first: How many batches to leave out at the start.
    """

    def __init__(
        self,
        images: Images,
        labels: Labels,
        *,
        batch_size: int,
        weights: Weights | None = None,
        order: npt.NDArray[np.int64] | None = None,
        first: int = 0,
    ) -> None:
        super().__init__()
        self._images = images
        self._labels = labels
        self._weights = weights
        self._batch_size = batch_size
        self._order = order
        self._first = first

    def __len__(self) -> int:
        return steps_in_epoch(len(self._images), self._batch_size) - self._first

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        start = (self._first + index) * self._batch_size
        chosen: Any = slice(start, start + self._batch_size)
        if self._order is not None:
            chosen = self._order[chosen]
        if self._weights is None:
            return self._images[chosen], self._labels[chosen]
        return self._images[chosen], self._labels[chosen], self._weights[chosen]
