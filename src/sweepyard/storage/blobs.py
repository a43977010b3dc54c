"""Blobs in a folder: content-addressed by SHA-256, written beside their place and moved there whole."""

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


class _FolderWriter:
    """Hashes what it is given on the way to a temporary file."""

    def __init__(self, stream: IO[bytes], temporary: Path, store: FolderBlobs) -> None:
        self._stream = stream
        self._temporary = temporary
        self._store = store
        self._sha256 = hashlib.sha256()
        # W&B's manifests name files by MD5; nothing here trusts it.
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
        place = self._store.place_of(digest)
        if not place.exists():
            if not place.parent.exists():
                place.parent.mkdir(exist_ok=True)
                sync_folder(place.parent.parent)
            self._temporary.replace(place)
            sync_folder(place.parent)
        return BlobRef(digest, self._md5.hexdigest(), self._size_bytes)


class FolderBlobs:
    """A `BlobStore` on a folder of the local file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)

    def place_of(self, digest: str) -> Path:
        """Where the blob of that digest lies, or would lie.

        Raises:
            NotFound: `digest` is not 64 hexadecimal digits, so that no path leaves the folder.
        """
        if _DIGEST.fullmatch(digest) is None:
            raise NotFound(f"a blob is named by 64 hexadecimal digits; received {digest[:80]!r}")
        return self._folder / digest[:2] / digest[2:]

    @contextmanager
    def writer(self) -> Iterator[_FolderWriter]:
        descriptor, name = tempfile.mkstemp(dir=self._incoming)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                yield _FolderWriter(stream, temporary, self)
        finally:
            temporary.unlink(missing_ok=True)

    def open(self, digest: str) -> IO[bytes]:
        try:
            return self.place_of(digest).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"no blob is stored under {digest}") from error

    def contains(self, digest: str) -> bool:
        return _DIGEST.fullmatch(digest) is not None and self.place_of(digest).exists()

    def delete(self, digest: str) -> None:
        if self.contains(digest):
            self.place_of(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        for folder in self._folder.iterdir():
            if len(folder.name) == 2:
                yield from (folder.name + blob.name for blob in folder.iterdir())
