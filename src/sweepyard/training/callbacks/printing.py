"""One line an epoch."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from sweepyard.training.callbacks.progress import Progress
from sweepyard.training.fitlog import ordered


class PrintEpochs(keras.callbacks.Callback):  # type: ignore[misc]
    """Prints each epoch's metrics and throughput."""

    def __init__(self, progress: Progress, epochs: int) -> None:
        super().__init__()
        self._progress = progress
        self._epochs = epochs

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Print the line."""
        metrics = logs or {}
        values = "  ".join(f"{name} {metrics[name]:.4f}" for name in ordered(metrics))
        print(
            f"epoch {epoch + 1}/{self._epochs}  {values}  {self._progress.images_per_second:,.0f} images/s", flush=True
        )
