"""The runs of a server: what it holds of them, their lines and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sweepyard.domain.run import RunPath, RunState
from sweepyard.errors import TrackingError
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps, loads_object
from sweepyard.tracking.push.connection import PAGE, Connection
from sweepyard.tracking.push.facts import FileFacts, RunFacts
from sweepyard.tracking.push.side_artifacts import ARTIFACT_FIELDS, artifact_facts

_EVENTS = 1_000_000  # More than any run has: the client can ask for system metrics by number only.
_MADE_BY_SERVERS = frozenset({"wandb-history"})  # Artifacts that a server writes of itself.
_CLIENT_KEY = "_wandb"
_RUN = f"""
query PushedRun($entity: String!, $project: String!, $run: String!, $page: Int!,
    $files: String, $outputs: String, $inputs: String) {{
  project(name: $project, entityName: $entity) {{ run(name: $run) {{
    id name displayName notes tags group jobType commit state exitcode createdAt config summaryMetrics sweepName
    historyLineCount eventsLineCount logLineCount
    files(first: $page, after: $files) {{
      edges {{ node {{ name sizeBytes md5 }} }} pageInfo {{ endCursor hasNextPage }} }}
    outputArtifacts(first: $page, after: $outputs) {{
      edges {{ node {{ {ARTIFACT_FIELDS} }} }} pageInfo {{ endCursor hasNextPage }} }}
    inputArtifacts(first: $page, after: $inputs) {{
      edges {{ node {{ {ARTIFACT_FIELDS} }} }} pageInfo {{ endCursor hasNextPage }} }}
  }} }}
}}
"""
_CONNECTIONS = {"files": "files", "outputs": "outputArtifacts", "inputs": "inputArtifacts"}
_UPSERT_RUN = """
mutation UpsertBucket($id: String!, $displayName: String, $notes: String, $tags: [String!], $groupName: String,
    $jobType: String, $config: JSONString, $summaryMetrics: JSONString) {
  upsertBucket(input: {id: $id, displayName: $displayName, notes: $notes, tags: $tags, groupName: $groupName,
      jobType: $jobType, config: $config, summaryMetrics: $summaryMetrics}) { bucket { id } }
}
"""


@dataclass(frozen=True, slots=True)
class ConsoleText:
    """A line of a run's output."""

    text: str
    is_error: bool


