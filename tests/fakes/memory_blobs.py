"""The services' blob store in memory."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from sweepyard.domain.artifact import BlobRef
from sweepyard.errors import NotFound


class MemoryWriter:
    def __init__(self, blobs: dict[str, bytes]) -> None:
        self._blobs = blobs
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def finish(self) -> BlobRef:
        content = b"".join(self._pieces)
        digest = hashlib.sha256(content).hexdigest()
        self._blobs[digest] = content
        return BlobRef(digest, hashlib.md5(content).hexdigest(), len(content))


class MemoryBlobs:
    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    @contextmanager
    def writer(self) -> Iterator[MemoryWriter]:
        yield MemoryWriter(self._blobs)

    def open(self, digest: str) -> IO[bytes]:
        if digest not in self._blobs:
            raise NotFound(f"there is no blob {digest!r}")
        return io.BytesIO(self._blobs[digest])

    def contains(self, digest: str) -> bool:
        return digest in self._blobs

    def delete(self, digest: str) -> None:
        self._blobs.pop(digest, None)

    def digests(self) -> Iterator[str]:
        yield from list(self._blobs)
