"""Writing checkpoints, and leaving the fit when asked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from sweepyard.config.schema import CheckpointConfig
from sweepyard.training.callbacks.progress import Progress
from sweepyard.training.stopping import LeftEarly, StopSignal


class Checkpointing(keras.callbacks.Callback):  # type: ignore[misc]
    """Calls `write(model)` when a checkpoint is due; the last callback of the list, as it stores the others' states.

    An epoch's last batch is never followed by a checkpoint: the one after validation comes at once, and a fit
    cannot resume between the two.
    """

    def __init__(
        self,
        config: CheckpointConfig,
        progress: Progress,
        stop: StopSignal,
        *,
        write: Callable[[Any], object],
        on_epoch_begin: Callable[[], None],
    ) -> None:
        super().__init__()
        self._config = config
        self._progress = progress
        self._stop = stop
        self._write = write
        self._at_epoch_begin = on_epoch_begin
        self._last_step = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Count from where the fit begins."""
        self._last_step = self._progress.step

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keras has just reset the metrics, so this is the moment to restore them."""
        self._at_epoch_begin()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write every N steps; when asked to stop, write and leave."""
        if self._progress.is_last_batch:
            return
        step, last = self._progress.step, self._last_step
        every = self._config.every_steps
        if self._stop.is_set:
            self._write_if_enabled()
            raise LeftEarly
        if every and step // every > last // every:
            self._write_if_enabled()
            self._last_step = step

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write after each epoch; when asked to stop, leave."""
        self._write_if_enabled()
        self._last_step = self._progress.step
        is_done = self._progress.epoch == self.params["epochs"] or self.model.stop_training
        if self._stop.is_set and not is_done:
            raise LeftEarly

    def _write_if_enabled(self) -> None:
        if self._config.enabled:
            # With JAX it is this property that brings the state back from the device.
            self._write(self.model)
