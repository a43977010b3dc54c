"""Metrics to the tracker: a row every N steps and a row an epoch."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from sweepyard.domain import metrics
from sweepyard.training.callbacks.progress import Progress
from sweepyard.training.callbacks.timing import Stopwatch
from sweepyard.training.ledger import HistoryLedger, Scalar

_EPOCH_NAMES = {
    "loss": metrics.LOSS,
    "accuracy": metrics.ACCURACY,
    "val_loss": metrics.VALIDATION_LOSS,
    "val_accuracy": metrics.VALIDATION_ACCURACY,
}


class TrackMetrics(keras.callbacks.Callback):  # type: ignore[misc]
    """Logs rows whose step is the number of training steps done.

    `batch/loss` and `batch/accuracy` are, as Keras gives them, means over the epoch so far; a batch row is
    due whenever a multiple of `every_steps` was reached or passed, whatever `steps_per_execution` is. The
    row of an epoch's last batch and the epoch's row are one, since steps strictly increase.
    """

    def __init__(self, ledger: HistoryLedger, progress: Progress, *, every_steps: int, watch: Stopwatch) -> None:
        super().__init__()
        self._ledger = ledger
        self._progress = progress
        self._every_steps = every_steps
        self._watch = watch
        self._last_step = progress.step
        self._pending: dict[str, Scalar] = {}

    def on_train_begin(self, logs: object = None) -> None:
        """Count from where the fit begins."""
        self._last_step = self._progress.step

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Log a batch row if one is due."""
        with self._watch.measure():
            step, last = self._progress.step, self._last_step
            self._last_step = step
            if not self._every_steps or step // self._every_steps == last // self._every_steps:
                return
            row = self._batch_row(step, logs or {})
            if self._progress.is_last_batch:
                self._pending = row
            else:
                self._ledger.log(row, step=step)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Log the epoch's row; epochs are counted from 1, so the number says how many are done."""
        with self._watch.measure():
            row: dict[str, Scalar] = {**self._pending, metrics.EPOCH_NUMBER: epoch + 1}
            for name, value in (logs or {}).items():
                row[_EPOCH_NAMES.get(name, f"{metrics.EPOCH}/{name}")] = float(value)
            row[metrics.LEARNING_RATE] = self._progress.learning_rate
            row[metrics.IMAGES_PER_SECOND] = self._progress.images_per_second
            self._pending = {}
            self._ledger.log(row, step=self._progress.step)

    def _batch_row(self, step: int, logs: Mapping[str, float]) -> dict[str, Scalar]:
        row: dict[str, Scalar] = {f"{metrics.BATCH}/{name}": float(value) for name, value in logs.items()}
        row[metrics.BATCH_STEP] = step
        row[metrics.BATCH_LEARNING_RATE] = self._progress.learning_rate
        return row
