"""A data set's payloads: its IDX files, what they must hold, and finding them in a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sweepyard.datasets.idx import idx_digest, read_idx
from sweepyard.errors import DataError, DataMissing, DigestMismatch
from sweepyard.files import sha256_of

Role = Literal["train_images", "train_labels", "test_images", "test_labels"]
ROLES: tuple[Role, ...] = ("train_images", "train_labels", "test_images", "test_labels")
_FILES: Mapping[Role, str] = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
_LABELS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Payload:
    """One IDX file of a data set.

    Attributes:
        role: What it holds.
        shape: The shape it must have; None when any will do (a folder of the user's).
        sha256: Digest of the unpacked file, in hex; None when nobody could verify one.
    """

    role: Role
    shape: tuple[int, ...] | None = None
    sha256: str | None = None

    @property
    def file(self) -> str:
        """The classic name, under which the cache holds it."""
        return _FILES[self.role]


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Payloads that were read and found in order.

    Attributes:
        arrays: By role, as the files hold them.
        digests: By role, the SHA-256 of the unpacked file, in hex.
        origin: Where they come from, in words.
    """

    arrays: Mapping[Role, NDArray[Any]]
    digests: Mapping[Role, str]
    origin: str


def find_in(folder: Path, payload: Payload, prefixes: Sequence[str] = ("",)) -> Path | None:
    """The file of `folder` that bears one of the payload's usual names, plain or gzip; None when none does."""
    for name in _usual_names(payload, prefixes):
        for suffix in ("", ".gz"):
            path = folder / f"{name}{suffix}"
            if path.is_file():
                return path
    return None


def read_folder(
    folder: Path,
    payloads: Sequence[Payload],
    prefixes: Sequence[str] = ("",),
    *,
    elsewhere: str = ", or leave data.folder out to use the cache and the data set's other sources",
) -> Contents:
    """Read and check every payload in a folder that the user names.

    Args:
        elsewhere: What else to do about files that are missing, for data sets that have other sources.

    Raises:
        DataMissing: The folder or a file is not there; all missing files are named.
        IdxInvalid: A file is not well-formed.
        DigestMismatch: A file's content is not the catalogue's.
        DataError: A file holds another shape.
    """
    if not folder.is_dir():
        raise DataMissing(f"data.folder must be a folder with the IDX files; received {folder}, which is none")
    paths = {payload: find_in(folder, payload, prefixes) for payload in payloads}
    missing = [payload.file for payload, path in paths.items() if path is None]
    if missing:
        raise DataMissing(
            f"data.folder must hold {', '.join(missing)} (plain or .gz); {folder} does not. Put them there{elsewhere}"
        )
    arrays: dict[Role, NDArray[Any]] = {}
    digests: dict[Role, str] = {}
    for payload, path in paths.items():
        if path is not None:
            arrays[payload.role] = array = read_idx(path)
            digests[payload.role] = digest = idx_digest(array) if path.suffix == ".gz" else sha256_of(path)
            check(payload, array, digest, path)
    return Contents(arrays, digests, f"the folder {folder}")


def check(payload: Payload, array: NDArray[Any], digest: str, path: Path, expected: str | None = None) -> None:
    """Compare a payload's content with the catalogue, or with the digest `expected` that was recorded at fetch.

    Raises:
        DataError: It holds another shape.
        DigestMismatch: Its digest differs.
    """
    if payload.shape is not None and array.shape != payload.shape:
        raise DataError(f"{path}: must hold {payload.shape}; received {array.shape}. The file is of another data set")
    wanted = payload.sha256 or expected
    if wanted is not None and digest != wanted:
        raise DigestMismatch(
            f"{path}: its SHA-256 must be {wanted}; received {digest}. The file is damaged or of another data set: "
            "remove it and fetch again, or use data=idx for files of your own"
        )


def contradictions(arrays: Mapping[Role, NDArray[Any]], *, classes_named: bool) -> dict[Role, str]:
    """Why files of a user's own cannot be one data set, said of the file to look at; empty where they can.

    Args:
        arrays: Those of the four that could be read.
        classes_named: Whether the classes have names; where they have none, the training labels are the classes.
    """
    found: dict[Role, str] = {}
    pairs: tuple[tuple[Role, Role], ...] = (("train_images", "train_labels"), ("test_images", "test_labels"))
    for images_role, labels_role in pairs:
        images, labels = arrays.get(images_role), arrays.get(labels_role)
        if images is not None and (images.ndim != 3 or images.dtype != np.uint8):
            rule = "must hold images of one byte a pixel: (n, height, width)"
            found[images_role] = f"{rule}; received {images.dtype} {images.shape}"
        if labels is None:
            continue
        if labels.ndim != 1 or labels.dtype.kind not in "ui":
            found[labels_role] = f"must hold whole numbers, one an image; received {labels.dtype} {labels.shape}"
        elif labels.min(initial=0) < 0:
            found[labels_role] = f"must hold labels from 0 on; received {labels.min()}"
        elif images is not None and len(labels) != len(images):
            found[labels_role] = f"must hold one label an image; received {len(labels)} for {len(images)} images"
    if found or len(arrays) < len(ROLES):
        return found
    size, wanted = arrays["test_images"].shape[1:], arrays["train_images"].shape[1:]
    if size != wanted:
        found["test_images"] = f"must hold images of the training images' size, {wanted}; received {size}"
    unknown = np.setdiff1d(arrays["test_labels"], arrays["train_labels"])
    if len(unknown) and not classes_named:
        rule = "must hold labels that training images have"
        found["test_labels"] = f"{rule}; received {', '.join(map(str, unknown[:_LABELS_SHOWN]))}"
    return found


def _usual_names(payload: Payload, prefixes: Sequence[str]) -> Iterator[str]:
    classic = payload.file
    short = classic.partition("-idx")[0]
    for name in (classic, classic.replace("-idx", ".idx"), short):
        for renamed in dict.fromkeys((name, name.replace("t10k", "test"))):
            for prefix in prefixes:
                yield f"{prefix}{renamed}"
