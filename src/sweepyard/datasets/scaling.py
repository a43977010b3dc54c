"""From bytes to what a model reads: one scaler, fitted on the training split and kept with the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweepyard.config.schema import Scaling
from sweepyard.errors import DataError
from sweepyard.jsonvalue import JsonObject

_WHITE = 255
_BLOCK_IMAGES = 4096


@dataclass(frozen=True, slots=True)
class Scaler:
    """Maps a pixel p to (p / 255 - mean) / deviation.

    Attributes:
        mean: Subtracted; 0 for scaling `unit`.
        deviation: Divided by; 1 for scaling `unit`.
    """

    mean: float = 0.0
    deviation: float = 1.0

    @classmethod
    def fit(cls, scaling: Scaling, train_images: NDArray[np.uint8]) -> Scaler:
        """The scaler of the given kind for `train_images`, (n, height, width) uint8.

        Raises:
            DataError: All pixels are alike, so there is no deviation to divide by.
        """
        if scaling == "unit":
            return cls()
        counts = np.zeros(_WHITE + 1, dtype=np.int64)
        for start in range(0, len(train_images), _BLOCK_IMAGES):
            counts += np.bincount(train_images[start : start + _BLOCK_IMAGES].ravel(), minlength=_WHITE + 1)
        # Whole-number sums, so that the result is the same on every machine.
        total, first, second = (int((counts * np.arange(_WHITE + 1) ** power).sum()) for power in range(3))
        variance = second * total - first * first
        if variance <= 0:
            raise DataError(
                "standardising needs training images that differ; all pixels are alike. Set data.scaling=unit"
            )
        return cls(mean=first / total / _WHITE, deviation=math.sqrt(variance) / total / _WHITE)

    def apply(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, height, width) uint8 to (n, height, width, 1) float32."""
        factor = np.float32(1 / (_WHITE * self.deviation))
        offset = np.float32(self.mean / self.deviation)
        scaled = images[..., np.newaxis] * factor
        return scaled - offset if self.mean else scaled

    def to_json(self) -> JsonObject:
        """The scaler as JSON, for the model file's side data."""
        return {"mean": self.mean, "deviation": self.deviation}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Scaler:
        """The scaler that `to_json` wrote.

        Raises:
            ValueError: A number is missing, not finite, or the deviation is not above 0.
        """
        numbers = {key: value.get(key) for key in ("mean", "deviation")}
        for key, number in numbers.items():
            if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
                raise ValueError(f"a scaler's {key} must be a finite number; received {number!r}")
        scaler = cls(float(value["mean"]), float(value["deviation"]))
        if scaler.deviation <= 0:
            raise ValueError(f"a scaler's deviation must be above 0; received {scaler.deviation}")
        return scaler
