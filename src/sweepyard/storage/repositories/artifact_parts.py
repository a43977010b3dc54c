"""What belongs to an artifact version, in SQL: manifests, files, and the runs that made or used it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select, update

from sweepyard.domain.artifact import ArtifactFile, ArtifactState, ArtifactVersion, BlobRef, Manifest
from sweepyard.domain.run import RunPath
from sweepyard.storage.rows import blob_of, exists, values_of
from sweepyard.storage.tables import artifact_files, artifact_links, artifact_manifests, artifact_versions


class SqlArtifactParts:
    """Manifests, files and links of one transaction."""

    def __init__(self, connection: Connection, versions: Callable[[Select[Any]], list[ArtifactVersion]]) -> None:
        self._connection = connection
        self._versions_of = versions

    def add_manifest(self, manifest: Manifest) -> Manifest:
        values = values_of(manifest)
        del values["number"]
        query = insert(artifact_manifests).values(values).returning(artifact_manifests.c.number)
        number = self._connection.execute(query).scalar_one()
        return Manifest(number, manifest.artifact_number, manifest.name, manifest.digest, manifest.blob)

    def manifest(self, number: int) -> Manifest | None:
        query = select(artifact_manifests).where(artifact_manifests.c.number == number)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _manifest(row)

    def manifest_of(self, artifact_number: int) -> Manifest | None:
        table = artifact_manifests
        query = select(table).where(table.c.artifact_number == artifact_number).order_by(table.c.number.desc())
        row = self._connection.execute(query.limit(1)).mappings().first()
        return None if row is None else _manifest(row)

    def save_manifest(self, manifest: Manifest) -> None:
        table = artifact_manifests
        self._connection.execute(update(table).where(table.c.number == manifest.number).values(values_of(manifest)))

    def put_files(self, files: Sequence[ArtifactFile]) -> None:
        table = artifact_files
        newest = {(file.artifact_number, file.name): file for file in files}
        for file in newest.values():
            self._connection.execute(
                delete(table).where(table.c.artifact_number == file.artifact_number, table.c.name == file.name)
            )
        if newest:
            self._connection.execute(insert(table), [values_of(file) for file in newest.values()])

    def file(self, artifact_number: int, name: str) -> ArtifactFile | None:
        table = artifact_files
        query = select(table).where(table.c.artifact_number == artifact_number, table.c.name == name)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _file(row)

    def files(self, artifact_number: int) -> list[ArtifactFile]:
        table = artifact_files
        query = select(table).where(table.c.artifact_number == artifact_number).order_by(table.c.name)
        return [_file(row) for row in self._connection.execute(query).mappings()]

    def blobs_by_md5(self, entity: str, md5s: Iterable[str]) -> dict[str, BlobRef]:
        files, versions = artifact_files, artifact_versions
        found: dict[str, BlobRef] = {}
        query = (
            select(files)
            .join(versions, versions.c.number == files.c.artifact_number)
            .where(versions.c.entity == entity, files.c.blob_digest.is_not(None))
        )
        for part in _in_parts(list(md5s)):
            for row in self._connection.execute(query.where(files.c.md5.in_(part))).mappings():
                blob = blob_of(row)
                if blob is not None:
                    found[row["md5"]] = blob
        return found

    def link(self, number: int, run: RunPath, *, used: bool) -> None:
        table = artifact_links
        values = {"artifact_number": number, **values_of(run), "used": used}
        if not exists(self._connection, table, *(table.c[name] == value for name, value in values.items())):
            self._connection.execute(insert(table).values(values))

    def linked_to_run(self, run: RunPath, *, used: bool) -> list[ArtifactVersion]:
        links, versions = artifact_links, artifact_versions
        query = (
            select(versions)
            .join(links, links.c.artifact_number == versions.c.number)
            .where(
                links.c.entity == run.entity,
                links.c.project == run.project,
                links.c.run_id == run.run_id,
                links.c.used.is_(used),
                versions.c.state != ArtifactState.DELETED,
            )
            .order_by(links.c.number)
        )
        return self._versions_of(query)

    def users_of(self, number: int) -> list[RunPath]:
        links = artifact_links
        query = (
            select(links.c.entity, links.c.project, links.c.run_id)
            .where(links.c.artifact_number == number, links.c.used.is_(True))
            .order_by(links.c.number)
        )
        return [RunPath(*row) for row in self._connection.execute(query)]


def _in_parts(values: list[str], size: int = 500) -> Iterable[list[str]]:
    # Databases limit how many parameters one statement takes.
    return (values[start : start + size] for start in range(0, len(values), size))


def _manifest(row: RowMapping) -> Manifest:
    return Manifest(row["number"], row["artifact_number"], row["name"], row["digest"], blob_of(row))


def _file(row: RowMapping) -> ArtifactFile:
    return ArtifactFile(row["artifact_number"], row["name"], row["md5"], blob_of(row))
