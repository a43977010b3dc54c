"""What `sweepyard data fetch|verify|describe` tell, as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from sweepyard.config.schema import DataConfig
from sweepyard.datasets.cache import Cache
from sweepyard.datasets.catalogue import CatalogueEntry
from sweepyard.datasets.dataset import Dataset
from sweepyard.datasets.download import Downloader, Progress, silent
from sweepyard.datasets.idx import idx_digest, read_idx
from sweepyard.datasets.loading import OWN_DESCRIPTION, OWN_FOLDER, contents_of, entry_named, load, names_classes
from sweepyard.datasets.payloads import ROLES, Payload, check, contradictions, find_in
from sweepyard.errors import DataError, DataMissing
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.settings import Settings

UNVERIFIED = (
    "the unpacked files' digests could not be taken when the catalogue was written: downloads are compared with the "
    "digest that is published for the packed files, cached files with what was fetched"
)


@dataclass(frozen=True, slots=True)
class FileReport:
    """One payload.

    Attributes:
        file: Its path, or its classic name where no file was found.
        shape: What the file holds; None if it cannot be read.
        sha256: Digest of the unpacked file, in hex; None if it cannot be read.
        expected: The digest that it was compared with; None if there is none.
        problem: What is wrong with it; empty if nothing is.
    """

    file: str
    shape: tuple[int, ...] | None
    sha256: str | None
    expected: str | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Whether a data set's files are in order.

    Attributes:
        place: Where the files lie.
        verified: Whether the catalogue's own digests were compared with real data when it was written.
        note: What `verified` means for the user; empty where there is nothing to say.
    """

    name: str
    place: str
    files: tuple[FileReport, ...]
    verified: bool
    note: str

    @property
    def sound(self) -> bool:
        """Whether no file has a problem."""
        return not any(file.problem for file in self.files)

    def to_json(self) -> JsonObject:
        """The report as plain JSON."""
        return {
            "name": self.name,
            "place": self.place,
            "sound": self.sound,
            "verified": self.verified,
            "note": self.note,
            "files": [{**asdict(file), "shape": _plain(file.shape)} for file in self.files],
        }


@dataclass(frozen=True, slots=True)
class DataReport:
    """What a data set holds.

    Attributes:
        place: Where its files lie.
        digest: Identifies its images, labels and split.
        image_shape: Height and width in pixels.
        counts: By split, images of each class, in the order of the class names.
        verified: Whether the catalogue's digests were compared with real data when it was written.
        note: What `verified` means for the user; empty where there is nothing to say.
    """

    name: str
    description: str
    licence: str
    homepage: str
    place: str
    digest: str
    image_shape: tuple[int, int]
    class_names: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]
    verified: bool
    note: str

    def to_json(self) -> JsonObject:
        """The report as plain JSON, with the counts by class name."""
        return {
            "name": self.name,
            "description": self.description,
            "licence": self.licence,
            "homepage": self.homepage,
            "place": self.place,
            "digest": self.digest,
            "image_shape": list(self.image_shape),
            "class_names": list(self.class_names),
            "splits": {
                split: dict(zip(self.class_names, counts, strict=True)) for split, counts in self.counts.items()
            },
            "verified": self.verified,
            "note": self.note,
        }


def fetch(name: str, settings: Settings, *, folder: str | None = None, progress: Progress = silent) -> DataReport:
    """Bring a data set into the cache, unless it is there, and tell what it holds.

    Raises:
        DataError: As for `loading.load`; or the cache cannot be written.
    """
    report = _loaded(name, settings, folder, progress)
    if folder is None and not _cache_of(name, settings).complete:
        raise DataError(f"{name} could be delivered but not kept: {report.place} cannot be written")
    return report


def describe(name: str, settings: Settings, *, folder: str | None = None) -> DataReport:
    """Tell what a data set holds, in a folder of the user's or in the cache; nothing is downloaded.

    Raises:
        DataMissing: It is not there.
        DataError: As for `loading.load`.
    """
    if name != OWN_FOLDER and folder is None:
        _at_hand(entry_named(name), settings)
    return _loaded(name, settings, folder, silent)


def _loaded(name: str, settings: Settings, folder: str | None, progress: Progress) -> DataReport:
    dataset = load(DataConfig(name=name, folder=folder), settings, progress=progress)
    return _report(dataset, Path(folder).expanduser() if folder is not None else _cache_of(name, settings).folder)


