"""What a fit gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FitTiming:
    """Where the time of a fit went, in seconds.

    Attributes:
        fit_seconds: Training and validation, the hooks included.
        hook_seconds: Inside the hooks that track, a part of `fit_seconds`.
        media_seconds: The confusion matrix, the mistakes and the model artifact, after the fit.
    """

    fit_seconds: float
    hook_seconds: float
    media_seconds: float


@dataclass(frozen=True, slots=True)
class FitResult:
    """How a fit ended.

    Attributes:
        fit_log: For each metric one value an epoch, those before a resume included.
        weights_digest: See `digest.weights_digest`; of the final weights.
        model_path: The saved model, with the final weights.
        epochs: Epochs done.
        best: The `best/...` metrics of `domain.metrics`; empty before the first epoch's end.
        stopped_because: Why the fit ended before the configured epochs; None if it did not.
        exit_code: What to finish the tracker with: 0, 255 when the server stopped the run, 75 when preempted.
    """

    fit_log: Mapping[str, list[float]]
    weights_digest: str
    model_path: Path
    epochs: int
    best: Mapping[str, float]
    stopped_because: str | None
    exit_code: int
    timing: FitTiming
