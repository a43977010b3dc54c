"""Artifacts, read: types, collections, versions, their files and manifests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from graphql import GraphQLResolveInfo

from sweepyard import jsonvalue
from sweepyard.domain.artifact import ArtifactCollection, ArtifactState, ArtifactVersion
from sweepyard.domain.run import RunPath
from sweepyard.errors import NotFound, RequestInvalid, Violation
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.connections import Connection, connect, connect_all
from sweepyard.hub.wandb_api.context import Context, Resolvers, context_of
from sweepyard.hub.wandb_api.operations.artifact_files import ArtifactFileNode, ManifestNode
from sweepyard.hub.wandb_api.operations.runs import RunNode, filters_from_wire
from sweepyard.hub.wandb_api.operations.users import UserNode
from sweepyard.services.paging import Page, page_of

_NEWEST_FIRST = ("-createdAt", "-created_at", "-versionIndex", "-version_index")
_OLDEST_FIRST = tuple(sign + order[1:] for sign in ("+", "") for order in _NEWEST_FIRST)
NO_TIME_LIMIT = -2  # The client's word for "kept for good".


@dataclass(frozen=True, slots=True)
class TagNode:
    """A tag."""

    name: str

    @property
    def id(self) -> str:
        return codec.node_id("Tag", self.name)


class AliasNode:
    """An alias of a version."""

    def __init__(self, context: Context, version: ArtifactVersion, alias: str) -> None:
        self._context = context
        self._version = version
        self.id = codec.node_id("ArtifactAlias", version.number, alias)
        self.alias = alias

    @property
    def artifact_collection(self) -> CollectionNode:
        return collection_of(self._context, self._version)


class TypeNode:
    """An artifact type of a project."""

    description: ClassVar[None] = None

    def __init__(self, context: Context, entity: str, project: str, name: str) -> None:
        self._context = context
        self._key = (entity, project)
        self.id = codec.node_id("ArtifactType", entity, project, name)
        self.name = name

    @property
    def created_at(self) -> Any:
        page = self._context.services.artifacts.collections(*self._key, artifact_type=self.name)
        return min(collection.created_at for collection in page.items)

    def artifact_collection(self, info: GraphQLResolveInfo, name: str) -> CollectionNode | None:
        try:
            collection = self._context.services.artifacts.collection(*self._key, name)
        except NotFound:
            return None
        return CollectionNode(self._context, collection) if collection.artifact_type == self.name else None

    def artifact_collections(
        self,
        info: GraphQLResolveInfo,
        filters: str | None = None,
        order: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[CollectionNode]:
        return connect_collections(
            self._context, *self._key, artifact_type=self.name, filters=filters, order=order, first=first, after=after
        )


class CollectionNode:
    """A sequence of versions; its project is in `relations`."""

    typename: ClassVar[str] = "ArtifactSequence"
    digest_algorithm: ClassVar[str] = "MANIFEST_MD5"
    updated_at: ClassVar[None] = None

    def __init__(self, context: Context, collection: ArtifactCollection) -> None:
        self._context = context
        self.key = (collection.entity, collection.project, collection.name)
        self.id = codec.node_id("ArtifactCollection", *self.key)
        self.name = collection.name
        self.description = collection.description or None
        self.created_at = collection.created_at
        self.default_artifact_type = TypeNode(context, collection.entity, collection.project, collection.artifact_type)
        self.state = "READY"
        self.tags = connect_all(TagNode(tag) for tag in collection.tags)

    def _versions(self) -> Page[ArtifactVersion]:
        return self._context.services.artifacts.versions(*self.key)

    def aliases(
        self, info: GraphQLResolveInfo, first: int | None = None, after: str | None = None
    ) -> Connection[AliasNode]:
        pairs = [(version, alias) for version in self._versions().items for alias in version.aliases]
        page = page_of(pairs, lambda pair: pair[1], first=first, after=after)
        return connect(page, lambda pair: AliasNode(self._context, *pair))

    def artifacts(
        self,
        info: GraphQLResolveInfo,
        filters: str | None = None,
        order: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[ArtifactNode]:
        _refuse("versions", filters, {"state": "COMMITTED"}, order, (*_NEWEST_FIRST, *_OLDEST_FIRST))
        page = self._context.services.artifacts.versions(
            *self.key, oldest_first=order in _OLDEST_FIRST, first=first, after=after
        )
        return connect_versions(self._context, page)

    def artifact_membership(self, info: GraphQLResolveInfo, alias_name: str) -> MembershipNode | None:
        entity, project, name = self.key
        version = self._context.services.artifacts.find(entity, project, f"{name}:{alias_name}")
        return MembershipNode(self._context, version) if version else None

    @property
    def latest_artifact(self) -> ArtifactNode | None:
        version = self._context.services.artifacts.latest(*self.key)
        return ArtifactNode(self._context, version) if version else None


class MembershipNode:
    """A version's place in its collection."""

    def __init__(self, context: Context, version: ArtifactVersion) -> None:
        self._context = context
        self._version = version
        self.id = codec.node_id("ArtifactCollectionMembership", version.number)
        self.version_index = version.version
        self.created_at = version.created_at
        self.artifact = ArtifactNode(context, version)
        self.aliases = self.artifact.aliases

    @property
    def artifact_collection(self) -> CollectionNode:
        return collection_of(self._context, self._version)

    def files(
        self,
        info: GraphQLResolveInfo,
        names: list[str] | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[ArtifactFileNode]:
        return self.artifact.files(info, names=names, first=first, after=after)


class ArtifactNode:
    """A version of an artifact."""

    ttl_duration_seconds: ClassVar[int] = NO_TIME_LIMIT
    ttl_is_inherited: ClassVar[bool] = False
    digest_algorithm: ClassVar[str] = "MANIFEST_MD5"

    def __init__(self, context: Context, version: ArtifactVersion) -> None:
        self._context = context
        self._version = version
        self.id = codec.node_id("Artifact", version.number)
        self.version_index = version.version
        self.state = version.state.value
        self.description = version.description or None
        self.metadata = jsonvalue.dumps(version.metadata)
        self.aliases = [AliasNode(context, version, alias) for alias in version.aliases]
        self.tags = [TagNode(tag) for tag in version.tags]
        self.digest = version.digest
        self.commit_hash = f"{version.number:020x}"
        self.size = version.size_bytes
        self.storage_bytes = version.size_bytes
        self.file_count = version.file_count
        self.history_step = version.history_step
        self.created_at = version.created_at
        self.updated_at = version.updated_at
        self.artifact_type = TypeNode(context, version.entity, version.project, version.artifact_type)

    @property
    def artifact_sequence(self) -> CollectionNode:
        return collection_of(self._context, self._version)

    @property
    def created_by(self) -> RunNode | UserNode | None:
        version = self._version
        if version.created_by_run is None:
            return None
        run = self._context.services.runs.find(RunPath(version.entity, version.project, version.created_by_run))
        return RunNode(self._context, run) if run else None

    @property
    def used_by(self) -> Connection[RunNode]:
        runs = self._context.services.artifacts.used_by(self._version.number)
        return connect_all(RunNode(self._context, run) for run in runs)

    @property
    def current_manifest(self) -> ManifestNode | None:
        manifest = self._context.services.artifacts.manifest_of(self._version.number)
        return ManifestNode(self._context, manifest) if manifest else None

    @property
    def artifact_memberships(self) -> Connection[MembershipNode]:
        committed = self._version.state is ArtifactState.COMMITTED
        return connect_all([MembershipNode(self._context, self._version)] if committed else [])

    def files(
        self,
        info: GraphQLResolveInfo,
        names: list[str] | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[ArtifactFileNode]:
        page = self._context.services.artifacts.files(
            self._version.number, names=names or None, first=first, after=after
        )
        return connect(page, lambda file: ArtifactFileNode(self._context, file))

    def files_by_manifest_entries(
        self,
        info: GraphQLResolveInfo,
        storage_layout: str,
        manifest_version: str,
        entries: Sequence[Any] | None = None,
        storage_region: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[ArtifactFileNode]:
        names = [entry["name"] for entry in entries or [] if entry.get("name") and not entry.get("ref")]
        return self.files(info, names=names, first=first, after=after) if names else connect_all([])


def artifact_node(context: Context, number: int) -> ArtifactNode:
    """The version of that number.

    Raises:
        NotFound: There is none.
    """
    return ArtifactNode(context, context.services.artifacts.get(number))


def collection_of(context: Context, version: ArtifactVersion) -> CollectionNode:
    """The collection that a version belongs to."""
    collection = context.services.artifacts.collection(version.entity, version.project, version.collection)
    return CollectionNode(context, collection)


def connect_versions(context: Context, page: Page[ArtifactVersion]) -> Connection[ArtifactNode]:
    """A page of versions; each edge carries `vN` too."""
    return connect(page, lambda version: ArtifactNode(context, version), lambda version: f"v{version.version}")


def connect_types(
    context: Context, entity: str, project: str, *, first: int | None = None, after: str | None = None
) -> Connection[TypeNode]:
    """The project's artifact types."""
    page = page_of(context.services.artifacts.types(entity, project), str, first=first, after=after)
    return connect(page, lambda name: TypeNode(context, entity, project, name))


def connect_collections(
    context: Context,
    entity: str,
    project: str,
    *,
    artifact_type: str | None = None,
    filters: str | None = None,
    order: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Connection[CollectionNode]:
    """A page of a project's collections."""
    _refuse("collections", filters, {"state": "READY"}, order, ("name", "+name"))
    page = context.services.artifacts.collections(
        entity, project, artifact_type=artifact_type, first=first, after=after
    )
    return connect(page, lambda collection: CollectionNode(context, collection))


def _refuse(what: str, filters: str | None, served: dict[str, str], order: str | None, orders: Sequence[str]) -> None:
    """Refuse filters and orders that are not served yet, rather than answer with something else.

    Args:
        served: The filter that every listed thing fulfils anyway.
    """
    wanted = filters_from_wire(filters)
    if wanted and wanted != served:
        raise RequestInvalid(
            [
                Violation(
                    f"this hub lists {what} without other filters than {jsonvalue.dumps(served)}", str(filters)[:80]
                )
            ]
        )
    if order and order not in orders:
        raise RequestInvalid([Violation(f"this hub lists {what} in the order {orders[0]}", order[:80])])


def artifact(_root: object, info: GraphQLResolveInfo, identity: str) -> ArtifactNode | None:
    """The version with that id, or None."""
    try:
        return artifact_node(context_of(info), codec.number_of_id("Artifact", identity))
    except NotFound:
        return None


def artifact_collection(_root: object, info: GraphQLResolveInfo, identity: str) -> CollectionNode | None:
    """The collection with that id, or None."""
    context = context_of(info)
    try:
        entity, project, name = codec.parts_of_id("ArtifactCollection", identity, 3)
        return CollectionNode(context, context.services.artifacts.collection(entity, project, name))
    except NotFound:
        return None


def client_id_mapping(_root: object, info: GraphQLResolveInfo, client_id: str) -> dict[str, str] | None:
    """Our id for a version that a client named."""
    try:
        version = context_of(info).services.artifacts.by_client_id(client_id)
    except NotFound:
        return None
    return {"server_id": codec.node_id("Artifact", version.number)}


QUERIES: Resolvers = {
    "artifact": artifact,
    "artifact_collection": artifact_collection,
    "client_id_mapping": client_id_mapping,
}