def _cache_of(name: str, settings: Settings) -> Cache:
    return Cache(settings.cache, name, entry_named(name).payloads)


def verify(name: str, settings: Settings, *, folder: str | None = None) -> VerifyReport:
    """Check every file of a data set, in a folder of the user's or in the cache; nothing is downloaded.

    Problems stand in the report, all of them at once.

    Raises:
        DataMissing: There is nothing to check.
        DataError: The catalogue holds no such data set.
    """
    if name == OWN_FOLDER:
        place = _folder(folder)
        report = _checked(name, place, {Payload(role): find_in(place, Payload(role)) for role in ROLES}, {}, None)
        return _against_each_other(report, place) if report.sound else report
    entry = entry_named(name)
    if folder is not None:
        place = _folder(folder)
        paths = {payload: find_in(place, payload, entry.prefixes) for payload in entry.payloads}
        return _checked(name, place, paths, {}, entry)
    cache = _at_hand(entry, settings)
    paths = {payload: find_in(cache.folder, payload) for payload in entry.payloads}
    return _checked(name, cache.folder, paths, cache.recorded(), entry)


def _at_hand(entry: CatalogueEntry, settings: Settings) -> Cache:
    """The cache with all of a data set in it.

    Raises:
        DataMissing: It is not there.
    """
    cache = Cache(settings.cache, entry.name, entry.payloads)
    if not cache.complete and not all(source.needs_network for source in entry.sources):
        # What an installed package carries is at hand, even before anybody has used it.
        contents_of(entry, replace(settings, offline=True), None, Downloader())
    if not cache.complete:
        raise DataMissing(f"{entry.name}: not in the cache {cache.folder}. Run `sweepyard data fetch {entry.name}`")
    return cache


def _checked(
    name: str,
    place: Path,
    paths: Mapping[Payload, Path | None],
    recorded: Mapping[str, str],
    entry: CatalogueEntry | None,
) -> VerifyReport:
    files = tuple(_file_report(payload, path, recorded.get(payload.file)) for payload, path in paths.items())
    verified = entry is not None and entry.verified
    return VerifyReport(name, str(place), files, verified, "" if verified or entry is None else UNVERIFIED)


def _against_each_other(report: VerifyReport, folder: Path) -> VerifyReport:
    """The report on sound files of a user's own, with what keeps them from being one data set."""
    arrays = {role: read_idx(Path(file.file)) for role, file in zip(ROLES, report.files, strict=True)}
    wrong = contradictions(arrays, classes_named=names_classes(folder))
    files = (replace(file, problem=wrong.get(role, "")) for role, file in zip(ROLES, report.files, strict=True))
    return replace(report, files=tuple(files))


def _file_report(payload: Payload, path: Path | None, recorded: str | None) -> FileReport:
    expected = payload.sha256 or recorded
    if path is None:
        return FileReport(payload.file, None, None, expected, "not there, neither plain nor with .gz")
    try:
        array = read_idx(path)
    except DataError as error:
        return FileReport(str(path), None, None, expected, str(error))
    digest = idx_digest(array)
    try:
        check(payload, array, digest, path, recorded)
    except DataError as error:
        return FileReport(str(path), array.shape, digest, expected, str(error))
    return FileReport(str(path), array.shape, digest, expected)


def _report(dataset: Dataset, place: Path) -> DataReport:
    entry = None if dataset.name == OWN_FOLDER else entry_named(dataset.name)
    classes = len(dataset.class_names)
    return DataReport(
        name=dataset.name,
        description=entry.description if entry else OWN_DESCRIPTION,
        licence=entry.licence if entry else "",
        homepage=entry.homepage if entry else "",
        place=str(place),
        digest=dataset.digest,
        image_shape=dataset.image_shape,
        class_names=dataset.class_names,
        counts={
            name: tuple(int(count) for count in np.bincount(split.labels, minlength=classes))
            for name, split in dataset.splits.items()
        },
        verified=entry is not None and entry.verified,
        note="" if entry is None or entry.verified else UNVERIFIED,
    )


def _folder(folder: str | None) -> Path:
    if folder is None:
        raise DataMissing(f"`{OWN_FOLDER}` needs the folder that holds the files. Name it with --folder")
    place = Path(folder).expanduser()
    if not place.is_dir():
        raise DataMissing(f"a folder with IDX files must be there; received {place}, which is none")
    return place


def _plain(shape: tuple[int, ...] | None) -> JsonValue:
    return None if shape is None else list(shape)
