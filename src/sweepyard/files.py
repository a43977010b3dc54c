"""Folders of the user's choice, files that are whole or not there, digests, locks that die with their holder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from sweepyard.errors import InvalidInput, Violation

_BLOCK_BYTES = 1 << 20


def make_folder(folder: Path, setting: str, mode: int = 0o777) -> None:
    """Make the folder that a setting of the user's names, with those above it, unless it is there.

    Raises:
        InvalidInput: It cannot be made, or not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
        refusal = "" if os.access(folder, os.W_OK | os.X_OK) else "it cannot be written"
    except OSError as error:
        there = next(path for path in (folder, *folder.parents) if os.access(path, os.F_OK))
        refusal = f"nothing can be made in {there} ({error.strerror})" if there.is_dir() else f"{there} is a file"
    if refusal:
        rule = f"{setting} must name a folder that can be written"
        raise InvalidInput([Violation(rule, f"{folder}: {refusal}", "Name another one")])


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write `content` so that `path` holds either all of it or what it held before.

    Raises:
        OSError: The disk is full or the folder cannot be written; nothing is left behind.
    """
    with atomic_file(path, mode) as stream:
        stream.write(content)


@contextmanager
def atomic_file(path: Path, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """Open a temporary neighbour of `path` for writing; on a clean exit it is synced and takes its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_file(stream: IO[bytes]) -> None:
    """Make what an open file holds survive a power cut."""
    os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def read_key(path: Path) -> str:
    """The API key in a file that only its owner may read, as `--key-file` names it.

    Raises:
        InvalidInput: The file cannot be read, others may read it, or it holds something else.
    """
    try:
        key = path.read_text(encoding="utf-8").strip()
        others = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InvalidInput(
            [Violation("--key-file names a file that holds an API key", reason, where=str(path))]
        ) from error
    if others:
        hint = f"chmod 600 {path}"
        raise InvalidInput([Violation("a key file is its owner's alone", "one that others may read", hint, str(path))])
    if not key or len(key.split()) != 1:
        received = "something else" if key else "nothing"
        raise InvalidInput([Violation("a key file holds one API key and nothing else", received, where=str(path))])
    return key


class FileLock:
    """A `flock` on a file: the kernel lets it go when its holder dies, however it dies.

    The file stays behind on purpose: removing it would let two holders lock two files of one name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self, *, shared: bool = False, blocking: bool = True) -> bool:
        """Take the lock; without `blocking`, say at once whether it was to be had."""
        if self._descriptor is not None:
            raise RuntimeError(f"the lock {self._path} is held by this object already")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        operation = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, operation | (0 if blocking else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let the lock go; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
