"""Projects, and the way from them to everything that they hold."""

from __future__ import annotations

from typing import Any, ClassVar

from graphql import GraphQLResolveInfo

from sweepyard.domain.project import Project
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotFound, RequestInvalid, Violation
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.connections import Connection, connect
from sweepyard.hub.wandb_api.context import Context, Input, Resolvers, context_of
from sweepyard.hub.wandb_api.operations import artifacts
from sweepyard.hub.wandb_api.operations.runs import RunNode, filters_from_wire, list_runs
from sweepyard.hub.wandb_api.operations.sweeps import SweepNode, find_sweep
from sweepyard.hub.wandb_api.operations.users import EntityNode
from sweepyard.hub.wandb_api.operations.views import ViewNode, Wanted, connect_views
from sweepyard.services.ports.runs import RunSelection


class ProjectNode:
    """A project."""

    user: ClassVar[None] = None
    access: ClassVar[str] = "PRIVATE"
    views: ClassVar[str] = "{}"
    is_benchmark: ClassVar[bool] = False
    read_only: ClassVar[bool] = False

    def __init__(self, context: Context, project: Project) -> None:
        self._context = context
        self._key = (project.entity, project.name)
        self._selection = RunSelection(entity=project.entity, project=project.name)
        self.number = project.number
        self.id = codec.node_id("Project", "v1", project.name, project.entity)
        self.internal_id = codec.node_id("ProjectInternalId", project.number)
        self.name = project.name
        self.entity_name = project.entity
        self.description = project.description or None
        self.created_at = project.created_at

    @property
    def entity(self) -> EntityNode:
        return EntityNode(self._context, self.entity_name)

    def run(self, info: GraphQLResolveInfo, name: str, desc: str | None = None) -> RunNode | None:
        run = self._context.services.runs.find(RunPath(*self._key, name))
        return RunNode(self._context, run) if run else None

    def bucket(self, info: GraphQLResolveInfo, name: str, missing_ok: bool | None = None) -> RunNode | None:
        path = RunPath(*self._key, name)
        # Only a client that is about to resume asks in this way.
        run = self._context.services.runs.note_resume(path) if missing_ok else self._context.services.runs.get(path)
        return RunNode(self._context, run) if run else None

    def runs(
        self,
        info: GraphQLResolveInfo,
        filters: str | None = None,
        order: str | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[RunNode]:
        if last is not None or before is not None:
            raise RequestInvalid([Violation("runs are paged forwards, by `first` and `after`", "last or before")])
        return list_runs(self._context, self._selection, filters=filters, order=order, first=first, after=after)

    def run_count(self, info: GraphQLResolveInfo, filters: str | None = None) -> int:
        return self._context.services.runs.count(self._selection, filters=filters_from_wire(filters))

    def sweep(self, info: GraphQLResolveInfo, sweep_name: str) -> SweepNode | None:
        return find_sweep(self._context, SweepPath(*self._key, sweep_name))

    def sweeps(
        self,
        info: GraphQLResolveInfo,
        filters: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[SweepNode]:
        if filters_from_wire(filters):
            raise RequestInvalid([Violation("this hub lists sweeps without filters", str(filters)[:80])])
        page = self._context.services.sweeps.list(*self._key, first=first, after=after)
        return connect(page, lambda sweep: SweepNode(self._context, sweep))

    @property
    def total_sweeps(self) -> int:
        return self._context.services.sweeps.list(*self._key, first=0).total

    def artifact(self, info: GraphQLResolveInfo, name: str) -> artifacts.ArtifactNode | None:
        version = self._context.services.artifacts.find(*self._key, name)
        return artifacts.ArtifactNode(self._context, version) if version else None

    def artifact_collection_membership(self, info: GraphQLResolveInfo, name: str) -> artifacts.MembershipNode | None:
        version = self._context.services.artifacts.find(*self._key, name)
        return artifacts.MembershipNode(self._context, version) if version else None

    def artifact_type(self, info: GraphQLResolveInfo, name: str) -> artifacts.TypeNode | None:
        known = name in self._context.services.artifacts.types(*self._key)
        return artifacts.TypeNode(self._context, *self._key, name) if known else None

    def artifact_types(
        self, info: GraphQLResolveInfo, first: int | None = None, after: str | None = None
    ) -> Connection[artifacts.TypeNode]:
        return artifacts.connect_types(self._context, *self._key, first=first, after=after)

    def artifact_collection(self, info: GraphQLResolveInfo, name: str) -> artifacts.CollectionNode | None:
        try:
            collection = self._context.services.artifacts.collection(*self._key, name)
        except NotFound:
            return None
        return artifacts.CollectionNode(self._context, collection)

    def all_views(
        self,
        info: GraphQLResolveInfo,
        view_type: str | None = None,
        view_name: str | None = None,
        user_name: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[ViewNode]:
        wanted = Wanted(kind=view_type, name=view_name, author=user_name)
        return connect_views(self._context, *self._key, wanted, first=first, after=after)

    def artifact_collections(
        self,
        info: GraphQLResolveInfo,
        filters: str | None = None,
        order: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[artifacts.CollectionNode]:
        return artifacts.connect_collections(
            self._context, *self._key, filters=filters, order=order, first=first, after=after
        )


def find_project(context: Context, entity: str, name: str) -> ProjectNode | None:
    """The project, or None."""
    project = context.services.projects.find(entity, name)
    return ProjectNode(context, project) if project else None


def project(
    _root: object,
    info: GraphQLResolveInfo,
    name: str | None = None,
    entity_name: str | None = None,
    internal_id: str | None = None,
) -> ProjectNode | None:
    """The project of that name, or of that internal id."""
    context = context_of(info)
    if internal_id:
        found = context.services.projects.by_number(codec.number_of_id("ProjectInternalId", internal_id))
        return ProjectNode(context, found)
    return find_project(context, context.entity(entity_name), name) if name else None


def models(
    _root: object,
    info: GraphQLResolveInfo,
    entity_name: str | None = None,
    after: str | None = None,
    first: int | None = None,
) -> Connection[ProjectNode]:
    """An entity's projects."""
    context = context_of(info)
    page = context.services.projects.list(context.entity(entity_name), first=first, after=after)
    return connect(page, lambda found: ProjectNode(context, found))


def upsert_model(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Make or describe a project."""
    context = context_of(info)
    context.require_write()
    if not given.get("name"):
        raise RequestInvalid([Violation("a project is named by `name`", "none")])
    entity = context.entity(given.get("entity_name"))
    inserted = context.services.projects.find(entity, given["name"]) is None
    made = context.services.projects.ensure(entity, given["name"], description=given.get("description"))
    node = ProjectNode(context, made)
    return {"project": node, "model": node, "inserted": inserted}


QUERIES: Resolvers = {"project": project, "model": project, "models": models}
MUTATIONS: Resolvers = {"upsert_model": upsert_model}
