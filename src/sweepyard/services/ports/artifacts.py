"""Artifacts, as the services need them stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from sweepyard.domain.artifact import ArtifactCollection, ArtifactFile, ArtifactVersion, BlobRef, Manifest
from sweepyard.domain.run import RunPath


class ArtifactRepository(Protocol):
    """Artifacts: collections, versions, aliases, manifests, files, and who made or used them."""

    def ensure_collection(self, collection: ArtifactCollection) -> ArtifactCollection:
        """The stored collection of that name, which may be of another type; made if there is none."""

    def collection(self, entity: str, project: str, name: str) -> ArtifactCollection | None: ...

    def collections(self, entity: str, project: str) -> list[ArtifactCollection]:
        """The project's collections, by name."""

    def save_collection(self, collection: ArtifactCollection) -> None:
        """Overwrite what is stored under the collection's name; its versions take its type."""

    def rename_collection(self, entity: str, project: str, name: str, new_name: str) -> None:
        """Give the collection, with its versions and aliases, another name.

        Raises:
            Conflict: The name is taken.
        """

    def delete_collection(self, entity: str, project: str, name: str) -> None:
        """Remove the collection and all of its versions; harmless when there is none."""

    def add(self, version: ArtifactVersion) -> ArtifactVersion:
        """Store a new version; its `number` is given by the store and is in what comes back."""

    def get(self, number: int) -> ArtifactVersion | None: ...

    def save(self, version: ArtifactVersion) -> None:
        """Overwrite what is stored under the version's number; aliases of a committed one are `set_aliases`'s."""

    def by_client_id(self, client_id: str) -> ArtifactVersion | None:
        """The newest version with that client id."""

    def by_distributed_id(
        self, entity: str, project: str, collection: str, distributed_id: str
    ) -> ArtifactVersion | None:
        """The newest version that processes make together under that id."""

    def by_sequence_client_id(self, sequence_client_id: str) -> ArtifactCollection | None: ...

    def versions(self, entity: str, project: str, collection: str) -> list[ArtifactVersion]:
        """The committed versions, newest first."""

    def by_digest(self, entity: str, project: str, collection: str, digest: str) -> ArtifactVersion | None:
        """The newest committed version with that manifest digest."""

    def next_version(self, entity: str, project: str, collection: str) -> int:
        """One more than the greatest index ever given in the collection, deleted versions included."""

    def by_alias(self, entity: str, project: str, collection: str, alias: str) -> ArtifactVersion | None: ...

    def set_aliases(self, number: int, aliases: Iterable[str]) -> None:
        """Make exactly these aliases point at the version; each leaves the version that had it."""

    def add_manifest(self, manifest: Manifest) -> Manifest:
        """Store a new manifest; its `number` is given by the store and is in what comes back."""

    def manifest(self, number: int) -> Manifest | None: ...

    def manifest_of(self, artifact_number: int) -> Manifest | None:
        """The artifact's newest manifest."""

    def manifests_of(self, artifact_number: int) -> list[Manifest]:
        """All manifests of the artifact, oldest first."""

    def save_manifest(self, manifest: Manifest) -> None: ...

    def put_files(self, files: Sequence[ArtifactFile]) -> None:
        """Store files, or overwrite those of the same artifact and name."""

    def file(self, artifact_number: int, name: str) -> ArtifactFile | None: ...

    def files(self, artifact_number: int) -> list[ArtifactFile]:
        """The version's files, by name."""

    def blobs_by_md5(self, entity: str, md5s: Iterable[str]) -> dict[str, BlobRef]:
        """For each MD5 (base64) that some artifact file of the entity has bytes for: those bytes.

        Files of deleted versions do not count: their bytes may be gone.
        """

    def blobs(self, entity: str) -> Iterator[BlobRef]:
        """The bytes of manifests, files and pieces of the entity's versions, deleted ones excepted, in any order.

        What several files share may come more than once.
        """

    def link(self, number: int, run: RunPath, *, used: bool) -> None:
        """Note that the run made (or, with `used`, read) the version; noting it twice changes nothing."""

    def linked_to_run(self, run: RunPath, *, used: bool) -> list[ArtifactVersion]:
        """The versions that the run made, or used, in the order of noting; deleted ones are left out."""

    def users_of(self, number: int) -> list[RunPath]:
        """The runs that used the version, in the order of noting."""
