"""Artifacts: versioned folders of files, made and used by runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from sweepyard.clock import Clock
from sweepyard.domain.artifact import ArtifactCollection, ArtifactFile, ArtifactVersion, BlobRef, Manifest
from sweepyard.domain.run import Run, RunPath
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.paging import Page
from sweepyard.services.ports import BlobStore, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactDraft:
    """A version to be made.

    Attributes:
        digest: The manifest's digest, as the client computed it.
        deduplicate: Whether a committed version of the collection with this digest is taken instead of a new one.
        run_id: The run of the same project that logs it, if any.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactChanges:
    """What an update brings; None leaves the stored value alone; `aliases` replaces them all."""

    description: str | None = None
    metadata: JsonObject | None = None
    aliases: tuple[str, ...] | None = None
    tags_to_add: tuple[str, ...] = ()
    tags_to_delete: tuple[str, ...] = ()


class ArtifactService:
    """Makes, commits, finds and describes artifacts."""

    def __init__(self, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    def create(self, draft: ArtifactDraft) -> ArtifactVersion:
        """A pending version; or, deduplicating, the committed one of that digest, with the draft's aliases moved to it.

        Raises:
            RequestInvalid: A name or an alias is not legal.
            NotFound: The run does not exist.
            Conflict: The collection holds artifacts of another type.
        """

    def latest(self, entity: str, project: str, collection: str) -> ArtifactVersion | None:
        """The version that `latest` names."""

    def add_manifest(self, artifact_number: int, *, name: str, digest: str) -> Manifest:
        """Register the version's manifest; its bytes follow by `put_manifest`. Registering it again replaces it.

        Raises:
            NotFound: There is no such version.
            Conflict: The version is committed.
        """

    def update_manifest(self, manifest_number: int, *, digest: str) -> Manifest:
        """Give a registered manifest its digest.

        Raises:
            NotFound: There is no such manifest.
        """

    def put_manifest(self, manifest_number: int, blob: BlobRef) -> Manifest:
        """Make these bytes the manifest's.

        Raises:
            NotFound: There is no such manifest.
            Conflict: Its version is committed.
        """

    def manifest(self, manifest_number: int) -> Manifest:
        """The manifest.

        Raises:
            NotFound: There is none.
        """

    def manifest_of(self, artifact_number: int) -> Manifest | None:
        """The version's manifest, if it has one."""

    def register_files(self, artifact_number: int, files: Sequence[tuple[str, str]]) -> tuple[ArtifactFile, ...]:
        """Register files as (name, MD5 in base64); those whose bytes the entity has already come back with a `blob`.

        Raises:
            NotFound: There is no such version.
            Conflict: The version is committed.
            RequestInvalid: A name leaves the artifact's folder, or an MD5 is none.
        """

    def put_file(self, artifact_number: int, name: str, blob: BlobRef) -> ArtifactFile:
        """Make these bytes a registered file's.

        Raises:
            NotFound: The file was not registered.
            RequestInvalid: The bytes have another MD5 than was registered.
        """

    def commit(self, artifact_number: int) -> ArtifactVersion:
        """Give the version its index, `latest` and its aliases. Committing it again changes nothing.

        Raises:
            NotFound: There is no such version.
            Conflict: The manifest or a file was never uploaded; the message names them.
        """

    def get(self, artifact_number: int) -> ArtifactVersion:
        """The version, pending or deleted ones too.

        Raises:
            NotFound: There is none.
        """

    def resolve(self, entity: str, project: str, name: str) -> ArtifactVersion:
        """The committed version that `collection:alias`, `collection:vN` or `collection:digest` names.

        Without a colon, `latest` is meant.

        Raises:
            NotFound: There is none.
        """

    def find(self, entity: str, project: str, name: str) -> ArtifactVersion | None:
        """As `resolve`, or None."""

    def by_client_id(self, client_id: str) -> ArtifactVersion:
        """The version that a client named before the hub could.

        Raises:
            NotFound: There is none.
        """

    def file(self, artifact_number: int, name: str) -> ArtifactFile:
        """A file of the version.

        Raises:
            NotFound: There is none.
        """

    def files(
        self,
        artifact_number: int,
        *,
        names: Sequence[str] | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Page[ArtifactFile]:
        """The version's files, by name; of `names` only, where given.

        Raises:
            NotFound: There is no such version.
        """

    def file_by_md5(self, entity: str, md5: str) -> BlobRef:
        """The bytes with this MD5 (base64) that some artifact of the entity holds.

        Raises:
            NotFound: None does.
        """

    def open_blob(self, blob: BlobRef) -> IO[bytes]:
        """The bytes, to be closed by the caller.

        Raises:
            NotFound: They are gone.
        """

    def types(self, entity: str, project: str) -> tuple[str, ...]:
        """The artifact types of the project, by name."""

    def collection(self, entity: str, project: str, name: str) -> ArtifactCollection:
        """The collection.

        Raises:
            NotFound: There is none.
        """

    def collections(
        self,
        entity: str,
        project: str,
        *,
        artifact_type: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Page[ArtifactCollection]:
        """The project's collections, by name; of one type, where given."""

    def versions(
        self,
        entity: str,
        project: str,
        collection: str,
        *,
        first: int | None = None,
        after: str | None = None,
    ) -> Page[ArtifactVersion]:
        """The collection's committed versions, newest first."""

    def add_aliases(self, artifact_number: int, aliases: Sequence[str]) -> ArtifactVersion:
        """Move aliases to the version.

        Raises:
            NotFound: There is no such version.
            RequestInvalid: An alias is not legal.
        """

    def remove_aliases(self, artifact_number: int, aliases: Sequence[str]) -> ArtifactVersion:
        """Take aliases from the version; ones that it does not have are ignored.

        Raises:
            NotFound: There is no such version.
        """

    def update(self, artifact_number: int, changes: ArtifactChanges) -> ArtifactVersion:
        """Describe the version anew.

        Raises:
            NotFound: There is no such version.
            RequestInvalid: An alias is not legal.
        """

    def delete(self, artifact_number: int, *, delete_aliases: bool = False) -> ArtifactVersion:
        """Delete the version; its index is not given again.

        Raises:
            NotFound: There is no such version.
            Conflict: It has aliases, and `delete_aliases` is not set.
        """

    def use(self, artifact_number: int, run: RunPath) -> ArtifactVersion:
        """Note that a run uses the version.

        Raises:
            NotFound: There is no such version or run.
        """

    def outputs_of(self, run: RunPath, *, first: int | None = None, after: str | None = None) -> Page[ArtifactVersion]:
        """The versions that the run logged."""

    def inputs_of(self, run: RunPath, *, first: int | None = None, after: str | None = None) -> Page[ArtifactVersion]:
        """The versions that the run used."""

    def used_by(self, artifact_number: int) -> tuple[Run, ...]:
        """The runs that used the version and still exist."""
