"""A model that can be told from its answers: the brighter an image, the higher its class."""

from __future__ import annotations

import threading

import numpy as np

from sweepyard.domain.classified import ModelVersion
from sweepyard.serving.model import Images, Probabilities

VERSION = ModelVersion("ab12cd34", "9f3c" * 16, ("dark", "<b>grey</b>", "bright"), "mnist5k", "1" * 64)


class PlainModel:
    """Takes images of 28 x 28 pixels.

    Attributes:
        batches: How many images came at a time.
        going: Cleared, predictions wait until it is set.
        fault: What the next prediction raises.
    """

    version = VERSION
    image_shape = (28, 28)

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.going = threading.Event()
        self.going.set()
        self.fault: Exception | None = None

    def predict(self, images: Images) -> Probabilities:
        self.batches.append(len(images))
        assert self.going.wait(10)
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return self.answers(images)

    def answers(self, images: Images) -> Probabilities:
        """What it takes images for."""
        share = images.reshape(len(images), -1).mean(axis=1) / 255
        return np.stack([(1 - share) / 2, np.full_like(share, 0.5), share / 2], axis=1).astype(np.float32)
