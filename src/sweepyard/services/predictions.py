"""What one asks of stored predictions: which are wrong, how good versions are, where two of them differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

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
from sweepyard.domain.media import ConfusionMatrix
from sweepyard.domain.table import CellType, Row, TableColumn
from sweepyard.errors import Conflict, NotFound
from sweepyard.jsonvalue import dumps
from sweepyard.services.ports.predictions import PredictionStore

COLUMNS: Final = (
    TableColumn("run", CellType.TEXT),
    TableColumn("weights_digest", CellType.TEXT),
    TableColumn("image_digest", CellType.TEXT),
    TableColumn("height", CellType.INTEGER),
    TableColumn("width", CellType.INTEGER),
    TableColumn("true_label", CellType.TEXT),
    TableColumn("predicted", CellType.TEXT),
    TableColumn("correct", CellType.FLAG),
    TableColumn("confidence", CellType.NUMBER),
    TableColumn("probabilities", CellType.JSON),
    TableColumn("latency_seconds", CellType.NUMBER),
    TableColumn("predicted_at", CellType.MOMENT),
)
"""Of predictions as a table; probabilities are by class name."""

_SHORTEST_DIGEST = 4


class PredictionsService:
    """Stored predictions; a model version is named by its run, its digest or the beginning of it, or `run:digest`."""

    def __init__(self, store: PredictionStore) -> None:
        self._store = store

    def store(self, batch: Classified) -> Added:
        """Store what is not there yet.

        Raises:
            Conflict: An image is stored with another true label; nothing of the batch is stored.
            StorageError: The database cannot take it; nothing of the batch is stored.
        """
        return self._store.add(batch)

    def listed(
        self, model: str | None = None, *, only_wrong: bool = False, limit: int | None = None
    ) -> Iterator[StoredPrediction]:
        """Predictions, the newest first.

        Raises:
            NotFound, Conflict: `model` names no version, or several.
        """
        return self._store.predictions(self._chosen(model), only_wrong=only_wrong, limit=limit)

    def rows(self, model: str | None = None) -> Iterator[Row]:
        """Predictions as rows of a table with `COLUMNS`, the newest first.

        Raises:
            NotFound, Conflict: `model` names no version, or several.
        """
        return map(row_of, self.listed(model))

    def accuracy(self, by: Period | None = None) -> list[Accuracy]:
        """How right each model version was, in the order in which they came, by time within each."""
        return self._store.accuracy(by)

    def confusion(self, model: str) -> ConfusionMatrix:
        """What was taken for what: over the model's classes, and those of other models that its images have.

        Raises:
            NotFound, Conflict: `model` names no version, or several.
        """
        version = self.version(model)
        counts = self._store.confusion(version)
        others = sorted({shown for shown, _ in counts} - set(version.class_names))
        names = (*version.class_names, *others)
        places = {name: place for place, name in enumerate(names)}
        matrix = np.zeros((len(names), len(names)), np.int64)
        for (shown, predicted), count in counts.items():
            matrix[places[shown], places[predicted]] = count
        return ConfusionMatrix(matrix, names)

    def disagreements(self, first: str, second: str, *, limit: int | None = None) -> VersionDisagreements:
        """Where two versions took images for different things, the surest first.

        Raises:
            NotFound, Conflict: A name stands for no version, or for several.
        """
        return self._store.disagreements(self.version(first), self.version(second), limit=limit)

    def image(self, digest: str) -> NDArray[np.uint8]:
        """A stored image `(height, width)`, by its digest or the beginning of it.

        Raises:
            NotFound, Conflict: There is none, or several.
        """
        begun = self._store.image_digests(digest, limit=2)
        if len(begun) > 1:
            raise Conflict(f"{digest!r} begins the digests of several images, such as {' and '.join(begun)}")
        found = self._store.image(begun[0]) if begun else None
        if found is None:
            raise NotFound(f"there is no image {digest!r}; `sweepyard predictions list` shows the digests of images")
        return found

    def version(self, name: str) -> ModelVersion:
        """The model version of that name.

        Raises:
            NotFound, Conflict: There is none, or several.
        """
        versions = self._store.versions()
        found = [version for version in versions if _is_named(version, name)]
        if not found:
            there = ", ".join(version.name for version in versions) or "none"
            raise NotFound(f"there are no predictions of a model version {name!r}; there are of: {there}")
        if len(found) > 1:
            raise Conflict(f"{name!r} names several model versions: {', '.join(version.name for version in found)}")
        return found[0]

    def _chosen(self, model: str | None) -> ModelVersion | None:
        return None if model is None else self.version(model)


def _is_named(version: ModelVersion, name: str) -> bool:
    run, _, digest = name.rpartition(":")
    if run:
        return run == version.run_id and version.weights_digest.startswith(digest)
    return name == version.run_id or (len(name) >= _SHORTEST_DIGEST and version.weights_digest.startswith(name))


def row_of(made: StoredPrediction) -> Row:
    """A prediction as a row of a table with `COLUMNS`."""
    return (
        made.model.run_id,
        made.model.weights_digest,
        made.image_digest,
        made.height,
        made.width,
        made.true_label,
        made.predicted,
        made.is_correct,
        made.confidence,
        dumps(dict(zip(made.model.class_names, made.probabilities, strict=True))),
        made.latency_seconds,
        made.predicted_at,
    )
