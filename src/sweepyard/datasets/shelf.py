"""Data sets kept in memory for whoever comes next, each for as long as its files are what they were."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

from sweepyard.config.schema import DataConfig
from sweepyard.datasets.dataset import Dataset
from sweepyard.datasets.download import Progress, silent
from sweepyard.datasets.loading import files_behind, first_of, load
from sweepyard.errors import DataError
from sweepyard.settings import Settings

_HELD = 2

_Key = tuple[str, Path | None, Path]
_Stamps = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Held:
    dataset: Dataset
    stamps: _Stamps


class Shelf:
    """The last few data sets of the catalogue, or of a folder, that were asked for."""

    def __init__(self) -> None:
        self._held: OrderedDict[_Key, _Held] = OrderedDict()

    def load(self, config: DataConfig, settings: Settings, *, progress: Progress = silent) -> Dataset:
        """As `datasets.loading.load`, without reading anything where the data set is held.

        Raises:
            DataError: As for `datasets.loading.load`.
            ConfigInvalid: A target of the user's is not to be found.
        """
        held = self._held.get(_key(config, settings)) if config.target is None else None
        if held is None or held.stamps != _stamps(config, settings):
            return load(config, settings, progress=progress)
        return first_of(held.dataset, config.train_limit)

    def keep(self, config: DataConfig, settings: Settings) -> None:
        """Hold a data set whose files are at hand; one that cannot be read is left to whoever asks for it."""
        if config.target is not None:
            return
        key = _key(config, settings)
        stamps = _stamps(config, settings)
        held = self._held.get(key)
        if not stamps or (held is not None and held.stamps == stamps):
            return
        try:
            dataset = load(replace(config, train_limit=None), replace(settings, offline=True))
        except DataError:
            return
        self._held[key] = _Held(dataset, stamps)
        self._held.move_to_end(key)
        while len(self._held) > _HELD:
            self._held.popitem(last=False)


def _key(config: DataConfig, settings: Settings) -> _Key:
    return config.name, Path(config.folder).expanduser().absolute() if config.folder else None, settings.cache


def _stamps(config: DataConfig, settings: Settings) -> _Stamps:
    stamps = []
    for path in files_behind(config, settings):
        try:
            found = path.stat()
        except OSError:
            return ()
        stamps.append((str(path), found.st_mtime_ns, found.st_size, found.st_ino))
    return tuple(stamps)
