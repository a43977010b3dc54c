"""Images and what versions of models took them for, as the predictions database keeps them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from sweepyard.errors import InvalidInput, Violation

_SUM_TOLERANCE = 1e-3  # float32 sums of many classes are off by far less.
_SHORT_DIGEST = 8


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """What predicts: weights that a run made.

    Attributes:
        weights_digest: SHA-256, in hex.
        class_names: In the order of the probabilities.
        data_name, data_digest: The data set that it was trained on.
    """

    run_id: str
    weights_digest: str
    class_names: tuple[str, ...]
    data_name: str
    data_digest: str

    @property
    def name(self) -> str:
        """The run, and the beginning of the digest: a run's last weights and its best are two versions."""
        return f"{self.run_id}:{self.weights_digest[:_SHORT_DIGEST]}"


def ranked(class_names: Sequence[str], probabilities: NDArray[np.float32]) -> list[tuple[str, float]]:
    """The classes of one image with their probabilities, the most probable first, the first of equals."""
    return [(class_names[place], float(probabilities[place])) for place in np.argsort(-probabilities, kind="stable")]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Classified:
    """Images and what a model version took them for.

    Attributes:
        images: (n, height, width) uint8.
        probabilities: (n, classes) float32, each row adds up to 1.
        true_labels: What each image shows; None where that is not known.
        latency_seconds: What one image's share of the time was.
        digests: What each image is known by: the SHA-256, in hex, over one line `uint8 height,width` and its pixels.

    Raises:
        InvalidInput: Something of this does not hold, or one image is said to show two things.
    """

    model: ModelVersion
    images: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    true_labels: tuple[str | None, ...]
    latency_seconds: float
    predicted_at: datetime
    digests: Sequence[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        violations = [*self._of_shape()]
        if not violations:
            object.__setattr__(self, "digests", _digests(self.images))
            violations = [*self._of_numbers(), *self._of_labels()]
        if violations:
            raise InvalidInput(violations)

    def predicted(self) -> list[str]:
        """The most probable class of each image, the first of equals."""
        return [self.model.class_names[place] for place in self.probabilities.argmax(axis=1)]

    def _of_shape(self) -> Iterator[Violation]:
        count = len(self.true_labels)
        if self.images.dtype != np.uint8 or self.images.ndim != 3 or len(self.images) != count or not self.images.size:
            received = f"{self.images.dtype} {self.images.shape} for {count} labels"
            yield Violation("images must be uint8 of shape (n, height, width), with a label or None for each", received)
        if self.probabilities.dtype != np.float32 or self.probabilities.shape != (count, len(self.model.class_names)):
            received = f"{self.probabilities.dtype} {self.probabilities.shape}"
            wanted = f"({count}, {len(self.model.class_names)})"
            yield Violation(f"probabilities must be float32 of shape {wanted}, a column for each class", received)

    def _of_numbers(self) -> Iterator[Violation]:
        sums = self.probabilities.sum(axis=1)
        # Comparisons with NaN are false.
        between = (self.probabilities >= 0) & (self.probabilities <= 1)
        right = between.all(axis=1) & (np.abs(sums - 1) <= _SUM_TOLERANCE)
        if not right.all():
            row = int(np.argmin(right))
            received = f"{self.probabilities[row].tolist()} in row {row}"
            yield Violation("probabilities must lie between 0 and 1 and add up to 1", received)
        if not 0 <= self.latency_seconds < float("inf"):
            yield Violation("a latency must be a number of seconds, 0 or more", f"{self.latency_seconds!r}")
        if self.predicted_at.tzinfo is None:
            yield Violation("the time of a prediction must have a time zone", self.predicted_at.isoformat())

    def _of_labels(self) -> Iterator[Violation]:
        known = self.model.class_names
        for unknown in sorted({each for each in self.true_labels if each is not None} - set(known)):
            yield Violation("a true label must be a class of the model", repr(unknown), f"Its: {', '.join(known)}")
        first: dict[str, str] = {}
        for digest, label in zip(self.digests, self.true_labels, strict=True):
            if label is not None and first.setdefault(digest, label) != label:
                yield contradiction(digest, first[digest], label)


@dataclass(frozen=True, slots=True)
class Added:
    """What storing changed; the rest was there already.

    Attributes:
        received: How many predictions were to be stored.
        images, predictions: How many of each are new.
    """

    received: int
    images: int
    predictions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPrediction:
    """What a model version took an image for.

    Attributes:
        true_label: What the image shows; None where that is not known.
        confidence: The probability of `predicted`.
        probabilities: In the order of the model's class names.
    """

    model: ModelVersion
    image_digest: str
    height: int
    width: int
    true_label: str | None
    predicted: str
    confidence: float
    probabilities: tuple[float, ...]
    latency_seconds: float
    predicted_at: datetime

    @property
    def is_correct(self) -> bool | None:
        """Whether the image shows what was predicted; None where that is not known."""
        return None if self.true_label is None else self.true_label == self.predicted


class Period(Enum):
    """What time is divided into, in UTC."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    @property
    def shown_characters(self) -> int:
        """How many characters of `2026-11-21 08:30` name the period."""
        return {Period.HOUR: 13, Period.DAY: 10, Period.MONTH: 7}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How right a model version was.

    Attributes:
        period: When, such as `2026-11-21`; None for all its predictions.
        predictions: How many there are.
        labelled: Of how many of them it is known what the image shows.
        correct: How many of these are right.
        first_at, last_at: When the first and the last was made.
    """

    model: ModelVersion
    period: str | None
    predictions: int
    labelled: int
    correct: int
    first_at: datetime
    last_at: datetime

    @property
    def share(self) -> float | None:
        """The share of right ones among the labelled, from 0 to 1; None where there are none."""
        return self.correct / self.labelled if self.labelled else None


@dataclass(frozen=True, slots=True)
class VersionDisagreement:
    """An image that two model versions took for different things: class and confidence of each."""

    image_digest: str
    true_label: str | None
    first: tuple[str, float]
    second: tuple[str, float]


@dataclass(frozen=True, slots=True)
class VersionDisagreements:
    """Where two model versions differ.

    Attributes:
        shared: How many images both have seen.
        differing: How many of them they took for different things.
        found: These, or the first of them: those of which both together were surest first, then by digest.
    """

    shared: int
    differing: int
    found: tuple[VersionDisagreement, ...]


def _digests(images: NDArray[np.uint8]) -> list[str]:
    _, height, width = images.shape
    head = hashlib.sha256(f"uint8 {height},{width}\n".encode())
    found = []
    for image in np.ascontiguousarray(images):
        digest = head.copy()
        digest.update(image)
        found.append(digest.hexdigest())
    return found


def contradiction(digest: str, stored: str, received: str) -> Violation:
    """That an image is said to show two things."""
    return Violation(
        "an image has one true label",
        f"{received!r}, and {stored!r} before it",
        where=f"image {digest[:_SHORT_DIGEST]}",
    )
