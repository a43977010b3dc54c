"""Bytes by their digest, as the services need them stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol

from sweepyard.domain.artifact import BlobRef


class BlobWriter(Protocol):
    """Takes the bytes of one blob, in pieces; used by one thread at a time."""

    def write(self, piece: bytes) -> None: ...

    def finish(self) -> BlobRef:
        """Store the blob: it is on disk when this returns. May be called once."""


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob as it lies in its store.

    Attributes:
        stored_at: When its bytes were last stored: storing what is there already counts too.
    """

    digest: str
    size_bytes: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that were written and never made a blob: an upload that is under way, or one that broke off.

    Attributes:
        name: Names it in its store.
        touched_at: When bytes of it last came.
    """

    name: str
    size_bytes: int
    touched_at: datetime


class BlobStore(Protocol):
    """Bytes by their SHA-256. Thread-safe; a blob is whole or not there, and never changes."""

    def writer(self) -> AbstractContextManager[BlobWriter]:
        """A writer whose bytes are forgotten at the end of the block unless `finish` was called."""

    def open(self, digest: str) -> IO[bytes]:
        """The blob as a seekable stream, to be closed by the caller.

        Raises:
            NotFound: There is no such blob, or `digest` is not 64 hexadecimal digits.
        """

    def contains(self, digest: str) -> bool: ...

    def stored(self) -> Iterator[StoredBlob]:
        """All blobs, in any order; those that come or go meanwhile may be among them or not."""

    def discard(self, digest: str, *, stored_before: datetime) -> bool:
        """Remove the blob unless it was stored at `stored_before` or later; whether it was there and removed.

        Whoever stores the same bytes meanwhile has them stored afterwards.
        """

    def uploads(self) -> Iterator[Upload]:
        """What is under way or broke off, in any order."""

    def forget(self, upload: Upload) -> bool:
        """Remove what an upload left; whether it was there and removed. One that is seen to be under way stays."""


def store_bytes(blobs: BlobStore, content: Iterable[bytes]) -> BlobRef:
    """Store pieces of bytes as one blob."""
    with blobs.writer() as writer:
        for piece in content:
            writer.write(piece)
        return writer.finish()
