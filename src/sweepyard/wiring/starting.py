"""How a run starts: in a process made for it, or (see `warm`) forked from one that has everything in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sweepyard.config.compose import Composition
    from sweepyard.config.schema import DataConfig
    from sweepyard.datasets.dataset import Dataset
    from sweepyard.datasets.download import Progress
    from sweepyard.settings import Settings


class Start(Protocol):
    """What differs between the two."""

    @property
    def is_warm(self) -> bool:
        """Whether the process was forked."""

    def begin(self, composition: Composition) -> None:
        """The config is known and right; may not return, where the run is to start otherwise."""

    def load(self, config: DataConfig, settings: Settings, progress: Progress) -> Dataset:
        """As `datasets.loading.load`."""


class ColdStart:
    """A process of its own, which has imported and loaded nothing."""

    @property
    def is_warm(self) -> bool:
        return False

    def begin(self, composition: Composition) -> None:
        """Nothing is to be decided."""

    def load(self, config: DataConfig, settings: Settings, progress: Progress) -> Dataset:
        from sweepyard.datasets.loading import load

        return load(config, settings, progress=progress)
