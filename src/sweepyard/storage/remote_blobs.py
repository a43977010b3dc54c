"""Blobs at any URL that fsspec speaks to: object stores, other machines' folders.

A blob's bytes gather in a local file without a name, which dies with its process. They go to a temporary key and move
to their place, so that a blob is whole or not there; its size is looked at before anybody hears that it is stored. What
is read is checked on its way. Who stores and who discards on this machine take turns by a kernel lock; hubs on other
machines are kept apart by time alone: `hub gc` leaves alone what was stored lately.
"""

from __future__ import annotations

import errno
import hashlib
import io
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sweepyard.domain.artifact import BlobRef
from sweepyard.errors import HubError, NotFound
from sweepyard.files import FileLock
from sweepyard.remote import FileSystem, open_folder, put, remove, without_secrets
from sweepyard.services.ports.blobs import StoredBlob, Upload
from sweepyard.storage.blobs import CLAIM_FILE, DIGEST, BlobFolder, Digests, check_claim

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_INCOMING = "incoming"
_BLOCK_BYTES = 1 << 20
# Bytes that were stored so lately need not be sent again to be new: `hub gc` gives uploads a minute at least.
_FRESH = timedelta(seconds=20)
# What file systems call the time of the last change, in their own words.
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "timeModified")
_LOCK = "blobs.lock"


def open_store(url: str, home: Path) -> BlobFolder | RemoteBlobs:
    """The blob store at a URL: `file:` is a synced folder, others go through fsspec.

    Raises:
        HubError: The URL names nothing that keeps what it is given, or the package that speaks to it is missing.
    """
    named = without_secrets(url)
    protocol = urlsplit(url).scheme
    if not protocol:
        raise HubError(f"SWEEPYARD_BLOBS is a URL, as s3://bucket/folder or file:///folder; received {named}")
    if protocol in {"file", "local"}:
        place = urlsplit(url)
        if place.netloc or not place.path.startswith("/"):
            raise HubError(f"a local folder is named by its whole path, as file:///srv/blobs; received {named}")
        return BlobFolder(Path(place.path))
    try:
        filesystem, root = open_folder(url)
    except ValueError as error:
        raise HubError(f"blobs cannot be kept at {named}: {error}") from error
    return RemoteBlobs(filesystem, root, lock=home / _LOCK)


class RemoteWriter:
    """Gathers one blob's bytes, and sends them when they are all there."""

    def __init__(self, store: RemoteBlobs, gathered: IO[bytes]) -> None:
        self._store = store
        self._gathered = gathered
        self._digests = Digests()

    def write(self, piece: bytes) -> None:
        self._gathered.write(piece)
        self._digests.add(piece)

    def finish(self) -> BlobRef:
        blob = self._digests.blob()
        self._gathered.seek(0)
        self._store.send(self._gathered, blob)
        return blob


