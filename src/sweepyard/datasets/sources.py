"""Where payloads come from when neither the user's folder nor the cache holds them.

A source writes every payload of a data set, unpacked and under its classic name, into an empty folder.
Whoever asked checks digests and shapes afterwards; a source checks only what is its own (a packed file's
published SHA-256). A source that cannot deliver raises `DataMissing` (or `IdxInvalid`, `DigestMismatch` when what
it got is damaged) and may leave anything in the folder.
"""

from __future__ import annotations

import gzip
import importlib.util
import math
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from sweepyard.datasets.download import Downloader
from sweepyard.datasets.idx import read_idx, write_idx
from sweepyard.datasets.payloads import Payload, Role
from sweepyard.errors import DataMissing, DigestMismatch, IdxInvalid
from sweepyard.files import sha256_of

_LARGEST_FILE_BYTES = 256 << 20
_NPM_SECONDS = 600


class Source(Protocol):
    """Delivers a data set's payloads."""

    @property
    def label(self) -> str:
        """What to call it in messages."""

    @property
    def needs_network(self) -> bool:
        """Whether the offline switch rules it out."""

    def deliver(self, payloads: Sequence[Payload], folder: Path, downloader: Downloader) -> None:
        """Write every payload into `folder`."""


@dataclass(frozen=True, slots=True)
class NpzDownload:
    """One `.npz` file with the arrays x_train, y_train, x_test, y_test, as Keras offers it."""

    label: str
    url: str
    limit_bytes: int = _LARGEST_FILE_BYTES
    needs_network: bool = True

    def deliver(self, payloads: Sequence[Payload], folder: Path, downloader: Downloader) -> None:
        keys: Mapping[Role, str] = {
            "train_images": "x_train",
            "train_labels": "y_train",
            "test_images": "x_test",
            "test_labels": "y_test",
        }
        packed = folder / "download.npz"
        downloader.download(self.url, packed, limit_bytes=self.limit_bytes)
        try:
            with zipfile.ZipFile(packed) as archive:
                for payload in payloads:
                    with archive.open(f"{keys[payload.role]}.npy") as stream:
                        write_idx(folder / payload.file, _npy(stream, payload))
        except (KeyError, ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise IdxInvalid(
                f"{self.url}: must be an .npz file with x_train, y_train, x_test and y_test; {error}"
            ) from error
        packed.unlink()


@dataclass(frozen=True, slots=True)
class GzipDownloads:
    """Each payload as one gzip file below a common address; `sha256` holds the packed files' published digests."""

    label: str
    address: str
    sha256: Mapping[Role, str]
    limit_bytes: int = _LARGEST_FILE_BYTES
    needs_network: bool = True

    def deliver(self, payloads: Sequence[Payload], folder: Path, downloader: Downloader) -> None:
        for payload in payloads:
            packed = folder / f"{payload.file}.gz"
            url = f"{self.address}{packed.name}"
            downloader.download(url, packed, limit_bytes=self.limit_bytes)
            _check_packed(packed, self.sha256.get(payload.role), url)
            write_idx(folder / payload.file, read_idx(packed))
            packed.unlink()


@dataclass(frozen=True, slots=True)
class ZipDownload:
    """One zip archive that holds each payload as a gzip file, among others."""

    label: str
    url: str
    members: Mapping[Role, str]
    sha256: str | None
    limit_bytes: int = 640 << 20
    needs_network: bool = True

    def deliver(self, payloads: Sequence[Payload], folder: Path, downloader: Downloader) -> None:
        packed = folder / "download.zip"
        downloader.download(self.url, packed, limit_bytes=self.limit_bytes)
        _check_packed(packed, self.sha256, self.url)
        try:
            with zipfile.ZipFile(packed) as archive:
                for payload in payloads:
                    with archive.open(self.members[payload.role]) as stream:
                        _copy(stream, folder / f"{payload.file}.gz", self.limit_bytes)
        except (KeyError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise IdxInvalid(f"{self.url}: must be a zip archive with the data set's files; {error}") from error
        packed.unlink()
        for payload in payloads:
            unpacked = folder / f"{payload.file}.gz"
            write_idx(folder / payload.file, read_idx(unpacked))
            unpacked.unlink()


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """A package of the JavaScript registry that holds the plain IDX files, fetched by the user's own `npm` client."""

    package: str
    inside: str
    command: tuple[str, ...] = ("npm", "pack")
    limit_bytes: int = _LARGEST_FILE_BYTES
    needs_network: bool = True

    @property
    def label(self) -> str:
        """What to call it in messages."""
        return f"the npm package {self.package}"

    def deliver(self, payloads: Sequence[Payload], folder: Path, downloader: Downloader) -> None:
        if shutil.which(self.command[0]) is None:
            raise DataMissing(f"{self.label}: the program `{self.command[0]}` is not installed")
        downloader.progress(self.label, 0, None)
        try:
            done = subprocess.run(
                [*self.command, self.package],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_NPM_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DataMissing(f"{self.label}: no answer in {_NPM_SECONDS} seconds") from error
        archives = sorted(folder.glob("*.tgz"))
        if done.returncode != 0 or len(archives) != 1:
            reason = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no reason given")
            raise DataMissing(f"{self.label}: `{' '.join(self.command)}` ended with {done.returncode} ({reason})")
        try:
            with tarfile.open(archives[0]) as archive:
                for payload in payloads:
                    stream = archive.extractfile(f"{self.inside}/{payload.file}")
                    if stream is None:
                        raise KeyError(f"{payload.file} is no plain file")
                    with stream:
                        _copy(stream, folder / payload.file, self.limit_bytes)
        except (KeyError, tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise IdxInvalid(f"{self.label}: must hold the IDX files in {self.inside}; {error}") from error
        archives[0].unlink()


@dataclass(frozen=True, slots=True)
class PackagedCsv:
    """A table in an installed package: a row an image, its pixels in reading order, then its label."""

    package: str
    inside: str
    extra: str
    side: int = 28
    needs_network: bool = False

    @property
    def label(self) -> str:
        """What to call it in messages."""
        return f"the Python package {self.package}"

    def deliver(self, payloads: Sequence[Payload], folder: Path, downloader: Downloader) -> None:
        path = _packaged(self.package, self.inside)
        if path is None:
            raise DataMissing(f"{self.label}: not installed; install Sweepyard with the extra `{self.extra}`")
        downloader.progress(self.label, 0, None)
        try:
            with gzip.open(path, "rt", encoding="ascii") as lines:
                table = np.loadtxt(lines, delimiter=",", dtype=np.uint8, ndmin=2)
            images = table[:, :-1].reshape(-1, self.side, self.side)
        except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise IdxInvalid(f"{path}: must be a gzip table of pixels and label; {error}") from error
        arrays = {"train_images": images, "train_labels": table[:, -1]}
        for payload in payloads:
            write_idx(folder / payload.file, arrays[payload.role])


def _packaged(package: str, inside: str) -> Path | None:
    """A file that an installed package brings along, found without importing the package."""
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or []) if found is not None else []:
        path = Path(folder) / inside
        if path.is_file():
            return path
    return None


def _npy(stream: IO[bytes], payload: Payload) -> NDArray[np.uint8]:
    """A member of an `.npz` file; its claims are checked before memory is taken, which NumPy's reader does not do.

    Raises:
        ValueError: It is damaged, or holds something else than the payload.
    """
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, kind = read_header(stream)
    if shape != payload.shape or kind != np.uint8 or by_columns:
        raise ValueError(f"{payload.file} must be uint8 of shape {payload.shape}; received {kind} {shape}")
    content = stream.read(math.prod(shape))
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _copy(source: IO[bytes], path: Path, limit_bytes: int) -> None:
    """Copy a stream to a file, and refuse one that unpacks to more than `limit_bytes`."""
    copied = 0
    with path.open("wb") as target:
        while block := source.read(1 << 20):
            copied += len(block)
            if copied > limit_bytes:
                raise IdxInvalid(f"{path.name}: at most {limit_bytes} bytes are expected; it unpacks to more")
            target.write(block)


def _check_packed(path: Path, expected: str | None, url: str) -> None:
    if expected is None:
        return
    received = sha256_of(path)
    if received != expected:
        raise DigestMismatch(f"{url}: its published SHA-256 is {expected}; received {received}")
