"""Finding artifacts: by number, by name, by digest; their files, collections and users."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO

from sweepyard.clock import Clock
from sweepyard.domain.artifact import (
    ArtifactCollection,
    ArtifactFile,
    ArtifactState,
    ArtifactVersion,
    BlobRef,
    Manifest,
)
from sweepyard.domain.run import Run, RunPath
from sweepyard.errors import NotFound
from sweepyard.services.paging import Page, page_of
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.ports.blobs import BlobStore

LATEST = "latest"
_INDEX = re.compile(r"v(\d{1,9})")


class ArtifactReader:
    """Finds artifacts and what belongs to them."""

    def __init__(self, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    def get(self, artifact_number: int) -> ArtifactVersion:
        """The version, pending or deleted ones too.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            return existing_version(unit, artifact_number)

    def resolve(self, entity: str, project: str, name: str) -> ArtifactVersion:
        """The committed version that `collection:alias`, `collection:vN` or `collection:digest` names.

        Without a colon, `latest` is meant.

        Raises:
            NotFound: There is none.
        """
        version = self.find(entity, project, name)
        if version is None:
            raise NotFound(f"there is no artifact {entity}/{project}/{name}")
        return version

    def find(self, entity: str, project: str, name: str) -> ArtifactVersion | None:
        """As `resolve`, or None."""
        collection, _, reference = name.partition(":")
        reference = reference or LATEST
        with self._database.reading() as unit:
            version = unit.artifacts.by_alias(entity, project, collection, reference)
            if version is not None:
                return version
            index = _INDEX.fullmatch(reference)
            if index is None:
                return unit.artifacts.by_digest(entity, project, collection, reference)
            versions = unit.artifacts.versions(entity, project, collection)
        return next((version for version in versions if version.version == int(index[1])), None)

    def latest(self, entity: str, project: str, collection: str) -> ArtifactVersion | None:
        """The version that `latest` names."""
        return self.find(entity, project, collection)

    def by_client_id(self, client_id: str) -> ArtifactVersion:
        """The version that a client named before the hub could.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            version = unit.artifacts.by_client_id(client_id)
        if version is None:
            raise NotFound(f"there is no artifact with the client id {client_id!r}")
        return version

    def manifest(self, manifest_number: int) -> Manifest:
        """The manifest.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            return existing_manifest(unit, manifest_number)

    def manifest_of(self, artifact_number: int) -> Manifest | None:
        """The version's manifest, if it has one."""
        with self._database.reading() as unit:
            return unit.artifacts.manifest_of(artifact_number)

    def file(self, artifact_number: int, name: str) -> ArtifactFile:
        """A file of the version.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            return existing_file(unit, artifact_number, name)

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
        with self._database.reading() as unit:
            existing_version(unit, artifact_number)
            files = unit.artifacts.files(artifact_number)
        if names is not None:
            wanted = set(names)
            files = [file for file in files if file.name in wanted]
        return page_of(files, lambda file: file.name, first=first, after=after)

    def file_by_md5(self, entity: str, md5: str) -> BlobRef:
        """The bytes with this MD5 (base64) that some artifact of the entity holds.

        Raises:
            NotFound: None does.
        """
        with self._database.reading() as unit:
            blob = unit.artifacts.blobs_by_md5(entity, [md5]).get(md5)
        if blob is None:
            raise NotFound(f"no artifact of {entity} has a file with the MD5 {md5}")
        return blob

    def open_blob(self, blob: BlobRef) -> IO[bytes]:
        """The bytes, to be closed by the caller.

        Raises:
            NotFound: They are gone.
        """
        return self._blobs.open(blob.digest)

    def types(self, entity: str, project: str) -> tuple[str, ...]:
        """The artifact types of the project, by name."""
        with self._database.reading() as unit:
            collections = unit.artifacts.collections(entity, project)
        return tuple(sorted({collection.artifact_type for collection in collections}))

    def collection(self, entity: str, project: str, name: str) -> ArtifactCollection:
        """The collection.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            collection = unit.artifacts.collection(entity, project, name)
        if collection is None:
            raise NotFound(f"there is no artifact collection {entity}/{project}/{name}")
        return collection

    def by_sequence_client_id(self, sequence_client_id: str) -> ArtifactCollection:
        """The collection that a client named before the hub could.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            collection = unit.artifacts.by_sequence_client_id(sequence_client_id)
        if collection is None:
            raise NotFound(f"there is no artifact collection with the client id {sequence_client_id!r}")
        return collection

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
        with self._database.reading() as unit:
            found = unit.artifacts.collections(entity, project)
        chosen = [collection for collection in found if artifact_type in {None, collection.artifact_type}]
        return page_of(chosen, lambda collection: collection.name, first=first, after=after)

    def versions(
        self,
        entity: str,
        project: str,
        collection: str,
        *,
        oldest_first: bool = False,
        first: int | None = None,
        after: str | None = None,
    ) -> Page[ArtifactVersion]:
        """The collection's committed versions, newest first unless the oldest are wanted first."""
        with self._database.reading() as unit:
            versions = unit.artifacts.versions(entity, project, collection)
        if oldest_first:
            versions.reverse()
        return page_of(versions, _name_of, first=first, after=after)

    def outputs_of(self, run: RunPath, *, first: int | None = None, after: str | None = None) -> Page[ArtifactVersion]:
        """The committed versions that the run logged."""
        return self._linked(run, used=False, first=first, after=after)

    def inputs_of(self, run: RunPath, *, first: int | None = None, after: str | None = None) -> Page[ArtifactVersion]:
        """The committed versions that the run used."""
        return self._linked(run, used=True, first=first, after=after)

    def used_by(self, artifact_number: int) -> tuple[Run, ...]:
        """The runs that used the version and still exist."""
        with self._database.reading() as unit:
            runs = [unit.runs.get(path) for path in unit.artifacts.users_of(artifact_number)]
        return tuple(run for run in runs if run is not None)

    def _linked(self, run: RunPath, *, used: bool, first: int | None, after: str | None) -> Page[ArtifactVersion]:
        with self._database.reading() as unit:
            found = unit.artifacts.linked_to_run(run, used=used)
        committed = [version for version in found if version.state is ArtifactState.COMMITTED]
        return page_of(committed, _name_of, first=first, after=after)


def existing_version(unit: UnitOfWork, number: int) -> ArtifactVersion:
    """The version.

    Raises:
        NotFound: There is none.
    """
    version = unit.artifacts.get(number)
    if version is None:
        raise NotFound(f"there is no artifact number {number}")
    return version


def existing_manifest(unit: UnitOfWork, number: int) -> Manifest:
    """The manifest.

    Raises:
        NotFound: There is none.
    """
    manifest = unit.artifacts.manifest(number)
    if manifest is None:
        raise NotFound(f"there is no artifact manifest number {number}")
    return manifest


def existing_file(unit: UnitOfWork, number: int, name: str) -> ArtifactFile:
    """The file of a version.

    Raises:
        NotFound: There is none.
    """
    file = unit.artifacts.file(number, name)
    if file is None:
        raise NotFound(f"artifact number {number} has no file {name!r}")
    return file


def _name_of(version: ArtifactVersion) -> str:
    return str(version.number)
