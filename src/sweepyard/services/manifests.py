"""Reading an artifact's manifest file: what the version holds."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.domain.names import normalised_file_name
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonValue, loads_object


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One file of a version.

    Attributes:
        digest: MD5 in base64; for a reference whatever its store gives.
        size_bytes: None where the manifest names none.
        is_reference: Whether the bytes lie elsewhere, and the entry only points there.
    """

    name: str
    digest: str
    size_bytes: int | None
    is_reference: bool


def read_manifest(content: bytes) -> list[ManifestEntry]:
    """The entries of a manifest, in its order.

    Raises:
        RequestInvalid: It is no manifest; every malformed entry is named.
    """
    try:
        contents = loads_object(content).get("contents")
    except ValueError as error:
        raise RequestInvalid([Violation("a manifest is a JSON object", repr(content[:80]))]) from error
    if not isinstance(contents, dict):
        raise RequestInvalid([Violation("a manifest has `contents`, an object", repr(contents)[:80])])
    entries: list[ManifestEntry] = []
    violations: list[Violation] = []
    for name, value in contents.items():
        try:
            entry = _entry(normalised_file_name(name), value)
        except RequestInvalid as error:
            violations.extend(error.violations)
            continue
        if entry is None:
            rule = "an entry of a manifest has a `digest`, and its `size` is a number of bytes"
            violations.append(Violation(rule, repr(value)[:80], where=name))
        else:
            entries.append(entry)
    if violations:
        raise RequestInvalid(violations)
    return entries


def _entry(name: str, value: JsonValue) -> ManifestEntry | None:
    if not isinstance(value, dict):
        return None
    digest, size, reference = value.get("digest"), value.get("size"), value.get("ref")
    if not isinstance(digest, str) or isinstance(size, bool) or not (size is None or isinstance(size, int)):
        return None
    if size is not None and size < 0:
        return None
    if size is None and reference is not None:
        size = 0
    return ManifestEntry(name, digest, size, reference is not None)
