"""Blobs in a folder, each under its SHA-256: `ab/abcdef...`."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sweepyard.domain.artifact import BlobRef
from sweepyard.errors import NotFound
from sweepyard.files import sync_folder

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PARTS = "incoming"


class FolderWriter:
    """Takes one blob's bytes into a temporary file, and moves it to its place."""

    def __init__(self, store: BlobFolder, stream: IO[bytes], temporary: Path) -> None:
        self._store = store
        self._stream = stream
        self._temporary = temporary
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size_bytes = 0

    def write(self, piece: bytes) -> None:
        self._stream.write(piece)
        self._sha256.update(piece)
        self._md5.update(piece)
        self._size_bytes += len(piece)

    def finish(self) -> BlobRef:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        digest = self._sha256.hexdigest()
        place = self._store.path_of(digest)
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            self._temporary.replace(place)
            sync_folder(place.parent)
            sync_folder(place.parent.parent)
        return BlobRef(digest, self._md5.hexdigest(), self._size_bytes)


class BlobFolder:
    """The `BlobStore` of `services.ports`, on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = folder / _PARTS
        self._parts.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def writer(self) -> Iterator[FolderWriter]:
        """A writer whose temporary file is gone after the block."""
        descriptor, name = tempfile.mkstemp(dir=self._parts, suffix=".part")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                yield FolderWriter(self, stream, temporary)
        finally:
            temporary.unlink(missing_ok=True)

    def open(self, digest: str) -> IO[bytes]:
        """The blob as a seekable stream.

        Raises:
            NotFound: There is no such blob.
        """
        try:
            return self.path_of(digest).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"there is no blob {digest}") from error

    def contains(self, digest: str) -> bool:
        return _DIGEST.fullmatch(digest) is not None and self.path_of(digest).is_file()

    def delete(self, digest: str) -> None:
        if _DIGEST.fullmatch(digest):
            self.path_of(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        for path in self._folder.glob("??/*"):
            if _DIGEST.fullmatch(path.name):
                yield path.name

    def path_of(self, digest: str) -> Path:
        """Where the blob lies, or would.

        Raises:
            NotFound: `digest` is not 64 hexadecimal digits: nothing else can become a path here.
        """
        if not _DIGEST.fullmatch(digest):
            raise NotFound(f"a blob is named by 64 hexadecimal digits; received {digest[:80]!r}")
        return self._folder / digest[:2] / digest
