"""Keeping what was asked and answered in the predictions database."""

from __future__ import annotations

import logging
from datetime import datetime

from sweepyard.clock import Clock
from sweepyard.domain.classified import Classified, ModelVersion
from sweepyard.errors import StorageError
from sweepyard.services.predictions import PredictionsService
from sweepyard.serving.metrics import Metrics
from sweepyard.serving.model import Images, Probabilities

log = logging.getLogger(__name__)


class Keeper:
    """Stores batches; a database that is away is told of, and tried again with the next batch.

    Attributes:
        failing_since: When the first of the last failures in a row was; None while all is well.
    """

    def __init__(self, predictions: PredictionsService, model: ModelVersion, *, clock: Clock, metrics: Metrics) -> None:
        self._predictions, self._model, self._clock, self._metrics = predictions, model, clock, metrics
        self.failing_since: datetime | None = None

    def keep(self, images: Images, probabilities: Probabilities, latency_seconds: float) -> bool:
        """Store a batch, whole or not at all; whether it is stored. What is there already stays as it was."""
        batch = Classified(
            model=self._model,
            images=images,
            probabilities=probabilities,
            true_labels=(None,) * len(images),
            latency_seconds=latency_seconds,
            predicted_at=self._clock.now(),
        )
        try:
            self._predictions.store(batch)
        except StorageError as error:
            log.error("%d predictions were answered and not stored: %s", len(images), error)
            self.failing_since = self.failing_since or self._clock.now()
            self._metrics.not_stored.inc(len(images))
            return False
        if self.failing_since is not None:
            log.info("predictions are stored again")
            self.failing_since = None
        self._metrics.stored.inc(len(images))
        return True
