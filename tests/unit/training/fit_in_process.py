"""A program: one fit of a small model, in a process of its own, whose end it reports as JSON.

Arguments: the output folder, then a JSON object: `model` (convnet by default, or mlp, which XLA compiles in a third
of the time), `trainer` and `seed` keys, `augment`, and `kill_at`, the step after which the process kills itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

from sweepyard.clock import SystemClock
from sweepyard.config.schema import (
    AugmentationConfig,
    CheckpointConfig,
    ConvnetConfig,
    DataConfig,
    ExperimentConfig,
    MlpConfig,
    SeedConfig,
    TrackingConfig,
    TrainerConfig,
)
from sweepyard.datasets.dataset import Dataset, Split
from sweepyard.tracking.memory import MemoryTracker
from sweepyard.training import backend
from sweepyard.training.stopping import StopSignal

MODELS = {
    "convnet": ConvnetConfig(filters=(4, 8), batch_norm=True, dropout=0.3),
    "mlp": MlpConfig(units=(8,), batch_norm=True, dropout=0.3),
}


class KillsItself(StopSignal):
    def __init__(self, steps: int | None) -> None:
        super().__init__()
        self._left = steps

    @property
    def is_set(self) -> bool:
        if self._left is not None:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)
        return False


def split(generator: np.random.Generator, count: int) -> Split:
    labels = generator.integers(0, 3, count).astype(np.int64)
    images = generator.integers(0, 60, (count, 12, 12)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4 * label : 4 * label + 2, 2:10] = 200
    return Split(images, labels)


def main() -> None:
    backend.load()  # as the command does: half of what Keras would import by itself is dispensable
    from sweepyard.training.loop import fit

    options = json.loads(sys.argv[2])
    generator = np.random.default_rng(7)
    train, validation, test = (split(generator, count) for count in (90, 40, 30))
    shift = 0.1 if options.get("augment", True) else 0.0
    trainer = options.get("trainer", {})
    checkpoint = CheckpointConfig(**trainer.pop("checkpoint", {}))
    config = ExperimentConfig(
        data=DataConfig(name="bars", augmentation=AugmentationConfig(shift=shift, rotate=shift, zoom=shift)),
        model=MODELS[options.get("model", "convnet")],
        trainer=TrainerConfig(
            **{"epochs": 5, "batch_size": 16, "verbose": "silent", "checkpoint": checkpoint, **trainer}
        ),
        tracking=TrackingConfig(batch_every_steps=2),
        seed=SeedConfig(**{"value": 3, "deterministic": True, **options.get("seed", {})}),
    )
    tracker = MemoryTracker("r1")
    result = fit(
        config,
        Dataset("bars", ("low", "middle", "high"), train, validation, test, "b" * 64),
        tracker,
        Path(sys.argv[1]),
        resolved={},
        stop=KillsItself(options.get("kill_at")),
        clock=SystemClock(),
    )
    report = {
        "digest": result.weights_digest,
        "fit_log": dict(result.fit_log),
        "steps": [row.step for row in tracker.rows],
        "provenance": tracker.config["provenance"],
    }
    print(json.dumps(report))


main()
