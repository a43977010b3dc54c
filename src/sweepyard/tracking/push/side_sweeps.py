"""The sweeps of a server: found, registered, brought to a state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.tracking.push.connection import PAGE, Connection
from sweepyard.tracking.reader import Reader

_SWEEP = """
query PushedSweep($entity: String!, $project: String!, $sweep: String!) {
  project(name: $project, entityName: $entity) { sweep(sweepName: $sweep) {
    id name displayName description state config
  } }
}
"""
_SWEEPS = """
query PushedSweeps($entity: String!, $project: String!, $page: Int!, $after: String) {
  project(name: $project, entityName: $entity) { sweeps(first: $page, after: $after) {
    edges { node { id name displayName description state config } } pageInfo { endCursor hasNextPage }
  } }
}
"""
_UPSERT_SWEEP = """
mutation UpsertSweep($id: ID, $config: String, $description: String, $entityName: String, $projectName: String,
    $displayName: String, $state: String) {
  upsertSweep(input: {id: $id, config: $config, description: $description, entityName: $entityName,
      projectName: $projectName, displayName: $displayName, state: $state}) {
    sweep { id name displayName description state config } configValidationWarnings
  }
}
"""


@dataclass(frozen=True, slots=True)
class SweepFacts:
    """A sweep as a server holds it.

    Attributes:
        node_id: What the server calls it.
        config: The sweep file, to the letter.
    """

    path: SweepPath
    node_id: str
    name: str
    description: str
    state: str
    config: str


class SideSweeps:
    """The sweeps of one server."""

    def __init__(self, connection: Connection, reader: Reader) -> None:
        self.url = connection.url
        self._connection = connection
        self._reader = reader

    def get(self, path: SweepPath) -> SweepFacts | None:
        """The sweep, or None."""
        names = {"entity": path.entity, "project": path.project, "sweep": path.sweep_id}
        project = self._connection.query(_SWEEP, names, f"the sweep {path}").get("project")
        node = project and project.get("sweep")
        return _sweep_facts(path, node) if node else None

    def of_project(self, entity: str, project: str) -> Iterator[SweepFacts]:
        """The project's sweeps."""
        names = {"entity": entity, "project": project, "page": PAGE, "after": None}
        while True:
            found = self._connection.query(_SWEEPS, names, f"the sweeps of {entity}/{project}").get("project")
            page = found and found.get("sweeps")
            if not page:
                return
            for edge in page["edges"]:
                yield _sweep_facts(SweepPath(entity, project, edge["node"]["name"]), edge["node"])
            if not page["pageInfo"]["hasNextPage"]:
                return
            names["after"] = page["pageInfo"]["endCursor"]

    def runs_of(self, path: SweepPath) -> list[RunPath]:
        """The sweep's runs, the oldest first."""
        records = self._reader.runs(path.project, path.entity, {"sweep": path.sweep_id})
        return [record.path for record in records]

    def register(self, source: SweepFacts, entity: str, project: str) -> tuple[SweepFacts, tuple[str, ...]]:
        """Register a sweep with the file, name and description of another; gives the server's warnings, too.

        Raises:
            TrackingError: The server refuses the file.
        """
        wanted = {
            "config": source.config,
            "description": source.description or None,
            "displayName": source.name or None,
            "entityName": entity,
            "projectName": project,
        }
        answer = self._connection.query(_UPSERT_SWEEP, wanted, f"the registration of the sweep {source.path}")[
            "upsertSweep"
        ]
        made = _sweep_facts(SweepPath(entity, project, answer["sweep"]["name"]), answer["sweep"])
        return made, tuple(answer.get("configValidationWarnings") or ())

    def set_state(self, sweep: SweepFacts, state: str) -> None:
        """Pause, finish or cancel a sweep.

        Raises:
            TrackingError: The server refuses.
        """
        wanted = {
            "id": sweep.node_id,
            "state": state,
            "entityName": sweep.path.entity,
            "projectName": sweep.path.project,
        }
        self._connection.query(_UPSERT_SWEEP, wanted, f"the state {state} of the sweep {sweep.path}")


def _sweep_facts(path: SweepPath, node: dict[str, Any]) -> SweepFacts:
    return SweepFacts(
        path=path,
        node_id=node["id"],
        name=node["displayName"] or "",
        description=node["description"] or "",
        state=str(node["state"]).upper(),
        config=node["config"] or "",
    )
