"""Artifacts: versioned, content-addressed folders of files that runs make and use; and files of runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sweepyard.jsonvalue import JsonObject


class ArtifactState(Enum):
    """Where an artifact version stands; the values are the wire's."""

    PENDING = "PENDING"
    COMMITTED = "COMMITTED"
    DELETED = "DELETED"


class ManifestKind(Enum):
    """What a manifest file holds; the values are the wire's."""

    FULL = "FULL"
    INCREMENTAL = "INCREMENTAL"
    """What is to be added to the version that it is based on."""
    PATCH = "PATCH"
    """One of the parts that several processes make of one version."""


@dataclass(frozen=True, slots=True)
class BlobRef:
    """Bytes in the blob store.

    Attributes:
        digest: SHA-256 in hex; the blob's name.
        md5: MD5 in hex, which W&B's manifests use.
    """

    digest: str
    md5: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run: its normalised name, and its bytes once they are uploaded."""

    name: str
    updated_at: datetime
    blob: BlobRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactVersion:
    """One version of an artifact.

    Attributes:
        number: A number that names it across the hub.
        digest: The digest of its manifest, as the client computed it.
        version: Its index in the collection, given at commit; None before.
        aliases: Before commit the ones asked for, after it the ones that point here now.
        created_by_run: The id of the run that logged it, if any.
        client_id: The id that the client gave it before the hub could.
        sequence_client_id: The id that the client gave the collection.
        distributed_id: The id under which several processes make this version together, if they do.
    """

    number: int
    entity: str
    project: str
    collection: str
    artifact_type: str
    digest: str
    state: ArtifactState
    created_at: datetime
    updated_at: datetime
    version: int | None = None
    description: str = ""
    metadata: JsonObject = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    size_bytes: int = 0
    file_count: int = 0
    created_by_run: str | None = None
    client_id: str | None = None
    sequence_client_id: str | None = None
    history_step: int | None = None
    tags: tuple[str, ...] = ()
    distributed_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactCollection:
    """A named sequence of versions, all of one type."""

    entity: str
    project: str
    name: str
    artifact_type: str
    created_at: datetime
    description: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """An artifact's manifest file: registered first, uploaded later.

    Attributes:
        base_number: The version that an incremental one adds to; None where there is none yet.
    """

    number: int
    artifact_number: int
    name: str
    digest: str
    blob: BlobRef | None = None
    kind: ManifestKind = ManifestKind.FULL
    base_number: int | None = None


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """A file of an artifact version.

    Attributes:
        md5: In base64, as W&B writes it; empty for a reference.
        reference: The URL where the bytes lie, if the hub does not have them.
    """

    artifact_number: int
    name: str
    md5: str
    blob: BlobRef | None = None
    reference: str | None = None
