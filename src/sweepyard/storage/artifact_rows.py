"""Artifacts to rows and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from sweepyard.domain.artifact import ArtifactCollection, ArtifactFile, ArtifactVersion, Manifest
from sweepyard.storage.statements import blob_columns, blob_of


def collection_row(collection: ArtifactCollection) -> dict[str, Any]:
    """The columns of a collection."""
    return {
        "entity": collection.entity,
        "project": collection.project,
        "name": collection.name,
        "artifact_type": collection.artifact_type,
        "created_at": collection.created_at,
        "description": collection.description,
        "tags": list(collection.tags),
    }


def collection_of(row: Row[Any]) -> ArtifactCollection:
    """The collection that a row holds."""
    return ArtifactCollection(
        entity=row.entity,
        project=row.project,
        name=row.name,
        artifact_type=row.artifact_type,
        created_at=row.created_at,
        description=row.description,
        tags=tuple(row.tags),
    )


def version_row(version: ArtifactVersion) -> dict[str, Any]:
    """The columns of a version, its number and the aliases of a committed one excepted."""
    return {
        "entity": version.entity,
        "project": version.project,
        "collection": version.collection,
        "artifact_type": version.artifact_type,
        "digest": version.digest,
        "state": version.state,
        "created_at": version.created_at,
        "updated_at": version.updated_at,
        "version": version.version,
        "description": version.description,
        "metadata": version.metadata,
        "requested_aliases": list(version.aliases),
        "size_bytes": version.size_bytes,
        "file_count": version.file_count,
        "created_by_run": version.created_by_run,
        "client_id": version.client_id,
        "sequence_client_id": version.sequence_client_id,
        "history_step": version.history_step,
        "tags": list(version.tags),
        "distributed_id": version.distributed_id,
    }


def version_of(row: Row[Any], aliases: tuple[str, ...]) -> ArtifactVersion:
    """The version that a row of all columns and its aliases make."""
    return ArtifactVersion(
        number=row.number,
        entity=row.entity,
        project=row.project,
        collection=row.collection,
        artifact_type=row.artifact_type,
        digest=row.digest,
        state=row.state,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        description=row.description,
        metadata=row.metadata,
        aliases=aliases,
        size_bytes=row.size_bytes,
        file_count=row.file_count,
        created_by_run=row.created_by_run,
        client_id=row.client_id,
        sequence_client_id=row.sequence_client_id,
        history_step=row.history_step,
        tags=tuple(row.tags),
        distributed_id=row.distributed_id,
    )


def manifest_row(manifest: Manifest) -> dict[str, Any]:
    """The columns of a manifest, its number excepted."""
    return {
        "artifact_number": manifest.artifact_number,
        "name": manifest.name,
        "digest": manifest.digest,
        "kind": manifest.kind,
        "base_number": manifest.base_number,
        **blob_columns(manifest.blob),
    }


def manifest_of(row: Row[Any]) -> Manifest:
    """The manifest that a row holds."""
    return Manifest(
        row.number, row.artifact_number, row.name, row.digest, blob_of(row), kind=row.kind, base_number=row.base_number
    )


def file_row(file: ArtifactFile) -> dict[str, Any]:
    """The columns of a file."""
    return {
        "artifact_number": file.artifact_number,
        "name": file.name,
        "md5": file.md5,
        "reference": file.reference,
        **blob_columns(file.blob),
    }


def file_of(row: Row[Any]) -> ArtifactFile:
    """The file that a row holds."""
    return ArtifactFile(row.artifact_number, row.name, row.md5, blob_of(row), row.reference)
