"""Keras' early stopping, with a state that a checkpoint can hold."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from sweepyard.config.schema import EarlyStoppingConfig
from sweepyard.jsonvalue import JsonObject

_Array = npt.NDArray[np.generic]


class ResumableEarlyStopping(keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Early stopping that goes on where a checkpoint left it."""

    def __init__(self, config: EarlyStoppingConfig) -> None:
        super().__init__(
            monitor=config.monitor,
            mode="max" if config.monitor.endswith("accuracy") else "min",
            patience=config.patience,
            min_delta=config.min_delta,
            restore_best_weights=config.restore_best_weights,
        )
        self._restored: tuple[JsonObject, list[_Array]] | None = None

    @property
    def has_stopped(self) -> bool:
        """Whether patience ran out."""
        return bool(self.stopped_epoch)

    def state(self) -> JsonObject:
        """What a checkpoint keeps, without the best weights."""
        return {
            "wait": self.wait,
            "stopped_epoch": self.stopped_epoch,
            "best": None if self.best is None else float(self.best),
            "best_epoch": self.best_epoch,
        }

    def restore(self, state: JsonObject, best_weights: list[_Array]) -> None:
        """Take a checkpoint's state; it comes into force when the fit begins."""
        self._restored = state, best_weights

    def on_train_begin(self, logs: Any = None) -> None:
        """Start afresh, or from the restored state."""
        super().on_train_begin(logs)
        if self._restored is not None:
            state, best_weights = self._restored
            for name, value in state.items():
                setattr(self, name, value)
            self.best_weights = best_weights or None
