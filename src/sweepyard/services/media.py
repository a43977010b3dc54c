"""What runs log beside numbers: at which steps, and tables with the pictures in them."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.domain.artifact import ArtifactState, ArtifactVersion, BlobRef
from sweepyard.domain.history import Stream
from sweepyard.domain.logged_media import ArtifactName, TableFile, is_media, media_in
from sweepyard.domain.rows import decode_line
from sweepyard.domain.run import RunPath
from sweepyard.jsonvalue import JsonObject, JsonValue, loads_object
from sweepyard.services.history import check_run
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.ports.blobs import BlobStore

MOST_TABLE_BYTES = 32 << 20
_MARK = '"_type"'


@dataclass(frozen=True, slots=True)
class LoggedAt:
    """What a run logged under a key at a step: JSON with `_type` (`domain.logged_media`)."""

    step: int
    value: JsonObject


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """A table.

    Attributes:
        rows: Each with a cell for each column.
        artifact: Where the pictures in its cells lie; None for a table that lies in the run's own files.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[JsonValue, ...], ...]
    artifact: ArtifactVersion | None = None


@dataclass(frozen=True, slots=True)
class NoTable:
    """Why a table that was logged cannot be shown."""

    why: str


class MediaService:
    """Finds media of runs. Every method raises NotFound where there is no such run."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs

    def logged(self, path: RunPath) -> dict[str, list[LoggedAt]]:
        """All media of the run's history, by dotted key, in the order of their steps."""
        found: dict[str, list[LoggedAt]] = {}
        with self._database.reading() as unit:
            check_run(unit, path)
            if not any(is_media(key.type_counts) for key in unit.streams.keys(path).values()):
                return found
            stored = unit.streams.rows(path, Stream.HISTORY)
        for _, step, text in stored:
            if _MARK in text:
                for key, value in media_in(decode_line(text)):
                    found.setdefault(key, []).append(LoggedAt(step, value))
        return found

    def table(self, path: RunPath, table: TableFile, *, limit_bytes: int = MOST_TABLE_BYTES) -> LoadedTable | NoTable:
        """A table that the run logged, from its artifact where that is complete: pictures are pictures there."""
        with self._database.reading() as unit:
            check_run(unit, path)
            version, blob = _in_artifact(unit, table.artifact)
            if blob is None:
                file = unit.files.get(path, table.path)
                blob = file.blob if file else None
        if blob is None:
            return NoTable("its file has not been uploaded")
        if blob.size_bytes > limit_bytes:
            return NoTable(f"its file has {blob.size_bytes:,} bytes; tables of up to {limit_bytes:,} are shown")
        with self._blobs.open(blob.digest) as stream:
            return _parsed(stream.read(), version)


def _in_artifact(unit: UnitOfWork, name: ArtifactName | None) -> tuple[ArtifactVersion | None, BlobRef | None]:
    version = unit.artifacts.by_client_id(name.client_id) if name else None
    if name is None or version is None or version.state is not ArtifactState.COMMITTED:
        return None, None
    file = unit.artifacts.file(version.number, name.file)
    return (version, file.blob) if file and file.blob else (None, None)


def _parsed(text: bytes, version: ArtifactVersion | None) -> LoadedTable | NoTable:
    try:
        found = loads_object(text)
    except ValueError:  # UTF-8 that is none counts too.
        return NoTable("its file is no JSON")
    columns, rows = found.get("columns"), found.get("data")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return NoTable("its file has no columns and rows")
    whole = [tuple(row) for row in rows if isinstance(row, list) and len(row) == len(columns)]
    if len(whole) < len(rows):
        return NoTable("some of its rows have not as many cells as there are columns")
    return LoadedTable(tuple(str(column) for column in columns), tuple(whole), version)
