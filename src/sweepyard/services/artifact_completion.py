"""What a version needs before it is committed: one whole manifest, and the bytes of every file that it lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sweepyard.domain.artifact import ArtifactFile, ArtifactVersion, Manifest, ManifestKind
from sweepyard.errors import Conflict, RequestInvalid, Violation
from sweepyard.services.manifests import ManifestEntry, digest_of, merge_manifests, read_manifest
from sweepyard.services.ports import UnitOfWork
from sweepyard.services.ports.blobs import BlobStore, store_bytes

_WHOLE_MANIFEST = "wandb_manifest.json"
_NAMED = 5
_MOST_BYTES = 2**63 - 1  # what a column of the database holds


def completed(unit: UnitOfWork, blobs: BlobStore, version: ArtifactVersion) -> ArtifactVersion:
    """The version with its digest, size and number of files, its manifest whole and its files stored.

    Raises:
        Conflict: The manifest or a file was never uploaded; the message names them.
        RequestInvalid: The manifest is malformed, or more than can be counted.
    """
    version = _with_whole_manifest(unit, blobs, version)
    entries = _entries(unit, blobs, version.number)
    files = _complete_files(unit, version, entries)
    sizes = [entry.size_bytes if entry.size_bytes is not None else files[entry.name] for entry in entries]
    size_bytes = sum(sizes)
    if size_bytes > _MOST_BYTES:
        rule = f"the sizes in a manifest come to at most {_MOST_BYTES:,} bytes"
        raise RequestInvalid([Violation(rule, str(size_bytes)[:80])])
    return replace(version, size_bytes=size_bytes, file_count=len(entries))


def _with_whole_manifest(unit: UnitOfWork, blobs: BlobStore, version: ArtifactVersion) -> ArtifactVersion:
    """The version, its manifest joined with what it adds to, and with the other parts."""
    manifests = unit.artifacts.manifests_of(version.number)
    if not manifests or manifests[-1].kind is ManifestKind.FULL:
        return version
    bases = [manifest.base_number for manifest in manifests if manifest.base_number is not None]
    joined = [unit.artifacts.manifest_of(number) for number in bases[-1:]]
    contents = [_content(blobs, manifest, version.number) for manifest in (*joined, *manifests)]
    whole = merge_manifests(contents)
    digest = digest_of(read_manifest(whole))
    manifest = Manifest(0, version.number, _WHOLE_MANIFEST, digest, store_bytes(blobs, [whole]))
    unit.artifacts.add_manifest(manifest)
    version = replace(version, digest=digest)
    unit.artifacts.save(version)
    return version


def _entries(unit: UnitOfWork, blobs: BlobStore, artifact_number: int) -> list[ManifestEntry]:
    return read_manifest(_content(blobs, unit.artifacts.manifest_of(artifact_number), artifact_number))


def _content(blobs: BlobStore, manifest: Manifest | None, artifact_number: int) -> bytes:
    if manifest is None or manifest.blob is None:
        raise Conflict(f"the manifest of artifact number {artifact_number} was never uploaded")
    with blobs.open(manifest.blob.digest) as stream:
        return stream.read()


def _complete_files(unit: UnitOfWork, version: ArtifactVersion, entries: Sequence[ManifestEntry]) -> dict[str, int]:
    """The size of every file; entries that were not registered take the bytes that the entity has of them.

    References are registered, so that they are listed among the files.

    Raises:
        Conflict: Bytes are missing; the message names the files.
    """
    files = {file.name: file for file in unit.artifacts.files(version.number)}
    references = [
        ArtifactFile(version.number, entry.name, "", reference=entry.reference)
        for entry in entries
        if entry.reference is not None
    ]
    unit.artifacts.put_files(references)
    absent = [entry for entry in entries if entry.reference is None and entry.name not in files]
    stored = unit.artifacts.blobs_by_md5(version.entity, {entry.digest for entry in absent})
    added = [ArtifactFile(version.number, entry.name, entry.digest, stored.get(entry.digest)) for entry in absent]
    unit.artifacts.put_files([file for file in added if file.blob is not None])
    files.update({file.name: file for file in added})
    missing = sorted(name for name, file in files.items() if file.blob is None)
    if missing:
        names = ", ".join(missing[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else "")
        raise Conflict(f"files of artifact {version.collection} were never uploaded: {names}")
    return {name: file.blob.size_bytes for name, file in files.items() if file.blob is not None}
