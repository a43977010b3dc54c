"""Blobs in a folder, each under its SHA-256: `ab/abcdef...`.

A writer holds a kernel lock on its temporary file, so that what a killed upload left is told from one under way. Who
stores a blob and who discards one take turns, so that a blob that is stored again is never discarded as an old one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sweepyard.domain.artifact import BlobRef
from sweepyard.errors import HubError, NotFound
from sweepyard.files import FileLock, sync_folder, write_atomically
from sweepyard.services.ports.blobs import StoredBlob, Upload

DIGEST = re.compile(r"[0-9a-f]{64}")
CLAIM_FILE = "sweepyard-hub.txt"
_PARTS = "incoming"
_LOCK = "discarding.lock"


def check_claim(written: bytes, hub: str, where: str) -> None:
    """Refuse a store that another hub has claimed.

    Raises:
        HubError: It has.
    """
    if written != hub.encode():
        raise HubError(
            f"a place for blobs belongs to one hub; {where} belongs to another. Name a folder of its own in "
            "SWEEPYARD_BLOBS; hubs share one only together with their database"
        )


class Digests:
    """What is said of bytes while they go by: SHA-256, MD5 and how many there are."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size_bytes = 0

    def add(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._sha256.update(piece)
        self._md5.update(piece)
        self._size_bytes += len(piece)

    def blob(self) -> BlobRef:
        """The blob that all bytes so far make."""
        return BlobRef(self._sha256.hexdigest(), self._md5.hexdigest(), self._size_bytes)


class FolderWriter:
    """Takes one blob's bytes into a temporary file, and moves it to its place."""

    def __init__(self, store: BlobFolder, stream: IO[bytes], temporary: Path) -> None:
        self._store = store
        self._stream = stream
        self._temporary = temporary
        self._digests = Digests()

    def write(self, piece: bytes) -> None:
        self._stream.write(piece)
        self._digests.add(piece)

    def finish(self) -> BlobRef:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        blob = self._digests.blob()
        self._store.take(self._temporary, blob.digest)
        return blob


class BlobFolder:
    """The `BlobStore` of `services.ports`, on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = folder / _PARTS
        self._lock = folder / _LOCK
        self._parts.mkdir(parents=True, exist_ok=True, mode=0o700)

    def claim(self, hub: str) -> None:
        """Note that the folder is this hub's: another one's `gc` would remove what it does not know.

        Raises:
            HubError: It is another hub's.
        """
        marker = self._folder / CLAIM_FILE
        if not marker.exists():
            write_atomically(marker, hub.encode(), mode=0o600)
        check_claim(marker.read_bytes(), hub, str(self._folder))

    @contextmanager
    def writer(self) -> Iterator[FolderWriter]:
        """A writer whose temporary file is gone after the block."""
        descriptor, name = tempfile.mkstemp(dir=self._parts, suffix=".part")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield FolderWriter(self, stream, temporary)
        finally:
            temporary.unlink(missing_ok=True)

    def take(self, file: Path, digest: str) -> None:
        """Make a synced file of this folder's file system the blob of that digest, or the time of the one there new."""
        place = self.path_of(digest)
        lock = FileLock(self._lock)
        lock.acquire(shared=True)
        try:
            if place.exists():
                os.utime(place)
                return
            place.parent.mkdir(exist_ok=True, mode=0o700)
            os.utime(file)
            file.replace(place)
        finally:
            lock.release()
        sync_folder(place.parent)
        sync_folder(self._folder)

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
        return DIGEST.fullmatch(digest) is not None and self.path_of(digest).is_file()

    def stored(self) -> Iterator[StoredBlob]:
        for path in self._folder.glob("??/*"):
            if DIGEST.fullmatch(path.name):
                try:
                    state = path.stat()
                except FileNotFoundError:
                    continue
                yield StoredBlob(path.name, state.st_size, _moment(state))

    def discard(self, digest: str, *, stored_before: datetime) -> bool:
        if not DIGEST.fullmatch(digest):
            return False
        place = self.path_of(digest)
        with FileLock(self._lock):
            try:
                if _moment(place.stat()) >= stored_before:
                    return False
                place.unlink()
            except FileNotFoundError:
                return False
        return True

    def uploads(self) -> Iterator[Upload]:
        for path in self._parts.glob("*.part"):
            try:
                state = path.stat()
            except FileNotFoundError:
                continue
            yield Upload(path.name, state.st_size, _moment(state))

    def forget(self, upload: Upload) -> bool:
        path = self._parts / Path(upload.name).name
        try:
            with path.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
                path.unlink()
        except (FileNotFoundError, BlockingIOError):
            return False
        return True

    def path_of(self, digest: str) -> Path:
        """Where the blob lies, or would.

        Raises:
            NotFound: `digest` is not 64 hexadecimal digits: nothing else can become a path here.
        """
        if not DIGEST.fullmatch(digest):
            raise NotFound(f"a blob is named by 64 hexadecimal digits; received {digest[:80]!r}")
        return self._folder / digest[:2] / digest


def _moment(state: os.stat_result) -> datetime:
    return datetime.fromtimestamp(state.st_mtime, UTC)
