"""From a config to a data set in memory: find the payloads, check them, cut the splits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweepyard.config.names import hint_for
from sweepyard.config.schema import DataConfig
from sweepyard.config.targets import DATASETS, find_target
from sweepyard.datasets.cache import Cache
from sweepyard.datasets.catalogue import CATALOGUE, CatalogueEntry
from sweepyard.datasets.dataset import Dataset, Split
from sweepyard.datasets.download import Downloader, Progress, silent
from sweepyard.datasets.payloads import ROLES, Contents, Payload, contradictions, find_in, read_folder
from sweepyard.datasets.split import SPLIT_SCHEME, stratified
from sweepyard.errors import DataError
from sweepyard.settings import Settings

OWN_FOLDER = "idx"
OWN_DESCRIPTION = "a folder of your own"
_CLASSES_FILE = "classes.txt"
# A folder of the user's is cut as MNIST is: one training image in twelve validates.
_VALIDATION_SHARE = 12


def load(config: DataConfig, settings: Settings, *, progress: Progress = silent) -> Dataset:
    """Load the data set that `config` names, fetching it if need be.

    The order of the images is fixed; shuffling is the fit's affair. `train_limit` keeps the first images of the
    training split, which lie in random order, so every class is likely to be among them.

    Raises:
        DataMissing: No source delivers; the message says what to do.
        DigestMismatch: Bytes differ from the catalogue's.
        IdxInvalid: A file is not well-formed.
        DataError: Files contradict each other, or a target gives something else than a data set.
        ConfigInvalid: A target of the user's is not to be found.
    """
    return first_of(_load_whole(config, settings, progress), config.train_limit)


def first_of(dataset: Dataset, train_limit: int | None) -> Dataset:
    """The data set with only the first images of its training split; all of them for None."""
    return dataset if train_limit is None else replace(dataset, train=dataset.train.first(train_limit))


def files_behind(config: DataConfig, settings: Settings) -> list[Path]:
    """The files that `load` would read, where they are at hand; none for a target of the user's."""
    if config.target is not None:
        return []
    entry = CATALOGUE.get(config.name)
    payloads, prefixes = (entry.payloads, entry.prefixes) if entry else ([Payload(role) for role in ROLES], ("",))
    if config.folder is not None:
        folder = Path(config.folder).expanduser()
        found = [path for payload in payloads if (path := find_in(folder, payload, prefixes))]
        return [*found, folder / _CLASSES_FILE] if names_classes(folder) else found
    if entry is None:
        return []
    cache = Cache(settings.cache, entry.name, payloads)
    return [cache.folder / payload.file for payload in payloads] if cache.complete else []


def contents_of(entry: CatalogueEntry, settings: Settings, folder: Path | None, downloader: Downloader) -> Contents:
    """A catalogue entry's payloads from the user's folder, else the cache, else its sources.

    Raises:
        DataError: As for `load`.
    """
    if folder is not None:
        return read_folder(folder, entry.payloads, entry.prefixes)
    cache = Cache(settings.cache, entry.name, entry.payloads)
    if cache.complete:
        return cache.read()
    return cache.fill(entry.sources, downloader, offline=settings.offline, advice=_advice(entry))


def cached_digest(entry: CatalogueEntry, settings: Settings) -> str | None:
    """The digest of a data set whose files are in the cache, which are read and checked for it; None if they are not.

    Raises:
        DataError: A file is damaged, or another than it was.
    """
    cache = Cache(settings.cache, entry.name, entry.payloads)
    return _digest(cache.read(), entry.sizes) if cache.complete else None


def entry_named(name: str) -> CatalogueEntry:
    """The catalogue's entry of that name.

    Raises:
        DataError: There is none.
    """
    if name not in CATALOGUE:
        raise DataError(f"the data set must be one of the catalogue; received {name!r}. {hint_for(name, CATALOGUE)}")
    return CATALOGUE[name]


