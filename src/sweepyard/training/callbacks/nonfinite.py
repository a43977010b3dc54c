"""Ending a fit whose loss is no number any more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras

from sweepyard.errors import NonFiniteLoss
from sweepyard.training.callbacks.progress import Progress


class NonFiniteGuard(keras.callbacks.Callback):  # type: ignore[misc]
    """Raises as soon as the training loss, or the validation loss, is NaN or infinite."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look at the training loss."""
        self._check("loss", logs, f"epoch {self._progress.epoch + 1}, step {self._progress.step}")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Look at the validation loss."""
        self._check("val_loss", logs, f"epoch {epoch + 1}")

    def _check(self, name: str, logs: Mapping[str, float] | None, where: str) -> None:
        value = (logs or {}).get(name, 0.0)
        if not math.isfinite(value):
            raise NonFiniteLoss(
                f"{name} must be a finite number; received {value} in {where}. "
                "Lower optimizer.learning_rate or set optimizer.clipnorm"
            )
