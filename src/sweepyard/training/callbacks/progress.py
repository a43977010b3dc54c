"""Where a fit stands; the first callback of the list, so that the others can read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from sweepyard.clock import Clock


class Progress(keras.callbacks.Callback):  # type: ignore[misc]
    """Counts epochs and steps, and keeps the fit log.

    Attributes:
        epoch: Epochs done.
        batch: Batches done in the epoch under way; 0 between two epochs.
        fit_log: For each metric, one value an epoch, in order.
    """

    def __init__(
        self, *, steps_per_epoch: int, batch_size: int, images: int, rate_at: Callable[[int], float], clock: Clock
    ) -> None:
        super().__init__()
        self._steps_per_epoch = steps_per_epoch
        self._batch_size = batch_size
        self._images = images
        self._rate_at = rate_at
        self._clock = clock
        self._first_batch = 0
        self._began_seconds = 0.0
        self._last_batch_seconds = 0.0
        self.epoch = 0
        self.batch = 0
        self.fit_log: dict[str, list[float]] = {}

    @property
    def step(self) -> int:
        """Steps done, over all epochs: the `step` of history rows."""
        return self.epoch * self._steps_per_epoch + self.batch

    @property
    def is_last_batch(self) -> bool:
        """Whether the epoch's last batch is done, and only validation is left of it."""
        return self.batch == self._steps_per_epoch

    @property
    def learning_rate(self) -> float:
        """The rate of the last step done."""
        return self._rate_at(max(self.step - 1, 0))

    @property
    def images_per_second(self) -> float:
        """Training throughput of the epoch last trained in this process, validation left out."""
        seconds = self._last_batch_seconds - self._began_seconds
        done = self._images - self._first_batch * self._batch_size
        return done / seconds if seconds > 0 else 0.0

    def start_at(self, *, epoch: int, batch: int, fit_log: Mapping[str, list[float]]) -> None:
        """Go on where a checkpoint was written."""
        self.epoch, self.batch = epoch, batch
        self.fit_log = {name: list(values) for name, values in fit_log.items()}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the epoch's watch."""
        self._first_batch = self.batch
        self._began_seconds = self._clock.monotonic_seconds()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count; with `steps_per_execution`, several steps end at once, and Keras counts beyond the epoch."""
        self.batch = min(self._first_batch + batch + 1, self._steps_per_epoch)
        if self.is_last_batch:
            self._last_batch_seconds = self._clock.monotonic_seconds()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Close the epoch: `step` stays, `epoch` and `batch` move on."""
        self.epoch, self.batch = epoch + 1, 0
        values = {**(logs or {}), "learning_rate": self.learning_rate}
        for name, value in values.items():
            self.fit_log.setdefault(name, []).append(float(value))