def _load_whole(config: DataConfig, settings: Settings, progress: Progress) -> Dataset:
    if config.target is not None:
        made = find_target(config.target, group=DATASETS, where="data._target_")(**config.arguments)
        if not isinstance(made, Dataset):
            received = type(made).__name__
            raise DataError(f"{config.target} must give a sweepyard.datasets.dataset.Dataset; received {received}")
        return made
    folder = Path(config.folder).expanduser() if config.folder is not None else None
    if config.name == OWN_FOLDER:
        if folder is None:
            raise DataError(
                "`idx` needs the folder that holds the files: data.folder=DIR to train, --folder DIR elsewhere"
            )
        return _own(folder)
    entry = entry_named(config.name)
    return _assemble(entry, contents_of(entry, settings, folder, Downloader(progress)))


def _assemble(entry: CatalogueEntry, contents: Contents) -> Dataset:
    train = _split_of(contents.arrays["train_images"], contents.arrays["train_labels"], entry)
    train_size, validation_size, test_size = entry.sizes
    if "test_images" in contents.arrays:
        first, second = stratified(train.labels, (train_size, validation_size))
        test = _split_of(contents.arrays["test_images"], contents.arrays["test_labels"], entry)
    else:
        first, second, third = stratified(train.labels, entry.sizes)
        test = _taken(train, third)
    digest = _digest(contents, (train_size, validation_size, test_size))
    return Dataset(entry.name, entry.class_names, _taken(train, first), _taken(train, second), test, digest)


def _own(folder: Path) -> Dataset:
    """A folder with the classic four files, of any image size and number of classes."""
    contents = read_folder(folder, [Payload(role) for role in ROLES], elsewhere="")
    wrong = contradictions(contents.arrays, classes_named=names_classes(folder))
    if wrong:
        raise DataError("\n".join(f"{find_in(folder, Payload(role))}: {problem}" for role, problem in wrong.items()))
    train = Split(contents.arrays["train_images"], contents.arrays["train_labels"].astype(np.int64))
    test = Split(contents.arrays["test_images"], contents.arrays["test_labels"].astype(np.int64))
    if len(train) < 2 or not len(test):
        received = f"{len(train)} and {len(test)}"
        raise DataError(f"{folder}: must hold at least 2 training images and a test image; received {received}")
    validation_size = max(1, len(train) // _VALIDATION_SHARE)
    sizes = (len(train) - validation_size, validation_size, len(test))
    first, second = stratified(train.labels, sizes[:2])
    digest = _digest(contents, sizes)
    names = _class_names(folder, int(max(train.labels.max(), test.labels.max())) + 1)
    return Dataset(OWN_FOLDER, names, _taken(train, first), _taken(train, second), test, digest)


def names_classes(folder: Path) -> bool:
    """Whether a folder of the user's has a file with the names of its classes."""
    return (folder / _CLASSES_FILE).is_file()


def _class_names(folder: Path, count: int) -> tuple[str, ...]:
    """One name a line in `classes.txt`, if the folder has one; else the labels themselves."""
    path = folder / _CLASSES_FILE
    if not names_classes(folder):
        return tuple(str(label) for label in range(count))
    names = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    if len(names) < count or len(set(names)) != len(names):
        raise DataError(f"{path}: must give {count} different names, one a line; received {len(set(names))}")
    return names


def _split_of(images: NDArray[Any], labels: NDArray[Any], entry: CatalogueEntry) -> Split:
    if entry.transposed:
        images = np.ascontiguousarray(images.transpose(0, 2, 1))
    return Split(images, labels.astype(np.int64) - entry.first_label)


def _taken(split: Split, indices: NDArray[np.int64]) -> Split:
    return Split(split.images[indices], split.labels[indices])


def _digest(contents: Contents, sizes: Sequence[int]) -> str:
    described = {"payloads": dict(contents.digests), "scheme": SPLIT_SCHEME, "sizes": list(sizes)}
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _advice(entry: CatalogueEntry) -> str:
    files = ", ".join(payload.file for payload in entry.payloads)
    other = "" if entry.part_of else ", or try data=mnist5k, which needs no network"
    return f"What to do: put {files} (plain or .gz) into a folder and set data.folder to it{other}."
