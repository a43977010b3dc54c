"""Files of runs: announced by name, uploaded, read back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import IO

from sweepyard.clock import Clock
from sweepyard.domain.artifact import BlobRef, RunFile
from sweepyard.domain.run import RunPath
from sweepyard.services.paging import Page
from sweepyard.services.ports import BlobStore, BlobWriter, Database


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

    def writer(self) -> AbstractContextManager[BlobWriter]:
        """Takes an upload's bytes in pieces; its `finish()` gives what `put` wants."""

    def put(self, path: RunPath, name: str, blob: BlobRef) -> RunFile:
        """Make these bytes the file's, announced or not."""

    def get(self, path: RunPath, name: str) -> RunFile:
        """The file.

        Raises:
            NotFound: It was never announced.
        """

    def open(self, path: RunPath, name: str) -> tuple[RunFile, IO[bytes]]:
        """The file and its bytes, to be closed by the caller.

        Raises:
            NotFound: It was never uploaded.
        """

    def open_blob(self, blob: BlobRef) -> IO[bytes]:
        """The bytes, to be closed by the caller.

        Raises:
            NotFound: They are gone.
        """

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

    def delete(self, path: RunPath, name: str) -> None:
        """Remove the file; its bytes stay until nothing refers to them and the blob store is cleaned.

        Raises:
            NotFound: There is no such file.
        """
