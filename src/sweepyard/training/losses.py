"""The loss: cross-entropy on logits, smoothed or not, and the weights that balance classes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt


class SmoothedCrossentropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy of integer labels with logits, each label spread over all classes by `smoothing`."""

    def __init__(self, classes: int, smoothing: float) -> None:
        super().__init__(name="smoothed_crossentropy", reduction="sum_over_batch_size")
        self._classes = classes
        self._smoothing = smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each image; `y_true` is `(batch,)` integer, `y_pred` `(batch, classes)` logits."""
        labels = keras.ops.reshape(y_true, (-1,))
        targets = keras.ops.one_hot(labels, self._classes, dtype=y_pred.dtype)
        targets = targets * (1.0 - self._smoothing) + self._smoothing / self._classes
        return keras.ops.categorical_crossentropy(targets, y_pred, from_logits=True)


def build_loss(classes: int, label_smoothing: float) -> Any:
    """The loss over logits `(batch, classes)` and labels `(batch,)`."""
    if label_smoothing:
        return SmoothedCrossentropy(classes, label_smoothing)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def balancing_weights(labels: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float32]:
    """A weight for each image, `(n,)` float32, inverse to its class' frequency, with mean 1.

    They weigh the training loss only: validation and test measure the data as it is.
    """
    counts = np.bincount(labels, minlength=classes)
    present = np.count_nonzero(counts)
    by_class = np.divide(len(labels), present * counts, out=np.zeros(classes), where=counts > 0)
    weights: npt.NDArray[np.float32] = by_class[labels].astype(np.float32)
    return weights
