"""Fills a hub with runs and sweeps over HTTP, as the client would, but at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

ENTITY = "local"
_UPSERT_RUN = "mutation ($input: UpsertBucketInput!) { upsertBucket(input: $input) { bucket { name } } }"
_UPSERT_SWEEP = "mutation ($input: UpsertSweepInput!) { upsertSweep(input: $input) { sweep { name } } }"
_CREATE_AGENT = "mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }"
_HEARTBEAT = "mutation ($input: AgentHeartbeatInput!) { agentHeartbeat(input: $input) { commands } }"


class Filling:
    """Puts runs into projects of a hub."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(base_url=url, auth=("api", key), timeout=60, trust_env=False)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def begin(self, project: str, run_id: str, *, config: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """A running run; `fields` are those of the client's upsert (displayName, tags, sweep, ...)."""
        wrapped = {key: {"value": value} for key, value in (config or {}).items()}
        given = {"name": run_id, "modelName": project, "entityName": ENTITY, "host": "h", "config": json.dumps(wrapped)}
        self._ask(_UPSERT_RUN, {**given, **fields})

    def log(self, project: str, run_id: str, rows: Sequence[Mapping[str, Any]], *, offset: int = 0) -> None:
        """Rows of history, each with its `_step`."""
        lines = [json.dumps(row) for row in rows]
        self._stream(project, run_id, files={"wandb-history.jsonl": {"offset": offset, "content": lines}})

    def summarise(self, project: str, run_id: str, summary: Mapping[str, Any]) -> None:
        """A new summary."""
        self._stream(project, run_id, files={"wandb-summary.json": {"offset": 0, "content": [json.dumps(summary)]}})

    def print(self, project: str, run_id: str, lines: Sequence[str], *, offset: int = 0) -> None:
        """Lines of the console."""
        self._stream(project, run_id, files={"output.log": {"offset": offset, "content": list(lines)}})

    def measure(self, project: str, run_id: str, rows: Sequence[Mapping[str, Any]], *, offset: int = 0) -> None:
        """System metrics, each with its `_runtime`."""
        lines = [json.dumps(row) for row in rows]
        self._stream(project, run_id, files={"wandb-events.jsonl": {"offset": offset, "content": lines}})

    def end(self, project: str, run_id: str, *, exit_code: int = 0) -> None:
        """The end of the run."""
        self._stream(project, run_id, complete=True, exitcode=exit_code)

    def run(
        self,
        project: str,
        run_id: str,
        *,
        config: Mapping[str, Any] | None = None,
        summary: Mapping[str, Any] | None = None,
        rows: Sequence[Mapping[str, Any]] = (),
        **fields: Any,
    ) -> None:
        """A finished run."""
        self.begin(project, run_id, config=config, **fields)
        if rows:
            self.log(project, run_id, rows)
        if summary:
            self.summarise(project, run_id, summary)
        self.end(project, run_id)

    def sweep(self, project: str, config: str) -> str:
        """A registered sweep's id."""
        answer = self._ask(_UPSERT_SWEEP, {"projectName": project, "entityName": ENTITY, "config": config})
        return str(answer["upsertSweep"]["sweep"]["name"])

    def agent(self, project: str, sweep: str, host: str) -> str:
        """An agent that has come to a sweep; its node id."""
        given = {"sweep": sweep, "host": host, "projectName": project, "entityName": ENTITY}
        return str(self._ask(_CREATE_AGENT, given)["createAgent"]["agent"]["id"])

    def heartbeat(self, agent: str, *running: str) -> list[dict[str, Any]]:
        """What an agent that works on these runs is told to do."""
        states = json.dumps(dict.fromkeys(running, "RUNNING"))
        answer = self._ask(_HEARTBEAT, {"id": agent, "runState": states, "metrics": "{}"})
        commands: list[dict[str, Any]] = json.loads(answer["agentHeartbeat"]["commands"])
        return commands

    def delete(self, project: str, run_id: str) -> None:
        """The run is no more."""
        found = self._query(
            "query ($p: String!, $r: String!) { project(name: $p) { run(name: $r) { id } } }",
            {"p": project, "r": run_id},
        )
        identity = found["project"]["run"]["id"]
        self._query("mutation ($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }", {"id": identity})

    def _ask(self, query: str, given: Mapping[str, Any]) -> dict[str, Any]:
        return self._query(query, {"input": given})

    def _query(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        body = self._http.post("/graphql", json={"query": query, "variables": variables}).json()
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data

    def _stream(self, project: str, run_id: str, **body: Any) -> None:
        answer = self._http.post(f"/files/{ENTITY}/{project}/{run_id}/file_stream", json=body)
        assert answer.status_code == 200, answer.text
