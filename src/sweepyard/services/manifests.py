"""An artifact's manifest file: what the version holds, read; and made of several where it came in parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sweepyard.domain.names import normalised_file_name
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps, loads_object

_DIGEST_HEADER = "wandb-artifact-manifest-v1\n"


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One file of a version.

    Attributes:
        digest: MD5 in base64; for a reference whatever its store gives.
        size_bytes: None where the manifest names none.
        reference: The URL where the bytes lie, if the entry only points there.
    """

    name: str
    digest: str
    size_bytes: int | None
    reference: str | None


def read_manifest(content: bytes) -> list[ManifestEntry]:
    """The entries of a manifest, in its order.

    Raises:
        RequestInvalid: It is no manifest; every malformed entry is named.
    """
    contents = _contents(_manifest(content))
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
    if reference is not None and not isinstance(reference, str):
        return None
    return ManifestEntry(name, digest, 0 if size is None and reference is not None else size, reference)


def merge_manifests(contents: Sequence[bytes]) -> bytes:
    """One manifest of several: of entries of the same name the last one counts; all else is the last manifest's.

    Raises:
        RequestInvalid: One is no manifest.
    """
    manifests = [_manifest(content) for content in contents]
    entries: JsonObject = {}
    for manifest in manifests:
        entries.update(_contents(manifest))
    return dumps({**manifests[-1], "contents": entries}).encode()


def digest_of(entries: Iterable[ManifestEntry]) -> str:
    """The digest that W&B's client gives to a version that holds these entries."""
    lines = [f"{entry.name}:{entry.digest}\n" for entry in sorted(entries, key=lambda entry: entry.name)]
    return hashlib.md5("".join([_DIGEST_HEADER, *lines]).encode(), usedforsecurity=False).hexdigest()


def _manifest(content: bytes) -> JsonObject:
    try:
        return loads_object(content)
    except ValueError as error:
        raise RequestInvalid([Violation("a manifest is a JSON object", repr(content[:80]))]) from error


def _contents(manifest: JsonObject) -> JsonObject:
    contents = manifest.get("contents")
    if not isinstance(contents, dict):
        raise RequestInvalid([Violation("a manifest has `contents`, an object", repr(contents)[:80])])
    return contents
