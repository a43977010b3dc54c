"""Pictures of how a model does on the validation split."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sweepyard.datasets.dataset import Split
from sweepyard.domain.media import ConfusionMatrix, Image, Table
from sweepyard.training.inference import FloatArray


def confusion_matrix(
    predicted: npt.NDArray[np.int64], labels: npt.NDArray[np.int64], class_names: tuple[str, ...]
) -> ConfusionMatrix:
    """Counts of predicted classes `(n,)` by true classes `(n,)`."""
    classes = len(class_names)
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return ConfusionMatrix(counts.reshape(classes, classes).astype(np.int64), class_names)


def mistakes(probabilities: FloatArray, split: Split, class_names: tuple[str, ...], most: int) -> Table:
    """The wrong predictions with the highest probability, at most `most` of them, the surest first.

    Args:
        probabilities: `(n, classes)` for the images of `split`.
        split: The images and their labels.
    """
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != split.labels)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    rows = []
    for index in surest:
        true, guess = class_names[split.labels[index]], class_names[predicted[index]]
        picture = Image(split.images[index], caption=f"{true} taken for {guess}")
        rows.append((int(index), picture, true, guess, round(float(confidence[index]), 4)))
    return Table(("index", "image", "true", "predicted", "confidence"), rows)
