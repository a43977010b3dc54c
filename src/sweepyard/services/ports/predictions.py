"""The predictions database, as the services need it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sweepyard.domain.classified import (
    Accuracy,
    Added,
    Classified,
    ModelVersion,
    Period,
    StoredPrediction,
    VersionDisagreements,
)


class PredictionStore(Protocol):
    """Images by their content, and one prediction of each model version for each image.

    Every call is a transaction of its own, sees one consistent snapshot and may come from any thread. What `add` has
    taken is on disk when it returns; if it raises, nothing of it is kept.
    """

    def add(self, batch: Classified) -> Added:
        """Store what is not there yet: an image or prediction that is stays as it was first stored.

        A true label that was not known becomes known.

        Raises:
            Conflict: An image is stored with another true label.
            StorageError: The database cannot take it: it is full, away, or other writers took too long.
        """

    def versions(self) -> list[ModelVersion]:
        """The model versions, in the order in which they came."""

    def predictions(
        self, model: ModelVersion | None = None, *, only_wrong: bool = False, limit: int | None = None
    ) -> Iterator[StoredPrediction]:
        """Predictions, the newest first, those of one moment by image and model.

        Args:
            model: Only this version's.
            only_wrong: Only those of which it is known that they are not right.
        """

    def accuracy(self, by: Period | None = None) -> list[Accuracy]:
        """How right each model version was, in the order in which they came, by time within each."""

    def confusion(self, model: ModelVersion) -> dict[tuple[str, str], int]:
        """How often an image that shows the first was taken for the second."""

    def disagreements(
        self, first: ModelVersion, second: ModelVersion, *, limit: int | None = None
    ) -> VersionDisagreements:
        """Where two versions took images for different things."""

    def image_digests(self, beginning: str, *, limit: int) -> list[str]:
        """The digests of images that begin so, in their order."""

    def image(self, digest: str) -> NDArray[np.uint8] | None:
        """An image `(height, width)` by its digest; None where none is stored."""

    def close(self) -> None:
        """Let go of files and connections."""
