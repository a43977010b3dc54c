"""Small data, and a process in which fits are deterministic from the start."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

# Keras reads its configuration, and writes one if there is none, when it is imported.
os.environ["KERAS_HOME"] = tempfile.mkdtemp(prefix="sweepyard-keras-")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweepyard.clock import SystemClock
from sweepyard.config.schema import (
    AugmentationConfig,
    ConvnetConfig,
    DataConfig,
    ExperimentConfig,
    SeedConfig,
    TrackingConfig,
    TrainerConfig,
)
from sweepyard.datasets.dataset import Dataset, Split
from sweepyard.tracking.memory import MemoryTracker
from sweepyard.training import backend
from sweepyard.training.stopping import StopSignal

atexit.register(shutil.rmtree, os.environ["KERAS_HOME"])
backend.load()  # as the commands do: half of what Keras would import by itself is dispensable

from sweepyard.training import seeding  # noqa: E402
from sweepyard.training.loop import fit  # noqa: E402
from sweepyard.training.result import FitResult  # noqa: E402

SIDE = 12
Fit = Callable[..., tuple[FitResult, MemoryTracker]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let pass one warning that Keras itself causes with NumPy 2 when it reads a TensorFlow variable."""
    here = Path(__file__).parent
    mark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
    for item in items:
        if here in item.path.parents:
            item.add_marker(mark)


class StopAfter(StopSignal):
    """Set once it was read a number of times: the fit reads it once a step."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._left = steps

    @property
    def is_set(self) -> bool:
        self._left -= 1
        return self._left <= 0


@pytest.fixture(scope="session", autouse=True)
def _deterministic_process() -> None:
    """Threads can be pinned only before TensorFlow starts, so all tests of this folder pin them alike."""
    seeding.apply(SeedConfig(deterministic=True), None)


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """Three classes, each a bright bar at its own height over noise, 12 x 12 pixels."""
    generator = np.random.default_rng(7)

    def split(count: int) -> Split:
        labels = generator.integers(0, 3, count).astype(np.int64)
        images = generator.integers(0, 60, (count, SIDE, SIDE)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[4 * label : 4 * label + 2, 2:10] = 200
        return Split(images, labels)

    return Dataset("bars", ("low", "middle", "high"), split(90), split(40), split(30), "b" * 64)


@pytest.fixture(scope="session")
def config() -> ExperimentConfig:
    """A convnet with everything random on: dropout, augmentation, batch normalisation; six steps an epoch."""
    return ExperimentConfig(
        data=DataConfig(name="bars", augmentation=AugmentationConfig(shift=0.1, rotate=0.05, zoom=0.1)),
        model=ConvnetConfig(filters=(4, 8), batch_norm=True, dropout=0.3),
        trainer=TrainerConfig(epochs=3, batch_size=16, verbose="silent"),
        tracking=TrackingConfig(batch_every_steps=2),
        seed=SeedConfig(value=3, deterministic=True),
    )


@pytest.fixture(scope="session")
def fit_in(dataset: Dataset) -> Fit:
    """Fits in a folder, with a `MemoryTracker` unless another tracker is given."""

    def run(
        folder: Path,
        config: ExperimentConfig,
        *,
        stop: StopSignal | None = None,
        tracker: MemoryTracker | None = None,
        data: Dataset = dataset,
        **trainer: Any,
    ) -> tuple[FitResult, MemoryTracker]:
        tracker = tracker or MemoryTracker("r1")
        result = fit(
            replace(config, trainer=replace(config.trainer, **trainer)),
            data,
            tracker,
            folder,
            resolved={"model": {"name": config.model.name}},
            stop=stop or StopSignal(),
            clock=SystemClock(),
        )
        return result, tracker

    return run


@pytest.fixture
def run_fit(fit_in: Fit, tmp_path: Path) -> Fit:
    """`fit_in` a folder of the test's own."""

    def run(config: ExperimentConfig, *, folder: str = "run", **options: Any) -> tuple[FitResult, MemoryTracker]:
        return fit_in(tmp_path / folder, config, **options)

    return run


@pytest.fixture(scope="session")
def uninterrupted(fit_in: Fit, config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    """The whole fit of `config`, made once for each number of steps an execution."""

    @cache
    def fitted(steps_per_execution: int = 1) -> tuple[FitResult, MemoryTracker]:
        return fit_in(tmp_path_factory.mktemp("whole"), config, steps_per_execution=steps_per_execution)

    return fitted


@pytest.fixture
def stop_after() -> type[StopAfter]:
    """A stop signal that sets itself after so many steps."""
    return StopAfter
