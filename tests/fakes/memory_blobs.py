"""The services' blob store in memory."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

from sweepyard.clock import Clock, SystemClock
from sweepyard.domain.artifact import BlobRef
from sweepyard.errors import NotFound
from sweepyard.services.ports.blobs import StoredBlob, Upload


class MemoryWriter:
    def __init__(self, store: MemoryBlobs) -> None:
        self._store = store
        self.content = b""
        self.touched_at = store.clock.now()

    def write(self, piece: bytes) -> None:
        self.content += piece
        self.touched_at = self._store.clock.now()

    def finish(self) -> BlobRef:
        digest = hashlib.sha256(self.content).hexdigest()
        self._store.blobs[digest] = (self.content, self._store.clock.now())
        return BlobRef(digest, hashlib.md5(self.content).hexdigest(), len(self.content))


class MemoryBlobs:
    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.blobs: dict[str, tuple[bytes, datetime]] = {}
        self.writers: dict[str, MemoryWriter] = {}
        self.broken: dict[str, Upload] = {}

    @contextmanager
    def writer(self) -> Iterator[MemoryWriter]:
        writer = MemoryWriter(self)
        name = str(id(writer))
        self.writers[name] = writer
        try:
            yield writer
        finally:
            del self.writers[name]

    def open(self, digest: str) -> IO[bytes]:
        if digest not in self.blobs:
            raise NotFound(f"there is no blob {digest!r}")
        return io.BytesIO(self.blobs[digest][0])

    def contains(self, digest: str) -> bool:
        return digest in self.blobs

    def stored(self) -> Iterator[StoredBlob]:
        for digest, (content, stored_at) in list(self.blobs.items()):
            yield StoredBlob(digest, len(content), stored_at)

    def discard(self, digest: str, *, stored_before: datetime) -> bool:
        if digest not in self.blobs or self.blobs[digest][1] >= stored_before:
            return False
        del self.blobs[digest]
        return True

    def uploads(self) -> Iterator[Upload]:
        for name, writer in list(self.writers.items()):
            yield Upload(name, len(writer.content), writer.touched_at)
        yield from list(self.broken.values())

    def forget(self, upload: Upload) -> bool:
        return self.broken.pop(upload.name, None) is not None
