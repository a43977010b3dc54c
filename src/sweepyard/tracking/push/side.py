"""One of the two servers of a push, source or destination, read and spoken to through the client's API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import requests
import wandb
from wandb.sdk.artifacts._generated.enums import ArtifactDigestAlgorithm
from wandb.sdk.artifacts._gqlutils import record_artifact_use
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.lib.hashutil import md5_file_b64
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from sweepyard.domain.run import RunPath, RunState
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotTracked, TrackingError
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps, loads_object
from sweepyard.tracking.push.facts import ArtifactFacts, FileFacts, RunFacts
from sweepyard.tracking.reader import Reader

_PAGE = 200
_EVENTS = 1_000_000  # More than any run has: the client can ask for system metrics by number only.
_MADE_BY_SERVERS = frozenset({"wandb-history"})  # Artifacts that a server writes of itself.
_CLIENT_KEY = "_wandb"
_ARTIFACT = """
  id digest versionIndex description metadata state createdAt aliases { alias } tags { name }
  artifactSequence { name } artifactType { name }
"""
_RUN = f"""
query PushedRun($entity: String!, $project: String!, $run: String!, $page: Int!,
    $files: String, $outputs: String, $inputs: String) {{
  project(name: $project, entityName: $entity) {{ run(name: $run) {{
    id name displayName notes tags group jobType commit state exitcode createdAt config summaryMetrics sweepName
    historyLineCount eventsLineCount logLineCount
    files(first: $page, after: $files) {{
      edges {{ node {{ name sizeBytes md5 }} }} pageInfo {{ endCursor hasNextPage }} }}
    outputArtifacts(first: $page, after: $outputs) {{
      edges {{ node {{ {_ARTIFACT} }} }} pageInfo {{ endCursor hasNextPage }} }}
    inputArtifacts(first: $page, after: $inputs) {{
      edges {{ node {{ {_ARTIFACT} }} }} pageInfo {{ endCursor hasNextPage }} }}
  }} }}
}}
"""
_CONNECTIONS = {"files": "files", "outputs": "outputArtifacts", "inputs": "inputArtifacts"}
_NAMED_ARTIFACT = f"""
query PushedArtifact($entity: String!, $project: String!, $name: String!) {{
  project(name: $project, entityName: $entity) {{ artifact(name: $name) {{ {_ARTIFACT} }} }}
}}
"""
_CLIENT_ID = "query ClientIDMapping($id: ID!) { clientIDMapping(clientID: $id) { serverID } }"
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
_UPSERT_RUN = """
mutation UpsertBucket($id: String!, $displayName: String, $notes: String, $tags: [String!], $groupName: String,
    $jobType: String, $config: JSONString, $summaryMetrics: JSONString) {
  upsertBucket(input: {id: $id, displayName: $displayName, notes: $notes, tags: $tags, groupName: $groupName,
      jobType: $jobType, config: $config, summaryMetrics: $summaryMetrics}) { bucket { id } }
}
"""
_ALIASES = """
mutation {name}($input: {input}!) {{ result: {call}(input: $input) {{ success }} }}
"""
_Answer = TypeVar("_Answer")


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


@dataclass(frozen=True, slots=True)
class ConsoleText:
    """A line of a run's output."""

    text: str
    is_error: bool


