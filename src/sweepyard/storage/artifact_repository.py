"""Artifacts, in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from sweepyard.domain.artifact import (
    ArtifactCollection,
    ArtifactFile,
    ArtifactState,
    ArtifactVersion,
    BlobRef,
    Manifest,
)
from sweepyard.domain.run import RunPath
from sweepyard.storage import tables
from sweepyard.storage.artifact_rows import (
    collection_of,
    collection_row,
    file_of,
    file_row,
    manifest_of,
    manifest_row,
    version_of,
    version_row,
)
from sweepyard.storage.statements import blob_of, blobs_of, insert_new, pieces, upsert

_VERSIONS = tables.artifacts.c
_COLLECTIONS = tables.artifact_collections.c
_ALIASES = tables.artifact_aliases.c
_MANIFESTS = tables.artifact_manifests.c
_FILES = tables.artifact_files.c
_LINKS = tables.artifact_links.c


class SqlArtifacts:
    """The artifact repository; see `services.ports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure_collection(self, collection: ArtifactCollection) -> ArtifactCollection:
        found = self.collection(collection.entity, collection.project, collection.name)
        if found is not None:
            return found
        what = f"artifact collection {collection.name}"
        insert_new(self._connection, tables.artifact_collections, collection_row(collection), what)
        return collection

    def collection(self, entity: str, project: str, name: str) -> ArtifactCollection | None:
        statement = select(tables.artifact_collections).where(
            _COLLECTIONS.entity == entity, _COLLECTIONS.project == project, _COLLECTIONS.name == name
        )
        row = self._connection.execute(statement).first()
        return None if row is None else collection_of(row)

    def collections(self, entity: str, project: str) -> list[ArtifactCollection]:
        statement = select(tables.artifact_collections).where(
            _COLLECTIONS.entity == entity, _COLLECTIONS.project == project
        )
        return [collection_of(row) for row in self._connection.execute(statement.order_by(_COLLECTIONS.name))]

    def save_collection(self, collection: ArtifactCollection) -> None:
        key = (collection.entity, collection.project, collection.name)
        self._connection.execute(
            tables.artifact_collections.update().where(*_named(*key)).values(**collection_row(collection))
        )
        moved = tables.artifacts.update().where(*_inside(*key)).values(artifact_type=collection.artifact_type)
        self._connection.execute(moved)

    def rename_collection(self, entity: str, project: str, name: str, new_name: str) -> None:
        found = self.collection(entity, project, name)
        if found is None:
            return
        renamed = collection_row(replace(found, name=new_name))
        insert_new(self._connection, tables.artifact_collections, renamed, f"artifact collection {new_name}")
        inside = (_inside(entity, project, name), _aliases_inside(entity, project, name))
        for table, conditions in zip((tables.artifacts, tables.artifact_aliases), inside, strict=True):
            self._connection.execute(table.update().where(*conditions).values(collection=new_name))
        self._connection.execute(tables.artifact_collections.delete().where(*_named(entity, project, name)))

    def delete_collection(self, entity: str, project: str, name: str) -> None:
        self._connection.execute(tables.artifact_aliases.delete().where(*_aliases_inside(entity, project, name)))
        numbers = select(_VERSIONS.number).where(*_inside(entity, project, name))
        for table in (
            tables.artifact_links,
            tables.artifact_files,
            tables.artifact_manifests,
        ):
            self._connection.execute(table.delete().where(table.c.artifact_number.in_(numbers)))
        self._connection.execute(tables.artifacts.delete().where(*_inside(entity, project, name)))
        self._connection.execute(tables.artifact_collections.delete().where(*_named(entity, project, name)))

    def add(self, version: ArtifactVersion) -> ArtifactVersion:
        what = f"a version of artifact {version.collection}"
        number = insert_new(self._connection, tables.artifacts, version_row(version), what)
        return self._versions(select(tables.artifacts).where(_VERSIONS.number == number))[0]

    def get(self, number: int) -> ArtifactVersion | None:
        return self._first(select(tables.artifacts).where(_VERSIONS.number == number))

    def save(self, version: ArtifactVersion) -> None:
        statement = tables.artifacts.update().where(_VERSIONS.number == version.number)
        self._connection.execute(statement.values(**version_row(version)))

    def by_client_id(self, client_id: str) -> ArtifactVersion | None:
        statement = select(tables.artifacts).where(_VERSIONS.client_id == client_id)
        return self._first(statement.order_by(_VERSIONS.number.desc()))

    def by_distributed_id(
        self, entity: str, project: str, collection: str, distributed_id: str
    ) -> ArtifactVersion | None:
        statement = select(tables.artifacts).where(
            *_inside(entity, project, collection), _VERSIONS.distributed_id == distributed_id
        )
        return self._first(statement.order_by(_VERSIONS.number.desc()))

    def by_sequence_client_id(self, sequence_client_id: str) -> ArtifactCollection | None:
        statement = select(tables.artifacts).where(_VERSIONS.sequence_client_id == sequence_client_id)
        version = self._first(statement.order_by(_VERSIONS.number.desc()))
        return None if version is None else self.collection(version.entity, version.project, version.collection)

    def versions(self, entity: str, project: str, collection: str) -> list[ArtifactVersion]:
        statement = select(tables.artifacts).where(*_committed(entity, project, collection))
        return self._versions(statement.order_by(_VERSIONS.version.desc()))

    def by_digest(self, entity: str, project: str, collection: str, digest: str) -> ArtifactVersion | None:
        statement = select(tables.artifacts).where(*_committed(entity, project, collection), _VERSIONS.digest == digest)
        return self._first(statement.order_by(_VERSIONS.version.desc()))

    def next_version(self, entity: str, project: str, collection: str) -> int:
        statement = select(func.max(_VERSIONS.version)).where(*_inside(entity, project, collection))
        greatest: int | None = self._connection.execute(statement).scalar_one()
        return 0 if greatest is None else greatest + 1

    def by_alias(self, entity: str, project: str, collection: str, alias: str) -> ArtifactVersion | None:
        statement = (
            select(tables.artifacts)
            .join(tables.artifact_aliases, _ALIASES.artifact_number == _VERSIONS.number)
            .where(
                _ALIASES.entity == entity,
                _ALIASES.project == project,
                _ALIASES.collection == collection,
                _ALIASES.alias == alias,
            )
        )
        return self._first(statement)

    def set_aliases(self, number: int, aliases: Iterable[str]) -> None:
        version = self.get(number)
        if version is None:
            return
        delete = tables.artifact_aliases.delete()
        self._connection.execute(delete.where(_ALIASES.artifact_number == number))
        rows = [
            {
                "entity": version.entity,
                "project": version.project,
                "collection": version.collection,
                "alias": alias,
                "artifact_number": number,
                "place": place,
            }
            for place, alias in enumerate(aliases)
        ]
        upsert(self._connection, tables.artifact_aliases, rows, keys=["entity", "project", "collection", "alias"])

    def add_manifest(self, manifest: Manifest) -> Manifest:
        what = f"a manifest of artifact number {manifest.artifact_number}"
        number = insert_new(self._connection, tables.artifact_manifests, manifest_row(manifest), what)
        return replace(manifest, number=number)

    def manifest(self, number: int) -> Manifest | None:
        row = self._connection.execute(select(tables.artifact_manifests).where(_MANIFESTS.number == number)).first()
        return None if row is None else manifest_of(row)

    def manifest_of(self, artifact_number: int) -> Manifest | None:
        statement = select(tables.artifact_manifests).where(_MANIFESTS.artifact_number == artifact_number)
        row = self._connection.execute(statement.order_by(_MANIFESTS.number.desc())).first()
        return None if row is None else manifest_of(row)

    def manifests_of(self, artifact_number: int) -> list[Manifest]:
        statement = select(tables.artifact_manifests).where(_MANIFESTS.artifact_number == artifact_number)
        return [manifest_of(row) for row in self._connection.execute(statement.order_by(_MANIFESTS.number))]

    def save_manifest(self, manifest: Manifest) -> None:
        statement = tables.artifact_manifests.update().where(_MANIFESTS.number == manifest.number)
        self._connection.execute(statement.values(**manifest_row(manifest)))

    def put_files(self, files: Sequence[ArtifactFile]) -> None:
        rows = [file_row(file) for file in files]
        upsert(self._connection, tables.artifact_files, rows, keys=["artifact_number", "name"])

    def file(self, artifact_number: int, name: str) -> ArtifactFile | None:
        statement = select(tables.artifact_files).where(_FILES.artifact_number == artifact_number, _FILES.name == name)
        row = self._connection.execute(statement).first()
        return None if row is None else file_of(row)

    def files(self, artifact_number: int) -> list[ArtifactFile]:
        statement = select(tables.artifact_files).where(_FILES.artifact_number == artifact_number)
        return [file_of(row) for row in self._connection.execute(statement.order_by(_FILES.name))]

    def blobs_by_md5(self, entity: str, md5s: Iterable[str]) -> dict[str, BlobRef]:
        found: dict[str, BlobRef] = {}
        for piece in pieces(md5s):
            statement = (
                select(_FILES.md5, _FILES.blob_digest, _FILES.blob_md5, _FILES.blob_size_bytes)
                .join(tables.artifacts, _VERSIONS.number == _FILES.artifact_number)
                .where(_FILES.md5.in_(piece), _FILES.blob_digest.is_not(None), *_living(entity))
                .distinct()
            )
            for row in self._connection.execute(statement):
                blob = blob_of(row)
                if blob is not None:
                    found[row.md5] = blob
        return found

    def blobs(self, entity: str) -> Iterator[BlobRef]:
        for columns in (_MANIFESTS, _FILES):
            statement = (
                select(columns.blob_digest, columns.blob_md5, columns.blob_size_bytes)
                .join(tables.artifacts, _VERSIONS.number == columns.artifact_number)
                .where(*_living(entity))
            )
            yield from blobs_of(self._connection, statement)

    def link(self, number: int, run: RunPath, *, used: bool) -> None:
        row = {
            "artifact_number": number,
            "entity": run.entity,
            "project": run.project,
            "run_id": run.run_id,
            "used": used,
        }
        upsert(self._connection, tables.artifact_links, [row], keys=list(_LINK_KEYS))

    def linked_to_run(self, run: RunPath, *, used: bool) -> list[ArtifactVersion]:
        statement = (
            select(tables.artifacts)
            .join(tables.artifact_links, _LINKS.artifact_number == _VERSIONS.number)
            .where(
                _LINKS.entity == run.entity,
                _LINKS.project == run.project,
                _LINKS.run_id == run.run_id,
                _LINKS.used.is_(used),
                _VERSIONS.state != ArtifactState.DELETED,
            )
        )
        return self._versions(statement.order_by(_LINKS.number))

    def users_of(self, number: int) -> list[RunPath]:
        statement = select(tables.artifact_links).where(_LINKS.artifact_number == number, _LINKS.used.is_(True))
        rows = self._connection.execute(statement.order_by(_LINKS.number))
        return [RunPath(row.entity, row.project, row.run_id) for row in rows]

    def _first(self, statement: Select[tuple[object, ...]]) -> ArtifactVersion | None:
        found = self._versions(statement.limit(1))
        return found[0] if found else None

    def _versions(self, statement: Select[tuple[object, ...]]) -> list[ArtifactVersion]:
        rows = self._connection.execute(statement).all()
        aliases = self._aliases([row.number for row in rows if row.state is ArtifactState.COMMITTED])
        found = []
        for row in rows:
            committed = row.state is ArtifactState.COMMITTED
            mine = aliases.get(row.number, []) if committed else row.requested_aliases
            found.append(version_of(row, tuple(mine)))
        return found

    def _aliases(self, numbers: list[int]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for piece in pieces(map(str, numbers)):
            statement = select(_ALIASES.artifact_number, _ALIASES.alias).where(
                _ALIASES.artifact_number.in_([int(number) for number in piece])
            )
            for number, alias in self._connection.execute(statement.order_by(_ALIASES.place, _ALIASES.alias)):
                found.setdefault(number, []).append(alias)
        return found


_LINK_KEYS = ("entity", "project", "run_id", "used", "artifact_number")


def _named(entity: str, project: str, collection: str) -> list[ColumnElement[bool]]:
    return [_COLLECTIONS.entity == entity, _COLLECTIONS.project == project, _COLLECTIONS.name == collection]


def _aliases_inside(entity: str, project: str, collection: str) -> list[ColumnElement[bool]]:
    return [_ALIASES.entity == entity, _ALIASES.project == project, _ALIASES.collection == collection]


def _inside(entity: str, project: str, collection: str) -> list[ColumnElement[bool]]:
    return [_VERSIONS.entity == entity, _VERSIONS.project == project, _VERSIONS.collection == collection]


def _living(entity: str) -> list[ColumnElement[bool]]:
    return [_VERSIONS.entity == entity, _VERSIONS.state != ArtifactState.DELETED]


def _committed(entity: str, project: str, collection: str) -> list[ColumnElement[bool]]:
    return [and_(*_inside(entity, project, collection)), _VERSIONS.state == ArtifactState.COMMITTED]
