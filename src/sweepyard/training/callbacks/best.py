"""Keeping the weights of the best epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from sweepyard.domain import metrics
from sweepyard.training.callbacks.progress import Progress
from sweepyard.training.callbacks.timing import Stopwatch


def best_epoch(fit_log: Mapping[str, list[float]]) -> int | None:
    """The epoch (from 0) with the highest validation accuracy, of equals the one with the lowest loss; else None."""
    accuracies, losses = fit_log.get("val_accuracy", []), fit_log.get("val_loss", [])
    if not accuracies:
        return None
    return min(range(len(accuracies)), key=lambda epoch: (-accuracies[epoch], losses[epoch]))


def best_metrics(fit_log: Mapping[str, list[float]]) -> dict[str, float]:
    """The `best/...` metrics: highest accuracy, lowest loss, and the (first, from 1) epoch of the accuracy."""
    epoch = best_epoch(fit_log)
    if epoch is None:
        return {}
    return {
        metrics.BEST_VALIDATION_ACCURACY: fit_log["val_accuracy"][epoch],
        metrics.BEST_VALIDATION_LOSS: min(fit_log["val_loss"]),
        metrics.BEST_EPOCH: epoch + 1,
    }


class BestWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Copies the weights whenever an epoch is the best so far.

    Attributes:
        weights: In the order of `model.get_weights()`; empty before the first epoch.
    """

    def __init__(self, progress: Progress, watch: Stopwatch) -> None:
        super().__init__()
        self._progress = progress
        self._watch = watch
        self.weights: list[npt.NDArray[np.generic]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare the epoch with all before it."""
        with self._watch.measure():
            if best_epoch(self._progress.fit_log) == epoch:
                self.weights = self.model.get_weights()
