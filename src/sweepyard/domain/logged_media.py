"""Media as histories and summaries hold them: the client's JSON, read into nouns.

What is not as the client writes it is no error: users may log anything under `_type`, and a page shows what it can.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sweepyard.domain.history_keys import leaves
from sweepyard.domain.names import is_unicode, normalised_file_name
from sweepyard.errors import RequestInvalid
from sweepyard.jsonvalue import JsonObject, JsonValue

_CLIENT_ARTIFACT = "wandb-client-artifact://"
_FILE_OF_TABLES = frozenset({"table-file", "incremental-table-file"})


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file.

    Attributes:
        path: Its name among the files of the run, or of the artifact that its table lies in.
        width: In pixels; None where that is not known. So is `height`.
    """

    path: str
    caption: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Pictures:
    """One image, or several that were logged together."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class ArtifactName:
    """A file of an artifact, which is named by the id that the client gave it."""

    client_id: str
    file: str


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table.

    Attributes:
        path: Its file of the run, in which pictures are but a word.
        artifact: Its file of an artifact, in which they are pictures.
    """

    path: str
    artifact: ArtifactName | None = None


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values between edges, of which there is one more."""

    counts: tuple[float, ...]
    edges: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OtherFile:
    """A file that is not shown: audio, video, HTML, molecules, ...

    Attributes:
        kind: W&B's name of it.
        path: Empty where there is no file.
    """

    kind: str
    path: str


Logged = Pictures | TableFile | Histogram | OtherFile


def media_in(row: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """The media of a row of history, or of a summary, by dotted key."""
    for key, value in leaves(row):
        if isinstance(value, dict) and isinstance(value.get("_type"), str):
            yield key, value


def is_media(kinds: Mapping[str, int]) -> bool:
    """Whether some of a key's values are media, by how many there are of each kind (`KeySummary.type_counts`)."""
    return bool(kinds.keys() - {"number", "string", "bool", "null", "map", "list"})


def logged(value: JsonObject) -> Logged:
    """What a value with `_type` is."""
    kind, path = str(value.get("_type")), _path(value.get("path"))
    if kind == "image-file" and path:
        return Pictures((_picture(path, value, value.get("caption")),))
    if kind == "images/separated":
        return Pictures(tuple(_separated(value)))
    if kind in _FILE_OF_TABLES and path:
        return TableFile(path, _artifact_name(value.get("artifact_path")))
    histogram = _histogram(value) if kind == "histogram" else None
    return histogram or OtherFile(kind, path)


def picture_in_cell(cell: JsonValue) -> Picture | None:
    """The picture in a table's cell; None where there is something else."""
    media = logged(cell) if isinstance(cell, dict) and cell.get("_type") == "image-file" else None
    return media.pictures[0] if isinstance(media, Pictures) else None


def _separated(value: JsonObject) -> Iterator[Picture]:
    names, captions = value.get("filenames"), value.get("captions")
    texts = captions if isinstance(captions, list) else []
    for place, name in enumerate(names if isinstance(names, list) else []):
        path = _path(name)
        if path:
            yield _picture(path, value, texts[place] if place < len(texts) else "")


def _picture(path: str, value: JsonObject, caption: JsonValue) -> Picture:
    return Picture(
        path, caption if isinstance(caption, str) else "", _pixels(value.get("width")), _pixels(value.get("height"))
    )


def _pixels(value: JsonValue) -> int | None:
    return value if type(value) is int and 0 < value < 100_000 else None


def _path(value: JsonValue) -> str:
    """A file's name; empty for what can be none."""
    if not isinstance(value, str) or not is_unicode(value):
        return ""
    try:
        return normalised_file_name(value)
    except RequestInvalid:
        return ""


def _artifact_name(value: JsonValue) -> ArtifactName | None:
    if not isinstance(value, str) or not value.startswith(_CLIENT_ARTIFACT):
        return None
    client_id, _, name = value.removeprefix(_CLIENT_ARTIFACT).partition("/")
    path = _path(name)
    return ArtifactName(client_id, path) if client_id and path else None


def _histogram(value: JsonObject) -> Histogram | None:
    counts, edges = _numbers(value.get("values")), _numbers(value.get("bins"))
    return Histogram(counts, edges) if counts and len(edges) == len(counts) + 1 else None


def _numbers(value: JsonValue) -> tuple[float, ...]:
    """The finite numbers of a list; nothing where it holds anything else."""
    if not isinstance(value, list):
        return ()
    try:
        numbers = tuple(float(item) for item in value if isinstance(item, int | float))
    except OverflowError:  # an integer beyond the floats
        return ()
    return numbers if len(numbers) == len(value) and all(map(math.isfinite, numbers)) else ()