class RemoteBlobs:
    """The `BlobStore` of `services.ports`, on a file system of fsspec."""

    def __init__(self, filesystem: FileSystem, root: str, *, lock: Path, fresh: timedelta = _FRESH) -> None:
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self._lock = lock
        self._fresh = fresh

    def claim(self, hub: str) -> None:
        """Note that the place is this hub's: another one's `gc` would remove what it does not know.

        Raises:
            HubError: It is another hub's.
        """
        marker = f"{self._root}/{CLAIM_FILE}"
        self._filesystem.invalidate_cache()
        if not self._filesystem.exists(marker):
            self._filesystem.makedirs(self._root, exist_ok=True)
            with self._filesystem.open(marker, "wb") as out:
                out.write(hub.encode())
        with self._filesystem.open(marker, "rb") as written:
            check_claim(written.read(), hub, self._root)

    @contextmanager
    def writer(self) -> Iterator[RemoteWriter]:
        """A writer of which nothing is sent before `finish`."""
        with tempfile.TemporaryFile() as gathered:
            yield RemoteWriter(self, gathered)

    def send(self, content: IO[bytes], blob: BlobRef) -> None:
        """Store the bytes of `content`, which are known to be the blob's.

        Raises:
            OSError: They did not arrive.
        """
        place = self._path_of(blob.digest)
        temporary = f"{self._root}/{_INCOMING}/{uuid.uuid4().hex}"
        lock = FileLock(self._lock)
        lock.acquire(shared=True)
        try:
            if self._is_fresh(place, blob.size_bytes):
                return
            put(self._filesystem, content, place, temporary=temporary)
        finally:
            lock.release()

    def open(self, digest: str) -> IO[bytes]:
        """The blob as a seekable stream; reading it whole fails at its end if it is damaged.

        Raises:
            NotFound: There is no such blob.
        """
        place = self._path_of(digest)
        try:
            size_bytes = int(self._filesystem.info(place)["size"])
            stream = self._filesystem.open(place, "rb")
        except FileNotFoundError as error:
            raise NotFound(f"there is no blob {digest}") from error
        return io.BufferedReader(CheckedStream(stream, digest, size_bytes), _BLOCK_BYTES)

    def contains(self, digest: str) -> bool:
        if not DIGEST.fullmatch(digest):
            return False
        self._filesystem.invalidate_cache()
        return self._filesystem.exists(self._path_of(digest))

    def stored(self) -> Iterator[StoredBlob]:
        for path, info in self._find(self._root):
            digest = path.rpartition("/")[2]
            if DIGEST.fullmatch(digest):
                yield StoredBlob(digest, int(info["size"]), self._time_of(path, info))

    def discard(self, digest: str, *, stored_before: datetime) -> bool:
        if not DIGEST.fullmatch(digest):
            return False
        place = self._path_of(digest)
        with FileLock(self._lock):
            self._filesystem.invalidate_cache()
            try:
                if self._filesystem.modified(place) >= stored_before:
                    return False
                self._filesystem.rm_file(place)
            except FileNotFoundError:
                return False
        return True

    def uploads(self) -> Iterator[Upload]:
        for path, info in self._find(f"{self._root}/{_INCOMING}"):
            yield Upload(path.rpartition("/")[2], int(info["size"]), self._time_of(path, info))

    def forget(self, upload: Upload) -> bool:
        return remove(self._filesystem, f"{self._root}/{_INCOMING}/{upload.name.rpartition('/')[2]}")

    def _find(self, folder: str) -> list[tuple[str, Mapping[str, Any]]]:
        self._filesystem.invalidate_cache()
        try:
            return list(self._filesystem.find(folder, detail=True).items())
        except FileNotFoundError:
            return []

    def _is_fresh(self, place: str, size_bytes: int) -> bool:
        self._filesystem.invalidate_cache()
        try:
            info = self._filesystem.info(place)
        except FileNotFoundError:
            return False
        return int(info["size"]) == size_bytes and datetime.now(UTC) - self._time_of(place, info) < self._fresh

    def _time_of(self, path: str, info: Mapping[str, Any]) -> datetime:
        for name in _TIMES:
            value = info.get(name)
            if isinstance(value, datetime):
                return value if value.tzinfo else value.replace(tzinfo=UTC)
            if isinstance(value, int | float):
                return datetime.fromtimestamp(value, UTC)
        return self._filesystem.modified(path)

    def _path_of(self, digest: str) -> str:
        if not DIGEST.fullmatch(digest):
            raise NotFound(f"a blob is named by 64 hexadecimal digits; received {digest[:80]!r}")
        return f"{self._root}/{digest[:2]}/{digest}"


class CheckedStream(io.RawIOBase):
    """A blob's bytes from elsewhere; read from the first to the last, they are checked against its digest."""

    def __init__(self, stream: IO[bytes], digest: str, size_bytes: int) -> None:
        self._stream = stream
        self._digest = digest
        self._size_bytes = size_bytes
        self._sha256 = hashlib.sha256()
        self._hashed_bytes = 0
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer as far as there are bytes.

        Raises:
            OSError: All bytes have been read, and they are not the blob's.
        """
        view = memoryview(buffer)
        piece = self._stream.read(len(view))
        view[: len(piece)] = piece
        if self._position == self._hashed_bytes:
            self._sha256.update(piece)
            self._hashed_bytes += len(piece)
            ended = self._hashed_bytes >= self._size_bytes or (len(view) > 0 and not piece)
            if ended and self._sha256.hexdigest() != self._digest:
                raise OSError(errno.EIO, f"the bytes are not those of blob {self._digest}")
        self._position += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._position = self._stream.seek(offset, whence)
        return self._position

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
