"""Using a saved model: load, predict, evaluate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sweepyard.datasets.dataset import Split
from sweepyard.domain.classified import ModelVersion
from sweepyard.errors import ModelFileError
from sweepyard.training import modelfile
from sweepyard.training.modelfile import ModelCard

_BATCH_SIZE = 512

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Predictor:
    """A trained model with the scaling and class names that belong to it."""

    network: Any
    card: ModelCard

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of the logits."""
        return self.card.class_names

    @property
    def version(self) -> ModelVersion:
        """What the predictions database knows the model as."""
        card = self.card
        return ModelVersion(card.run_id, card.weights_digest, card.class_names, card.data_name, card.data_digest)

    @property
    def trained_on(self) -> tuple[str, str]:
        """Name and digest of the data set that the model was trained on."""
        return self.card.data_name, self.card.data_digest

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width that the model takes."""
        _, height, width, _ = self.network.input_shape
        return height, width

    def logits(self, images: npt.NDArray[np.uint8]) -> FloatArray:
        """The logits `(n, classes)` float32 of images `(n, height, width)` uint8.

        Raises:
            ModelFileError: The images have another shape or type than the model takes.
        """
        height, width = self.image_shape
        if images.ndim != 3 or images.shape[1:] != (height, width) or images.dtype != np.uint8:
            raise ModelFileError(
                f"the model takes images of shape (n, {height}, {width}) and type uint8; "
                f"received {images.shape} and {images.dtype}"
            )
        if not len(images):
            return np.zeros((0, len(self.class_names)), dtype=np.float32)
        return logits_of(self.network, self.card.scaler.apply(images))

    def predict(self, images: npt.NDArray[np.uint8]) -> FloatArray:
        """The probabilities `(n, classes)` float32 of images `(n, height, width)` uint8; each row adds up to 1.

        Raises:
            ModelFileError: As `logits`.
        """
        return softmax(self.logits(images))

    def evaluate(self, split: Split, name: str) -> Mapping[str, float]:
        """Mean cross-entropy and accuracy over a split, as `<name>/loss` and `<name>/accuracy`.

        Raises:
            ModelFileError: As `logits`, or a label is beyond the model's classes.
        """
        if not len(split.labels):
            raise ModelFileError(f"the {name} split must hold images; received none")
        if int(split.labels.max()) >= len(self.class_names):
            raise ModelFileError(
                f"the model knows {len(self.class_names)} classes; the {name} split holds label {split.labels.max()}"
            )
        logits = self.logits(split.images)
        return {
            f"{name}/loss": cross_entropy(logits, split.labels),
            f"{name}/accuracy": float(np.mean(logits.argmax(axis=1) == split.labels)),
        }

    def save(self, path: Path) -> None:
        """Write the model again, in the format of `path`'s suffix (`.keras` or `.h5`).

        Raises:
            ModelFileError: The suffix is unknown, or the disk is full.
        """
        modelfile.save(self.network, path, self.card)


def load(path: Path) -> Predictor:
    """Load a model file that a fit, or `Predictor.save`, wrote.

    Raises:
        ModelFileError: The file is missing, damaged, or was not written by Sweepyard.
    """
    network, card = modelfile.load(path)
    if len(network.input_shape) != 4 or network.output_shape[-1] != len(card.class_names):
        raise ModelFileError(
            f"the model in {path} must give {len(card.class_names)} logits for images; "
            f"received {network.input_shape} to {network.output_shape}"
        )
    return Predictor(network, card)


def logits_of(network: Any, images: FloatArray) -> FloatArray:
    """The logits `(n, classes)` float32 of scaled images `(n, height, width, 1)` float32."""
    if len(images) <= _BATCH_SIZE:
        # Not `predict`, which makes a pipeline for each call: that takes a hundred times as long as a small batch.
        return np.asarray(network.predict_on_batch(images), dtype=np.float32)
    return np.asarray(network.predict(images, batch_size=_BATCH_SIZE, verbose=0), dtype=np.float32)


def softmax(logits: FloatArray) -> FloatArray:
    """Probabilities from logits, row by row."""
    exponentials = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    probabilities: FloatArray = (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


def cross_entropy(logits: FloatArray, labels: npt.NDArray[np.int64]) -> float:
    """The mean cross-entropy of `(n, classes)` logits with `(n,)` labels, in nats."""
    wide = logits.astype(np.float64)
    wide -= wide.max(axis=1, keepdims=True)
    log_normaliser = np.log(np.exp(wide).sum(axis=1))
    return float(np.mean(log_normaliser - wide[np.arange(len(labels)), labels]))
