"""Somebody with a session at an app that is asked in-process, and what clients send to it."""

from __future__ import annotations

import json
from typing import Any

import httpx

from sweepyard.domain.access import Role

_UPSERT = "mutation ($input: UpsertBucketInput!) { upsertBucket(input: $input) { bucket { name } } }"
_DELETE = "mutation ($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }"
_IDENTITY = 'query ($r: String!) { project(name: "p", entityName: "lab") { run(name: $r) { id } } }'
_FILES = """mutation ($r: String!, $f: [String!]!) {
  createRunFiles(input: {entityName: "lab", projectName: "p", runName: $r, files: $f}) { files { uploadUrl } } }"""
_STREAMS = {"history": "wandb-history.jsonl", "events": "wandb-events.jsonl", "console": "output.log"}


class PageReader:
    """Reads pages of the project `lab/p`, and fills it with runs.

    Args:
        door: The app and its keys (`tests/unit/hub/conftest.py`).
    """

    def __init__(self, door: Any) -> None:
        self._door = door
        entered = door.ask("POST", "/login", data={"key": door.keys[Role.READ]})
        self._cookie = {"Cookie": entered.headers["set-cookie"].split(";")[0]}

    def get(self, path: str) -> httpx.Response:
        """What a browser gets at an address."""
        answer: httpx.Response = self._door.ask("GET", path, headers={**self._cookie, "Accept": "text/html"})
        return answer

    def page(self, path: str) -> str:
        """The page at an address below the project's."""
        answer = self.get(f"/lab/p{path}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def begin(self, run_id: str = "r", *, config: dict[str, Any] | None = None, **fields: Any) -> None:
        """A run's client begins, or changes it."""
        wrapped = {key: {"value": value} for key, value in (config or {}).items()}
        given = {"name": run_id, "modelName": "p", "host": "h", "config": json.dumps(wrapped), **fields}
        self._door.data(_UPSERT, {"input": given})

    def stream(self, run_id: str = "r", *, summary: dict[str, Any] | None = None, **streams: list[Any]) -> None:
        """Lines of history, events and console, JSON or as they are; and a summary."""
        files = {
            _STREAMS[name]: [line if isinstance(line, str) else json.dumps(line) for line in lines]
            for name, lines in streams.items()
        }
        if summary is not None:
            files["wandb-summary.json"] = [json.dumps(summary)]
        body = {"files": {name: {"offset": 0, "content": lines} for name, lines in files.items()}}
        auth = ("api", self._door.keys[Role.WRITE])
        answer = self._door.ask("POST", f"/files/lab/p/{run_id}/file_stream", json=body, auth=auth)
        assert answer.status_code == 200

    def upload(self, name: str, content: bytes, run_id: str = "r") -> None:
        """A file of the run."""
        [file] = self._door.data(_FILES, {"r": run_id, "f": [name]})["createRunFiles"]["files"]
        assert self._door.ask("PUT", file["uploadUrl"], content=content).status_code == 200

    def delete(self, run_id: str) -> None:
        """The run is no more."""
        identity = self._door.data(_IDENTITY, {"r": run_id})["project"]["run"]["id"]
        self._door.data(_DELETE, {"id": identity})