class Side:
    """A server: everything of runs, sweeps and artifacts that a push reads and writes there."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._api: Any = reader.api
        self._service: Any = reader.api._service_api  # what the client's own public classes send through
        self.url = reader.url

    @property
    def default_entity(self) -> str:
        """The entity of who asks."""
        return self._reader.default_entity()

    def find(self, name: str) -> SweepPath | RunPath:
        """What a user names: a sweep or, where there is none of that name, a run.

        Args:
            name: As `entity/project/id` or `project/id`.

        Raises:
            NotTracked: There is neither.
        """
        entity, project, identity = self._reader.parts(name, "run or sweep")
        if self.sweep(sweep := SweepPath(entity, project, identity)) is not None:
            return sweep
        if self.run(run := RunPath(entity, project, identity)) is not None:
            return run
        hint = "`sweepyard runs list` shows what there is"
        raise NotTracked(f"{self.url} has neither a run nor a sweep {run}; {hint}")

    def sweep_runs(self, path: SweepPath) -> list[RunPath]:
        """The sweep's runs, the oldest first."""
        records = self._reader.runs(path.project, path.entity, {"sweep": path.sweep_id})
        return [record.path for record in records]

    def sweep(self, path: SweepPath) -> SweepFacts | None:
        """The sweep, or None."""
        names = {"entity": path.entity, "project": path.project, "sweep": path.sweep_id}
        project = self._query(_SWEEP, names, f"the sweep {path}").get("project")
        node = project and project.get("sweep")
        return _sweep_facts(path, node) if node else None

    def sweeps(self, entity: str, project: str) -> Iterator[SweepFacts]:
        """The project's sweeps."""
        names = {"entity": entity, "project": project, "page": _PAGE, "after": None}
        while True:
            found = self._query(_SWEEPS, names, f"the sweeps of {entity}/{project}").get("project")
            page = found and found.get("sweeps")
            if not page:
                return
            for edge in page["edges"]:
                yield _sweep_facts(SweepPath(entity, project, edge["node"]["name"]), edge["node"])
            if not page["pageInfo"]["hasNextPage"]:
                return
            names["after"] = page["pageInfo"]["endCursor"]

    def make_sweep(self, source: SweepFacts, entity: str, project: str) -> tuple[SweepFacts, tuple[str, ...]]:
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
        answer = self._query(_UPSERT_SWEEP, wanted, f"the registration of the sweep {source.path}")["upsertSweep"]
        made = _sweep_facts(SweepPath(entity, project, answer["sweep"]["name"]), answer["sweep"])
        return made, tuple(answer.get("configValidationWarnings") or ())

    def set_sweep_state(self, sweep: SweepFacts, state: str) -> None:
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
        self._query(_UPSERT_SWEEP, wanted, f"the state {state} of the sweep {sweep.path}")

    def run(self, path: RunPath) -> RunFacts | None:
        """The run, or None."""
        cursors: dict[str, str | None] = dict.fromkeys(_CONNECTIONS)
        collected: dict[str, list[dict[str, Any]]] = {name: [] for name in _CONNECTIONS}
        while True:
            names = {"entity": path.entity, "project": path.project, "run": path.run_id, "page": _PAGE, **cursors}
            project = self._query(_RUN, names, f"the run {path}").get("project")
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

    def run_url(self, path: RunPath) -> str:
        """Where a person can look at the run."""
        parts = (quote(part, safe="") for part in (path.entity, path.project, "runs", path.run_id))
        return f"{self._service.app_url}{'/'.join(parts)}"

    def history(self, path: RunPath) -> Iterator[JsonObject]:
        """Every row, in order; none is left out by sampling."""
        return self._stream(path, lambda run: (dict(row) for row in run.scan_history(use_cache=False)), "history")

    def events(self, path: RunPath) -> list[JsonObject]:
        """The lines of system metrics."""
        return self._ask(
            lambda: list(self._run(path).history(samples=_EVENTS, pandas=False, stream="system")),
            f"the system metrics of {path}",
        )

    def console(self, path: RunPath) -> Iterator[ConsoleText]:
        """The lines of output."""
        return self._stream(
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
        self._query(_UPSERT_RUN, changes, f"the run {present.path}")

    def download_files(self, path: RunPath, names: Iterable[str], folder: Path) -> None:
        """Fetch files of a run.

        Raises:
            TrackingError: One is missing, or cannot be had.
        """
        wanted = list(names)
        for start in range(0, len(wanted), _PAGE):
            some = wanted[start : start + _PAGE]

            def fetch(some: list[str] = some) -> None:
                for file in self._run(path).files(names=some, per_page=_PAGE):
                    file.download(str(folder), replace=True).close()

            self._ask(fetch, f"the files of {path}")
        missing = [name for name in wanted if not (folder / name).is_file()]
        if missing:
            raise TrackingError(f"{self.url} must deliver every file of {path}; it did not deliver {missing[0]!r}")

    def upload_file(self, path: RunPath, folder: Path, name: str) -> None:
        """Make the file `name` below `folder` one of the run's, whatever state the run is in."""
        self._ask(lambda: self._run(path).upload_file(str(folder / name), root=str(folder)), f"the file {name!r}")

    def download_artifact(self, path: RunPath, facts: ArtifactFacts, folder: Path) -> wandb.Artifact:
        """Fetch an artifact's files into `folder`; its references stay references.

        Raises:
            TrackingError: A file is missing, or not what the manifest says.
        """
        version = "latest" if facts.version is None else f"v{facts.version}"
        name = f"{path.entity}/{path.project}/{facts.collection}:{version}"

        def fetch() -> wandb.Artifact:
            artifact: wandb.Artifact = self._api.artifact(name, type=facts.kind)
            stored = [str(entry.path) for entry in artifact.manifest.entries.values() if entry.ref is None]
            for start in range(0, len(stored), _PAGE):
                for file in artifact.files(names=stored[start : start + _PAGE], per_page=_PAGE):
                    file.download(str(folder), replace=True).close()
            return artifact

        artifact = self._ask(fetch, f"the artifact {name}")
        for entry in artifact.manifest.entries.values():
            _check_digest(entry, folder, name)
        return artifact

    def artifact(self, entity: str, project: str, name: str) -> ArtifactFacts | None:
        """A version by `name:v3` or `name:digest`, or None."""
        try:
            found = self._query(
                _NAMED_ARTIFACT, {"entity": entity, "project": project, "name": name}, f"the artifact {name}"
            )
        except NotTracked:
            return None
        node = (found.get("project") or {}).get("artifact")
        return _artifact_facts(node) if node else None

    def id_of_client_id(self, client_id: str) -> str | None:
        """The artifact version that a client called so when it logged it, by what the server calls it."""
        mapping = self._query(_CLIENT_ID, {"id": client_id}, f"the artifact of client id {client_id}")
        found = mapping.get("clientIDMapping")
        return str(found["serverID"]) if found else None

    def use_artifact(self, path: RunPath, artifact: ArtifactFacts) -> None:
        """Note that the run has the artifact, of the same project, as its input."""
        self._ask(
            lambda: record_artifact_use(
                self._service,
                artifact_id=artifact.node_id,
                entity_name=path.entity,
                project_name=path.project,
                run_name=path.run_id,
                artifact_entity_name=path.entity,
                artifact_project_name=path.project,
            ),
            f"the use of {artifact} by {path}",
        )

    def change_aliases(self, path: RunPath, artifact: ArtifactFacts, aliases: Iterable[str], *, add: bool) -> None:
        """Give the version aliases, or take them away."""
        verb = "add" if add else "delete"
        mutation = _ALIASES.format(
            name=f"{verb.title()}Aliases", input=f"{verb.title()}AliasesInput", call=f"{verb}Aliases"
        )
        wanted = [
            {
                "alias": alias,
                "artifactCollectionName": artifact.collection,
                "entityName": path.entity,
                "projectName": path.project,
            }
            for alias in aliases
        ]
        given = {"input": {"artifactID": artifact.node_id, "aliases": wanted}}
        self._query(mutation, given, f"the aliases of {artifact}")

    def _run(self, path: RunPath) -> Any:
        self._api.flush()  # the client would answer from its memory
        return self._api.run(str(path))

    def _stream(self, path: RunPath, read: Callable[[Any], Iterator[_Answer]], what: str) -> Iterator[_Answer]:
        lines = self._ask(lambda: read(self._run(path)), f"the {what} of {path}")
        end = object()
        while (line := self._ask(lambda: next(lines, end), f"the {what} of {path}")) is not end:
            yield line  # type: ignore[misc]

    def _query(self, query: str, variables: dict[str, Any], what: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._ask(lambda: self._service.execute_graphql(query, variables), what)
        return answer

    def _ask(self, ask: Callable[[], _Answer], what: str) -> _Answer:
        try:
            return ask()
        except (wandb.Error, WandbApiFailedError, requests.RequestException, ValueError, TimeoutError) as error:
            if "not find" in str(error).lower() or "not found" in str(error).lower():
                raise NotTracked(f"{self.url} has no such thing as {what}: {error}") from error
            raise TrackingError(f"{self.url} must answer for {what}; the W&B client says: {error}") from error


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
    artifacts = (_artifact_facts(output) for output in outputs if output["state"] == "COMMITTED")
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
        used=tuple(_artifact_facts(given) for given in inputs if given["state"] == "COMMITTED"),
    )


def _state(path: RunPath, word: object) -> RunState:
    try:
        return RunState(word)
    except ValueError as error:
        known = ", ".join(state.value for state in RunState)
        raise TrackingError(f"the state of the run {path} must be one of {known}; received {word!r}") from error


def _artifact_facts(node: dict[str, Any]) -> ArtifactFacts:
    return ArtifactFacts(
        node_id=node["id"],
        collection=node["artifactSequence"]["name"],
        kind=node["artifactType"]["name"],
        digest=node["digest"],
        version=node["versionIndex"],
        description=node["description"] or "",
        metadata=loads_object(node["metadata"] or "{}"),
        aliases=tuple(alias["alias"] for alias in node["aliases"] or ()),
        tags=tuple(tag["name"] for tag in node["tags"] or ()),
        created_at=node["createdAt"] or "",
    )


def _sweep_facts(path: SweepPath, node: dict[str, Any]) -> SweepFacts:
    return SweepFacts(
        path=path,
        node_id=node["id"],
        name=node["displayName"] or "",
        description=node["description"] or "",
        state=str(node["state"]).upper(),
        config=node["config"] or "",
    )


def _unwrapped(value: JsonValue) -> JsonValue:
    return value["value"] if isinstance(value, dict) and "value" in value else value


def _check_digest(entry: ArtifactManifestEntry, folder: Path, name: str) -> None:
    """Refuse bytes that are not the manifest's: they would be stored under a wrong digest."""
    if entry.ref is not None:
        return
    path = folder / entry.path
    if not path.is_file():
        raise TrackingError(f"every file of the artifact {name} must be there; {entry.path!s} is not")
    if entry.digest_algorithm() is not ArtifactDigestAlgorithm.MANIFEST_MD5:
        return  # another digest that the client knows how to make; it checks what it sends
    received = md5_file_b64(path)
    if received != entry.digest:
        raise TrackingError(
            f"{entry.path!s} of the artifact {name} must have the MD5 {entry.digest}; received {received}"
        )
