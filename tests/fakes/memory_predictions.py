"""The predictions database in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from sweepyard.domain.classified import (
    Accuracy,
    Added,
    Classified,
    ModelVersion,
    Period,
    StoredPrediction,
    VersionDisagreement,
    VersionDisagreements,
    contradiction,
)
from sweepyard.errors import Conflict


class MemoryPredictions:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._images: dict[str, np.ndarray] = {}
        self._labels: dict[str, str] = {}
        self._made: dict[ModelVersion, dict[str, StoredPrediction]] = {}

    def add(self, batch: Classified) -> Added:
        with self._lock:
            return self._add(batch, batch.digests)

    def _add(self, batch: Classified, digests: Sequence[str]) -> Added:
        said = {digest: label for digest, label in zip(digests, batch.true_labels, strict=True) if label is not None}
        wrong = sorted(digest for digest, label in said.items() if self._labels.get(digest, label) != label)
        if wrong:
            told = [str(contradiction(digest, self._labels[digest], said[digest])) for digest in wrong[:5]]
            raise Conflict("\n".join([*told, *([f"and {len(wrong) - 5} more such images"] if wrong[5:] else [])]))
        made = self._made.setdefault(batch.model, {})
        images, predictions = len(self._images), len(made)
        self._labels.update(said)
        columns = zip(digests, batch.images, batch.predicted(), batch.probabilities, strict=True)
        for digest, image, predicted, probabilities in columns:
            self._images.setdefault(digest, image.copy())
            made.setdefault(
                digest,
                StoredPrediction(
                    model=batch.model,
                    image_digest=digest,
                    height=image.shape[0],
                    width=image.shape[1],
                    true_label=None,
                    predicted=predicted,
                    confidence=float(probabilities.max()),
                    probabilities=tuple(map(float, probabilities)),
                    latency_seconds=batch.latency_seconds,
                    predicted_at=batch.predicted_at,
                ),
            )
        return Added(len(digests), len(self._images) - images, len(made) - predictions)

    def versions(self) -> list[ModelVersion]:
        return list(self._made)

    def predictions(
        self, model: ModelVersion | None = None, *, only_wrong: bool = False, limit: int | None = None
    ) -> Iterator[StoredPrediction]:
        chosen = [each for each in self._known() if model in (None, each.model)]
        if only_wrong:
            chosen = [each for each in chosen if each.is_correct is False]
        numbers = {version: number for number, version in enumerate(self._made)}
        chosen.sort(key=lambda each: (-each.predicted_at.timestamp(), each.image_digest, numbers[each.model]))
        yield from chosen[:limit]

    def accuracy(self, by: Period | None = None) -> list[Accuracy]:
        def period(each: StoredPrediction) -> str | None:
            return None if by is None else str(each.predicted_at)[: by.shown_characters]

        found = []
        for model in self._made:
            ordered = sorted(self.predictions(model), key=lambda each: each.predicted_at)
            for name, group in groupby(ordered, key=period):
                members = list(group)
                found.append(
                    Accuracy(
                        model=model,
                        period=name,
                        predictions=len(members),
                        labelled=sum(each.true_label is not None for each in members),
                        correct=sum(bool(each.is_correct) for each in members),
                        first_at=members[0].predicted_at,
                        last_at=members[-1].predicted_at,
                    )
                )
        return found

    def confusion(self, model: ModelVersion) -> dict[tuple[str, str], int]:
        labelled = [each for each in self.predictions(model) if each.true_label is not None]
        return Counter((each.true_label or "", each.predicted) for each in labelled)

    def disagreements(
        self, first: ModelVersion, second: ModelVersion, *, limit: int | None = None
    ) -> VersionDisagreements:
        one, two = self._made.get(first, {}), self._made.get(second, {})
        shared = [digest for digest in one if digest in two]
        found = [
            VersionDisagreement(
                digest,
                self._labels.get(digest),
                (one[digest].predicted, one[digest].confidence),
                (two[digest].predicted, two[digest].confidence),
            )
            for digest in shared
            if one[digest].predicted != two[digest].predicted
        ]
        found.sort(key=lambda each: (-(each.first[1] + each.second[1]), each.image_digest))
        return VersionDisagreements(len(shared), len(found), tuple(found[:limit]))

    def image_digests(self, beginning: str, *, limit: int) -> list[str]:
        return sorted(digest for digest in self._images if digest.startswith(beginning))[:limit]

    def image(self, digest: str) -> np.ndarray | None:
        return self._images.get(digest)

    def close(self) -> None:
        pass

    def _known(self) -> list[StoredPrediction]:
        every = [each for made in self._made.values() for each in made.values()]
        return [replace(each, true_label=self._labels.get(each.image_digest)) for each in every]
