"""Artifact versions to be made, and which of those that there are they mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sweepyard.domain.artifact import ArtifactState, ArtifactVersion
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactDraft:
    """A version to be made.

    Attributes:
        digest: The manifest's digest, as the client computed it.
        deduplicate: Whether a committed version of the collection with this digest is taken instead of a new one.
        run_id: The run of the same project that logs it, if any.
        distributed_id: The id under which several processes make this version together, if they do.
    """

    entity: str
    project: str
    collection: str
    artifact_type: str
    digest: str
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    metadata: JsonObject | None = None
    run_id: str | None = None
    client_id: str | None = None
    sequence_client_id: str | None = None
    history_step: int | None = None
    deduplicate: bool = True
    distributed_id: str | None = None

    def version(self, now: datetime) -> ArtifactVersion:
        """The pending version; its number is the store's to give."""
        return ArtifactVersion(
            number=0,
            entity=self.entity,
            project=self.project,
            collection=self.collection,
            artifact_type=self.artifact_type,
            digest=self.digest,
            state=ArtifactState.PENDING,
            created_at=now,
            updated_at=now,
            description=self.description,
            metadata=self.metadata or {},
            aliases=tuple(dict.fromkeys(self.aliases)),
            created_by_run=self.run_id,
            client_id=self.client_id,
            sequence_client_id=self.sequence_client_id,
            history_step=self.history_step,
            tags=tuple(dict.fromkeys(self.tags)),
            distributed_id=self.distributed_id,
        )


def version_of(unit: UnitOfWork, draft: ArtifactDraft) -> ArtifactVersion | None:
    """The version that the draft means without a new one being made, if there is one."""
    if draft.client_id is not None:
        version = unit.artifacts.by_client_id(draft.client_id)
        place = (draft.entity, draft.project, draft.collection)
        if (
            version is not None
            and version.state is not ArtifactState.DELETED
            and (version.entity, version.project, version.collection) == place
        ):
            return version
    if draft.distributed_id is not None:
        version = unit.artifacts.by_distributed_id(draft.entity, draft.project, draft.collection, draft.distributed_id)
        return version if version is not None and version.state is ArtifactState.PENDING else None
    if draft.deduplicate:
        return unit.artifacts.by_digest(draft.entity, draft.project, draft.collection, draft.digest)
    return None