class SideRuns:
    """The runs of one server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, path: RunPath) -> RunFacts | None:
        """The run, or None."""
        cursors: dict[str, str | None] = dict.fromkeys(_CONNECTIONS)
        collected: dict[str, list[dict[str, Any]]] = {name: [] for name in _CONNECTIONS}
        while True:
            names = {"entity": path.entity, "project": path.project, "run": path.run_id, "page": PAGE, **cursors}
            project = self._connection.query(_RUN, names, f"the run {path}").get("project")
            node = project and project.get("run")
            if not node:
                return None
            more = False
            for name, field in _CONNECTIONS.items():
                page = node[field] or {"edges": [], "pageInfo": {"endCursor": None, "hasNextPage": False}}
                collected[name] += [edge["node"] for edge in page["edges"] if edge["node"]]
                cursors[name] = page["pageInfo"]["endCursor"] or cursors[name]
                more |= bool(page["pageInfo"]["hasNextPage"])
            if not more:
                return _run_facts(path, node, **collected)

    def url_of(self, path: RunPath) -> str:
        """Where a person can look at the run."""
        parts = (quote(part, safe="") for part in (path.entity, path.project, "runs", path.run_id))
        return f"{self._connection.service.app_url}{'/'.join(parts)}"

    def history(self, path: RunPath) -> Iterator[JsonObject]:
        """Every row, in order; none is left out by sampling."""
        return self._connection.lines(
            path, lambda run: (dict(row) for row in run.scan_history(use_cache=False)), "history"
        )

    def events(self, path: RunPath) -> list[JsonObject]:
        """The lines of system metrics."""
        return self._connection.ask(
            lambda: list(self._connection.run(path).history(samples=_EVENTS, pandas=False, stream="system")),
            f"the system metrics of {path}",
        )

    def console(self, path: RunPath) -> Iterator[ConsoleText]:
        """The lines of output."""
        return self._connection.lines(
            path,
            lambda run: (ConsoleText(line.content, line.level == "error") for line in run.console_logs()),
            "console",
        )

    def describe(self, present: RunFacts, wanted: RunFacts) -> None:
        """Give a run the name, notes, tags, group, job type, config and summary of another."""
        config = {key: {"value": value} for key, value in wanted.config.items()}
        config[_CLIENT_KEY] = {"value": present.client_config}
        changes = {
            "id": present.node_id,
            "displayName": wanted.name,
            "notes": wanted.notes,
            "tags": list(wanted.tags),
            "groupName": wanted.group,
            "jobType": wanted.job_type,
            "config": dumps(config),
            "summaryMetrics": dumps(wanted.summary),
        }
        self._connection.query(_UPSERT_RUN, changes, f"the run {present.path}")

    def download_files(self, path: RunPath, names: Iterable[str], folder: Path) -> None:
        """Fetch files of a run.

        Raises:
            TrackingError: One is missing, or cannot be had.
        """
        wanted = list(names)
        for start in range(0, len(wanted), PAGE):
            some = wanted[start : start + PAGE]

            def fetch(some: list[str] = some) -> None:
                for file in self._connection.run(path).files(names=some, per_page=PAGE):
                    file.download(str(folder), replace=True).close()

            self._connection.ask(fetch, f"the files of {path}")
        missing = [name for name in wanted if not (folder / name).is_file()]
        if missing:
            raise TrackingError(
                f"{self._connection.url} must deliver every file of {path}; it did not deliver {missing[0]!r}"
            )

    def upload_file(self, path: RunPath, folder: Path, name: str) -> None:
        """Make the file `name` below `folder` one of the run's, whatever state the run is in."""
        self._connection.ask(
            lambda: self._connection.run(path).upload_file(str(folder / name), root=str(folder)), f"the file {name!r}"
        )


def _run_facts(
    path: RunPath,
    node: dict[str, Any],
    *,
    files: list[dict[str, Any]],
    outputs: list[dict[str, Any]],
    inputs: list[dict[str, Any]],
) -> RunFacts:
    config = {key: _unwrapped(value) for key, value in loads_object(node["config"] or "{}").items()}
    client_config = config.pop(_CLIENT_KEY, {})
    artifacts = (artifact_facts(output) for output in outputs if output["state"] == "COMMITTED")
    return RunFacts(
        path=path,
        node_id=node["id"],
        name=node["displayName"] or path.run_id,
        notes=node["notes"] or "",
        tags=tuple(node["tags"] or ()),
        group=node["group"] or "",
        job_type=node["jobType"] or "",
        commit=node["commit"] or "",
        state=_state(path, node["state"]),
        exit_code=node["exitcode"],
        created_at=node["createdAt"],
        config=config,
        client_config=client_config if isinstance(client_config, dict) else {},
        summary=loads_object(node["summaryMetrics"] or "{}"),
        sweep_id=node["sweepName"] or None,
        history_lines=node["historyLineCount"] or 0,
        event_lines=node["eventsLineCount"] or 0,
        console_lines=node["logLineCount"] or 0,
        files={file["name"]: FileFacts(int(file["sizeBytes"] or 0), file["md5"] or None) for file in files},
        artifacts=tuple(artifact for artifact in artifacts if artifact.kind not in _MADE_BY_SERVERS),
        used=tuple(artifact_facts(given) for given in inputs if given["state"] == "COMMITTED"),
    )


def _state(path: RunPath, word: object) -> RunState:
    try:
        return RunState(word)
    except ValueError as error:
        known = ", ".join(state.value for state in RunState)
        raise TrackingError(f"the state of the run {path} must be one of {known}; received {word!r}") from error


def _unwrapped(value: JsonValue) -> JsonValue:
    return value["value"] if isinstance(value, dict) and "value" in value else value
