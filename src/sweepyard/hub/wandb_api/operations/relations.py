"""Fields that lead from a node back to a bigger one; here, so that the modules of nodes form no circle."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import GraphQLResolveInfo

from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.wandb_api.connections import Connection
from sweepyard.hub.wandb_api.context import Resolver, context_of
from sweepyard.hub.wandb_api.operations.artifacts import ArtifactNode, CollectionNode, artifact_node, connect_versions
from sweepyard.hub.wandb_api.operations.files import FileNode
from sweepyard.hub.wandb_api.operations.projects import ProjectNode
from sweepyard.hub.wandb_api.operations.runs import RunNode
from sweepyard.hub.wandb_api.operations.sweeps import SweepNode, find_sweep
from sweepyard.hub.wandb_api.operations.views import ViewNode


def project_of_run(run: RunNode, info: GraphQLResolveInfo) -> ProjectNode:
    """The project that holds the run."""
    return _project(info, run.path.entity, run.path.project)


def project_number_of_run(run: RunNode, info: GraphQLResolveInfo) -> int:
    """The number of the project that holds the run."""
    return project_of_run(run, info).number


def sweep_of_run(run: RunNode, info: GraphQLResolveInfo) -> SweepNode | None:
    """The sweep that the run belongs to."""
    if run.sweep_name is None:
        return None
    return find_sweep(context_of(info), SweepPath(run.path.entity, run.path.project, run.sweep_name))


def outputs_of_run(
    run: RunNode, info: GraphQLResolveInfo, first: int | None = None, after: str | None = None
) -> Connection[ArtifactNode]:
    """The versions that the run logged."""
    context = context_of(info)
    return connect_versions(context, context.services.artifacts.outputs_of(run.path, first=first, after=after))


def inputs_of_run(
    run: RunNode, info: GraphQLResolveInfo, first: int | None = None, after: str | None = None
) -> Connection[ArtifactNode]:
    """The versions that the run used."""
    context = context_of(info)
    return connect_versions(context, context.services.artifacts.inputs_of(run.path, first=first, after=after))


def project_of_sweep(sweep: SweepNode, info: GraphQLResolveInfo) -> ProjectNode:
    """The project that holds the sweep."""
    return _project(info, sweep.path.entity, sweep.path.project)


def project_of_view(view: ViewNode, info: GraphQLResolveInfo) -> ProjectNode:
    """The project that holds the view."""
    return _project(info, view.report.entity, view.report.project)


def project_of_collection(collection: CollectionNode, info: GraphQLResolveInfo) -> ProjectNode:
    """The project that holds the collection."""
    return _project(info, collection.key[0], collection.key[1])


def artifact_of_file(file: FileNode, info: GraphQLResolveInfo) -> ArtifactNode | None:
    """The version that holds the file; None for a run's file."""
    return None if file.artifact_number is None else artifact_node(context_of(info), file.artifact_number)


def _project(info: GraphQLResolveInfo, entity: str, name: str) -> ProjectNode:
    context = context_of(info)
    project = context.remember(("project", entity, name), lambda: context.services.projects.get(entity, name))
    return ProjectNode(context, project)


RELATIONS: Mapping[str, Mapping[str, Resolver]] = {
    "Run": {
        "project": project_of_run,
        "project_id": project_number_of_run,
        "sweep": sweep_of_run,
        "output_artifacts": outputs_of_run,
        "input_artifacts": inputs_of_run,
    },
    "Sweep": {"project": project_of_sweep},
    "View": {"project": project_of_view},
    "File": {"artifact": artifact_of_file},
    "ArtifactSequence": {"project": project_of_collection},
}
