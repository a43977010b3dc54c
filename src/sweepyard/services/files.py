"""Files of runs: announced by name, uploaded, read back."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import IO

from sweepyard.clock import Clock
from sweepyard.domain.artifact import BlobRef, RunFile
from sweepyard.domain.names import check_texts, normalised_file_name
from sweepyard.domain.run import RunPath
from sweepyard.errors import NotFound
from sweepyard.services.paging import Page, page_of
from sweepyard.services.ports import Database
from sweepyard.services.ports.blobs import BlobStore, BlobWriter
from sweepyard.services.runs import existing_run


class FileService:
    """Keeps files of runs.

    File names are normalised on the way in: `./media/a.png` is `media/a.png`. Every method with a run's path raises
    NotFound where there is no such run, and RequestInvalid where a name is empty, absolute or leaves the run's folder.
    """

    def __init__(self, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    def register(self, path: RunPath, names: Sequence[str]) -> tuple[RunFile, ...]:
        """Announce files; one that has bytes already keeps them until new ones are put. In the order of `names`."""
        wanted = [_checked(name) for name in names]
        now = self._clock.now()
        with self._database.writing() as unit:
            existing_run(unit, path)
            files = []
            for name in wanted:
                file = unit.files.get(path, name)
                if file is None:
                    file = RunFile(name, now)
                    unit.files.put(path, file)
                files.append(file)
        return tuple(files)

    def writer(self) -> AbstractContextManager[BlobWriter]:
        """Takes an upload's bytes in pieces; its `finish()` gives what `put` wants."""
        return self._blobs.writer()

    def put(self, path: RunPath, name: str, blob: BlobRef) -> RunFile:
        """Make these bytes the file's, announced or not."""
        file = RunFile(_checked(name), self._clock.now(), blob)
        with self._database.writing() as unit:
            existing_run(unit, path)
            unit.files.put(path, file)
        return file

    def get(self, path: RunPath, name: str) -> RunFile:
        """The file.

        Raises:
            NotFound: It was never announced.
        """
        wanted = _checked(name)
        with self._database.reading() as unit:
            existing_run(unit, path)
            file = unit.files.get(path, wanted)
        if file is None:
            raise NotFound(f"run {path} has no file {wanted!r}")
        return file

    def open(self, path: RunPath, name: str) -> tuple[RunFile, IO[bytes]]:
        """The file and its bytes, to be closed by the caller.

        Raises:
            NotFound: It was never uploaded.
        """
        file = self.get(path, name)
        if file.blob is None:
            raise NotFound(f"file {file.name!r} of run {path} was announced, but never uploaded")
        return file, self._blobs.open(file.blob.digest)

    def read(self, path: RunPath, name: str, *, limit_bytes: int) -> bytes | None:
        """The file's bytes; None where it was never uploaded, or has more than that."""
        wanted = _checked(name)
        with self._database.reading() as unit:
            existing_run(unit, path)
            file = unit.files.get(path, wanted)
        if file is None or file.blob is None or file.blob.size_bytes > limit_bytes:
            return None
        with self._blobs.open(file.blob.digest) as stream:
            return stream.read()

    def open_blob(self, blob: BlobRef) -> IO[bytes]:
        """The bytes, to be closed by the caller.

        Raises:
            NotFound: They are gone.
        """
        return self._blobs.open(blob.digest)

    def stored_bytes(self, entity: str) -> int:
        """How many bytes the entity's files and artifacts take; what they share counts once."""
        with self._database.reading() as unit:
            blobs = itertools.chain(unit.files.blobs(entity), unit.artifacts.blobs(entity))
            return sum({blob.digest: blob.size_bytes for blob in blobs}.values())

    def list(
        self,
        path: RunPath,
        *,
        names: Sequence[str] | None = None,
        pattern: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Page[RunFile]:
        """Uploaded files by name; of `names` only, where given, and like `pattern` (SQL's LIKE: `%`, `_`)."""
        with self._database.reading() as unit:
            existing_run(unit, path)
            files = [file for file in unit.files.of_run(path) if file.blob is not None]
        if names is not None:
            wanted = {_checked(name) for name in names}
            files = [file for file in files if file.name in wanted]
        if pattern is not None:
            like = _like(pattern)
            files = [file for file in files if like.fullmatch(file.name)]
        return page_of(files, lambda file: file.name, first=first, after=after)

    def delete(self, path: RunPath, name: str) -> None:
        """Remove the file; its bytes stay until nothing refers to them and the blob store is cleaned.

        Raises:
            NotFound: There is no such file.
        """
        file = self.get(path, name)
        with self._database.writing() as unit:
            unit.files.delete(path, file.name)


def _checked(name: str) -> str:
    check_texts({"file name": name})
    return normalised_file_name(name)


def _like(pattern: str) -> re.Pattern[str]:
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(letter, re.escape(letter)) for letter in pattern), re.DOTALL)
