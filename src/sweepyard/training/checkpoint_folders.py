"""Where a run's checkpoints lie: in its own folder, or where other hosts find them too."""

from __future__ import annotations

import errno
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

from sweepyard.errors import ConfigInvalid, Violation
from sweepyard.files import atomic_file, make_folder
from sweepyard.remote import FileSystem, open_folder, put, without_secrets

CHECKPOINTS_FOLDER = "checkpoints"  # in a run's own folder


_RULE = "trainer.checkpoint.folder must be a path, or a URL that fsspec can keep files at"


class CheckpointFolder(Protocol):
    """Files by name, each whole or not there; every method may raise OSError."""

    def prepare(self) -> None:
        """See to it that files can be kept here, before there are any.

        Raises:
            InvalidInput: They cannot.
        """

    def exists(self) -> bool:
        """Whether a fit has begun to write here."""

    def names(self) -> list[str]:
        """What is here, sorted."""

    def writing(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A stream whose bytes are there, all at once, when the block is left without an error."""

    def reading(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A seekable stream of one file."""

    def remove(self, name: str) -> None:
        """Take a file away."""


def folder_of(setting: str | None, run_folder: Path) -> CheckpointFolder:
    """The folder for the checkpoints of one run.

    Args:
        setting: The config's `trainer.checkpoint.folder`: a path, or a URL, below which each run has a folder.
        run_folder: The run's own, `.../project/run`.

    Raises:
        ConfigInvalid: The setting names nothing that can be opened.
    """
    if setting is None:
        return LocalFolder(run_folder / CHECKPOINTS_FOLDER)
    within = f"{run_folder.parent.name}/{run_folder.name}"
    place = urlsplit(setting)
    if place.scheme in {"", "file", "local"}:
        return LocalFolder(Path(place.path if place.scheme else setting).expanduser().absolute() / within)
    try:
        filesystem, root = open_folder(setting)
    except ValueError as error:
        raise ConfigInvalid([Violation(_RULE, f"{without_secrets(setting)}: {error}")]) from error
    return RemoteFolder(filesystem, f"{root}/{within}", f"{without_secrets(setting)}/{within}")


class LocalFolder:
    """A folder of this host, or one that it has mounted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def prepare(self) -> None:
        make_folder(self._path.parent, "trainer.checkpoint.folder")

    def exists(self) -> bool:
        return self._path.is_dir()

    def names(self) -> list[str]:
        return sorted(path.name for path in self._path.glob("[!.]*"))

    def writing(self, name: str) -> AbstractContextManager[IO[bytes]]:
        return atomic_file(self._path / name)

    def reading(self, name: str) -> AbstractContextManager[IO[bytes]]:
        return (self._path / name).open("rb")

    def remove(self, name: str) -> None:
        (self._path / name).unlink()


class RemoteFolder:
    """A folder of a file system of fsspec; a file goes to a temporary name and moves to its own."""

    def __init__(self, filesystem: FileSystem, root: str, shown: str) -> None:
        """Remember where.

        Args:
            shown: What people are told.
        """
        self._filesystem = filesystem
        self._root = root
        self._shown = shown

    def __str__(self) -> str:
        return self._shown

    def prepare(self) -> None:
        try:
            with _as_os_errors():
                self._filesystem.makedirs(self._root.rpartition("/")[0], exist_ok=True)
        except OSError as error:
            raise ConfigInvalid([Violation(_RULE, f"{self._shown}: {error.strerror or error}")]) from error

    def exists(self) -> bool:
        return bool(self.names())

    def names(self) -> list[str]:
        with _as_os_errors():
            self._filesystem.invalidate_cache()
            try:
                found = self._filesystem.find(self._root, detail=True)
            except FileNotFoundError:
                return []
        names = (path.rpartition("/")[2] for path in found)
        return sorted(name for name in names if not name.startswith("."))

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        temporary = f"{self._root}/.{name}.{uuid.uuid4().hex}.part"
        with tempfile.TemporaryFile() as gathered:
            yield gathered
            gathered.seek(0)
            with _as_os_errors():
                put(self._filesystem, gathered, f"{self._root}/{name}", temporary=temporary)

    @contextmanager
    def reading(self, name: str) -> Iterator[IO[bytes]]:
        # Arrays are read out of their order, which few object stores do well.
        with tempfile.TemporaryFile() as copy:
            with _as_os_errors(), self._filesystem.open(f"{self._root}/{name}", "rb") as stream:
                shutil.copyfileobj(stream, copy)
            copy.seek(0)
            yield copy

    def remove(self, name: str) -> None:
        with _as_os_errors():
            self._filesystem.rm_file(f"{self._root}/{name}")


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """What the libraries of object stores raise has no common class but `Exception`."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, f"{type(error).__name__}: {error}") from error
