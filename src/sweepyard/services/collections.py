"""Collections of artifact versions: described, tagged, renamed, moved to another type, deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sweepyard.domain.artifact import ArtifactCollection
from sweepyard.domain.names import check_texts
from sweepyard.errors import NotFound
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.projects import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionChanges:
    """What an update brings; None leaves the stored value alone."""

    name: str | None = None
    artifact_type: str | None = None
    description: str | None = None
    tags_to_add: tuple[str, ...] = ()
    tags_to_delete: tuple[str, ...] = ()


class CollectionService:
    """Changes and deletes collections; `ArtifactService` makes and finds them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def update(self, entity: str, project: str, name: str, changes: CollectionChanges) -> ArtifactCollection:
        """Change a collection; its versions keep their indexes and aliases.

        Raises:
            NotFound: There is no such collection.
            RequestInvalid: The new name is not legal, or a text is no Unicode.
            Conflict: The new name is taken.
        """
        tags = {f"tags[{index}]": tag for index, tag in enumerate(changes.tags_to_add)}
        check_texts({"description": changes.description, "type": changes.artifact_type, **tags})
        if changes.name is not None:
            check_name("an artifact's name", changes.name)
        with self._database.writing() as unit:
            before = _existing(unit, entity, project, name)
            kept = [tag for tag in before.tags if tag not in changes.tags_to_delete]
            collection = replace(
                before,
                artifact_type=changes.artifact_type or before.artifact_type,
                description=before.description if changes.description is None else changes.description,
                tags=tuple(dict.fromkeys((*kept, *changes.tags_to_add))),
            )
            unit.artifacts.save_collection(collection)
            if changes.name is not None and changes.name != name:
                unit.artifacts.rename_collection(entity, project, name, changes.name)
                return replace(collection, name=changes.name)
        return collection

    def delete(self, entity: str, project: str, name: str) -> ArtifactCollection:
        """Delete the collection and all of its versions.

        Raises:
            NotFound: There is no such collection.
        """
        with self._database.writing() as unit:
            collection = _existing(unit, entity, project, name)
            unit.artifacts.delete_collection(entity, project, name)
        return collection


def _existing(unit: UnitOfWork, entity: str, project: str, name: str) -> ArtifactCollection:
    collection = unit.artifacts.collection(entity, project, name)
    if collection is None:
        raise NotFound(f"there is no artifact collection {entity}/{project}/{name}")
    return collection
