"""The cache: one folder a data set with its unpacked payloads and the digests they had when they came."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sweepyard.datasets.download import Downloader
from sweepyard.datasets.idx import read_idx
from sweepyard.datasets.payloads import Contents, Payload, Role, check
from sweepyard.datasets.sources import Source
from sweepyard.errors import DataError, DataMissing, DigestMismatch, IdxInvalid
from sweepyard.files import FileLock, sha256_of, sync_folder, write_atomically

_RECORD = "fetched.json"


@dataclass(frozen=True, slots=True)
class Cache:
    """The cached payloads of one data set.

    Attributes:
        root: The cache folder of the settings.
        name: The data set.
        payloads: What it consists of.
    """

    root: Path
    name: str
    payloads: Sequence[Payload]

    @property
    def folder(self) -> Path:
        """Where the payloads lie."""
        return self.root / "datasets" / self.name

    @property
    def complete(self) -> bool:
        """Whether every payload is there (which says nothing about its content)."""
        return all((self.folder / payload.file).is_file() for payload in self.payloads)

    def read(self) -> Contents:
        """Read every payload and check it against the catalogue's digest, or the one recorded at fetch.

        Raises:
            DataMissing: A payload is not there.
            DataError: A payload is damaged; the message says what to remove.
        """
        if not self.complete:
            raise DataMissing(f"{self.name}: not in the cache {self.folder}. Run `sweepyard data fetch {self.name}`")
        recorded = self.recorded()
        try:
            return _checked(self.folder, self.payloads, recorded, f"the cache {self.folder}")
        except IdxInvalid as error:
            raise IdxInvalid(f"{error}. Remove the folder {self.folder} and fetch again") from error

    def recorded(self) -> Mapping[str, str]:
        """Digests by file, as they were when the payloads were fetched, with the origin under `origin`."""
        path = self.folder / _RECORD
        try:
            record: object = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise DataError(
                f"{path}: must be JSON; {error}. Remove the folder {self.folder} and fetch again"
            ) from error
        if not isinstance(record, dict) or not all(isinstance(value, str) for value in record.values()):
            raise DataError(f"{path}: must map files to digests. Remove the folder {self.folder} and fetch again")
        return record

    def fill(self, sources: Sequence[Source], downloader: Downloader, *, offline: bool, advice: str) -> Contents:
        """Have the first source that can deliver the payloads, check them and keep them; others wait meanwhile.

        Where the cache cannot be written, the payloads are not kept.

        Args:
            sources: Tried in order.
            downloader: Carries out transfers.
            offline: Whether sources that need the network are left out.
            advice: What the user can do when no source delivers.

        Raises:
            DigestMismatch: No source delivered, and one delivered something else than the catalogue's data.
            DataMissing: No source delivered; each one's reason is named.
            DataError: The disk is full.
        """
        if not self._is_writable():
            downloader.progress(f"{self.root} cannot be written: working without a cache", 0, None)
            with tempfile.TemporaryDirectory(prefix="sweepyard-data-") as name:
                partial = Path(name)
                return self._from_first(
                    sources, lambda source: self._deliver(source, partial, downloader), offline=offline, advice=advice
                )
        with FileLock(self.root / "datasets" / f".{self.name}.lock"):
            if self.complete:
                return self.read()
            return self._from_first(
                sources, lambda source: self._fill_from(source, downloader), offline=offline, advice=advice
            )

    def _is_writable(self) -> bool:
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder.parent):
                return True
        except OSError:
            return False

    def _from_first(
        self, sources: Sequence[Source], deliver: Callable[[Source], Contents], *, offline: bool, advice: str
    ) -> Contents:
        reasons: list[str] = []
        damaged = False
        for source in sources:
            if offline and source.needs_network:
                reasons.append(f"{source.label}: left out, because SWEEPYARD_OFFLINE is set")
                continue
            try:
                return deliver(source)
            except DataError as error:
                damaged = damaged or isinstance(error, DigestMismatch)
                reasons.append(str(error) if source.label in str(error) else f"{source.label}: {error}")
            except OSError as error:
                raise DataError(
                    f"{self.name}: could not be stored: {error}. Free some space, or let SWEEPYARD_CACHE name a folder "
                    "on another disk"
                ) from error
        told = "; ".join([f"not in the cache {self.folder}", *reasons])
        kind = DigestMismatch if damaged else DataMissing
        raise kind(f"{self.name}: no source could deliver it: {told}\n{advice}")

    def _fill_from(self, source: Source, downloader: Downloader) -> Contents:
        """Deliver into a neighbour folder, and let it take the cache's place only when everything is in order."""
        parent = self.folder.parent
        with tempfile.TemporaryDirectory(prefix=f".{self.name}.", suffix=".part", dir=parent) as name:
            partial = Path(name) / "payloads"
            partial.mkdir()
            contents = self._deliver(source, partial, downloader)
            record = {payload.file: contents.digests[payload.role] for payload in self.payloads}
            write_atomically(partial / _RECORD, json.dumps({**record, "origin": source.label}, indent=2).encode())
            if self.folder.exists():  # An incomplete one: nobody reads it, and we hold the lock.
                shutil.rmtree(self.folder)
            partial.rename(self.folder)
            sync_folder(parent)
        return contents

    def _deliver(self, source: Source, folder: Path, downloader: Downloader) -> Contents:
        source.deliver(self.payloads, folder, downloader)
        absent = [payload.file for payload in self.payloads if not (folder / payload.file).is_file()]
        if absent:
            raise IdxInvalid(f"{source.label}: must deliver {', '.join(absent)}, and did not")
        return _checked(folder, self.payloads, {}, source.label)


def _checked(folder: Path, payloads: Sequence[Payload], recorded: Mapping[str, str], origin: str) -> Contents:
    arrays: dict[Role, NDArray[Any]] = {}
    digests: dict[Role, str] = {}
    for payload in payloads:
        path = folder / payload.file
        arrays[payload.role] = array = read_idx(path)
        digests[payload.role] = digest = sha256_of(path)
        check(payload, array, digest, path, recorded.get(payload.file))
    return Contents(arrays, digests, origin)
