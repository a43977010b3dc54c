"""The model that is served, as this room needs it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sweepyard.domain.classified import ModelVersion

Images = NDArray[np.uint8]
"""(n, height, width), ink bright on black."""
Probabilities = NDArray[np.float32]
"""(n, classes), each row adds up to 1."""


class Model(Protocol):
    """A trained model; its calls come from one thread at a time."""

    @property
    def version(self) -> ModelVersion:
        """Its run, its weights, its classes, and what it was trained on."""

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of its images, in pixels."""

    def predict(self, images: Images) -> Probabilities:
        """What images show."""
