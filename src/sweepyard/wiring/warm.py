"""What the fork server has in memory, and how a run starts that is forked from it."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweepyard.agents.warm.child import Child
    from sweepyard.config.compose import Composition
    from sweepyard.config.schema import DataConfig
    from sweepyard.datasets.dataset import Dataset
    from sweepyard.datasets.download import Progress
    from sweepyard.datasets.shelf import Shelf
    from sweepyard.settings import Settings

# What Keras, NumPy and zipfile import when they are first used.
_IMPORTED_BY_RUNS = ("encodings.cp437", "numpy.ma", "numpy.random")


class WarmStart:
    """A fork, with the data sets of the runs before it."""

    def __init__(self, child: Child, shelf: Shelf) -> None:
        self._child = child
        self._shelf = shelf
        self._choices: tuple[str, ...] = ()

    @property
    def is_warm(self) -> bool:
        return True

    def begin(self, composition: Composition) -> None:
        """Leave the run to its client where the config says `warm: false`."""
        from sweepyard.tracking.wandb import own_temporary_folders

        if not composition.config.warm:
            self._child.refuse("")
        self._choices = composition.choices
        self._child.accept()
        own_temporary_folders()

    def load(self, config: DataConfig, settings: Settings, progress: Progress) -> Dataset:
        dataset = self._shelf.load(config, settings, progress=progress)
        if config.target is None:
            folder = str(Path(config.folder).expanduser().absolute()) if config.folder else None
            note = {"name": config.name, "folder": folder, "cache": str(settings.cache), "choices": self._choices}
            self._child.note(json.dumps(note).encode())
        return dataset


def preload() -> Shelf:
    """Import what every run needs, and read the default config; runs no operation of the backend and starts no thread.

    Raises:
        TrainingError: The backend is not installed.
    """
    from sweepyard.config.compose import read_ahead
    from sweepyard.datasets.shelf import Shelf
    from sweepyard.training import backend

    backend.load()
    for name in _IMPORTED_BY_RUNS:
        importlib.import_module(name)
    import sweepyard.hub.embedded
    import sweepyard.tracking.code
    import sweepyard.tracking.login
    import sweepyard.tracking.opening
    import sweepyard.training.console
    import sweepyard.training.loop
    import sweepyard.wiring.starting
    import sweepyard.wiring.training  # noqa: F401 - imported to be in memory
    from sweepyard.tracking.wandb import list_packages_ahead

    list_packages_ahead()
    read_ahead([])
    return Shelf()


def keep_noted(shelf: Shelf, note: bytes, settings: Settings) -> None:
    """Load what a run has loaded, and read the files of configs that it has read, for the runs after it."""
    from sweepyard.config.compose import read_ahead
    from sweepyard.config.schema import DataConfig

    said = json.loads(note)
    read_ahead(said["choices"])
    config = DataConfig(name=said["name"], folder=said["folder"])
    shelf.keep(config, replace(settings, cache=Path(said["cache"])))
