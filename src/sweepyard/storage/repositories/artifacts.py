"""Artifact collections, versions and aliases in SQL; manifests, files and links are in `artifact_parts`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, delete, func, insert, select, update

from sweepyard.domain.artifact import ArtifactCollection, ArtifactState, ArtifactVersion
from sweepyard.storage.repositories.artifact_parts import SqlArtifactParts
from sweepyard.storage.rows import pick, values_of
from sweepyard.storage.tables import artifact_aliases, artifact_collections, artifact_versions


class SqlArtifacts(SqlArtifactParts):
    """The `ArtifactRepository` of one transaction."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, self._versions)

    def ensure_collection(self, collection: ArtifactCollection) -> ArtifactCollection:
        found = self.collection(collection.entity, collection.project, collection.name)
        if found is None:
            self._connection.execute(insert(artifact_collections).values(values_of(collection)))
            return collection
        return found

    def collection(self, entity: str, project: str, name: str) -> ArtifactCollection | None:
        table = artifact_collections
        query = select(table).where(table.c.entity == entity, table.c.project == project, table.c.name == name)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else ArtifactCollection(**row)

    def collections(self, entity: str, project: str) -> list[ArtifactCollection]:
        table = artifact_collections
        query = select(table).where(table.c.entity == entity, table.c.project == project).order_by(table.c.name)
        return [ArtifactCollection(**row) for row in self._connection.execute(query).mappings()]

    def add(self, version: ArtifactVersion) -> ArtifactVersion:
        values = values_of(version)
        del values["number"]
        query = insert(artifact_versions).values(values).returning(artifact_versions.c.number)
        number = self._connection.execute(query).scalar_one()
        return ArtifactVersion(number=number, **values)

    def get(self, number: int) -> ArtifactVersion | None:
        return self._first(select(artifact_versions).where(artifact_versions.c.number == number))

    def save(self, version: ArtifactVersion) -> None:
        self._connection.execute(
            update(artifact_versions).where(artifact_versions.c.number == version.number).values(values_of(version))
        )

    def by_client_id(self, client_id: str) -> ArtifactVersion | None:
        table = artifact_versions
        return self._first(select(table).where(table.c.client_id == client_id).order_by(table.c.number.desc()))

    def by_sequence_client_id(self, sequence_client_id: str) -> ArtifactCollection | None:
        table = artifact_versions
        query = select(table).where(table.c.sequence_client_id == sequence_client_id).order_by(table.c.number.desc())
        version = self._first(query)
        return None if version is None else self.collection(version.entity, version.project, version.collection)

    def versions(self, entity: str, project: str, collection: str) -> list[ArtifactVersion]:
        query = select(artifact_versions).where(_committed_in(entity, project, collection))
        return self._versions(query.order_by(artifact_versions.c.version.desc()))

    def by_digest(self, entity: str, project: str, collection: str, digest: str) -> ArtifactVersion | None:
        query = select(artifact_versions).where(
            _committed_in(entity, project, collection), artifact_versions.c.digest == digest
        )
        return self._first(query.order_by(artifact_versions.c.version.desc()))

    def next_version(self, entity: str, project: str, collection: str) -> int:
        query = select(func.max(artifact_versions.c.version)).where(_in_collection(entity, project, collection))
        greatest = self._connection.execute(query).scalar()
        return 0 if greatest is None else int(greatest) + 1

    def by_alias(self, entity: str, project: str, collection: str, alias: str) -> ArtifactVersion | None:
        table = artifact_aliases
        query = select(table.c.number).where(
            table.c.entity == entity,
            table.c.project == project,
            table.c.collection == collection,
            table.c.alias == alias,
        )
        number = self._connection.execute(query).scalar()
        return None if number is None else self.get(number)

    def set_aliases(self, number: int, aliases: Iterable[str]) -> None:
        version = self.get(number)
        if version is None:
            return
        wanted = tuple(aliases)
        table = artifact_aliases
        place = {"entity": version.entity, "project": version.project, "collection": version.collection}
        here = and_(*(table.c[name] == value for name, value in place.items()))
        self._connection.execute(delete(table).where(table.c.number == number))
        self._connection.execute(delete(table).where(here, table.c.alias.in_(wanted)))
        if wanted:
            self._connection.execute(
                insert(table), [{**place, "alias": alias, "number": number} for alias in dict.fromkeys(wanted)]
            )

    def _first(self, query: Select[Any]) -> ArtifactVersion | None:
        return next(iter(self._versions(query.limit(1))), None)

    def _versions(self, query: Select[Any]) -> list[ArtifactVersion]:
        rows = self._connection.execute(query).mappings().all()
        numbers = [row["number"] for row in rows]
        table = artifact_aliases
        pointing: dict[int, list[str]] = {}
        found = self._connection.execute(
            select(table.c.number, table.c.alias).where(table.c.number.in_(numbers)).order_by(table.c.alias)
        )
        for number, alias in found:
            pointing.setdefault(number, []).append(alias)
        return [_version(row, pointing.get(row["number"], [])) for row in rows]


def _version(row: RowMapping, pointing: list[str]) -> ArtifactVersion:
    values = pick(row, ArtifactVersion)
    if row["state"] is not ArtifactState.PENDING:
        values["aliases"] = tuple(pointing)
    return ArtifactVersion(**values)


def _in_collection(entity: str, project: str, collection: str) -> ColumnElement[bool]:
    table = artifact_versions
    return and_(table.c.entity == entity, table.c.project == project, table.c.collection == collection)


def _committed_in(entity: str, project: str, collection: str) -> ColumnElement[bool]:
    return and_(_in_collection(entity, project, collection), artifact_versions.c.state == ArtifactState.COMMITTED)
