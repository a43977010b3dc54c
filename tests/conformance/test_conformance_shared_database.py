"""Two hub processes on one PostgreSQL database: one sweep, many agents, each point once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.parts.postgresql import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.system]

AGENTS = 32
POINTS = 5 * 4 * 5
SWEEP = """
method: grid
program: train.py
parameters:
  a: {values: [1, 2, 3, 4, 5]}
  b: {values: [1, 2, 3, 4]}
  c: {values: [1, 2, 3, 4, 5]}
"""
CREATE = 'mutation ($c: String!) { upsertSweep(input: {config: $c, projectName: "shared"}) { sweep { name } } }'
JOIN = """mutation ($s: String!, $h: String!) {
  createAgent(input: {host: $h, sweep: $s, projectName: "shared"}) { agent { id } } }"""
BEAT = "mutation ($a: ID!, $r: JSONString!) { agentHeartbeat(input: {id: $a, runState: $r}) { commands } }"
START = 'mutation ($n: String!) { upsertBucket(input: {name: $n, modelName: "shared", host: "h"}) { inserted } }'
LOOK = """query ($s: String!) { project(name: "shared", entityName: "local") {
  sweep(sweepName: $s) { state } runs(first: 1000) { edges { node { name state config } } } } }"""


def ask(client: httpx.Client, query: str, **variables: str) -> dict[str, Any]:
    body = client.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in body, body
    data: dict[str, Any] = body["data"]
    return data


def work(client: httpx.Client, sweep: str, host: str) -> list[tuple[str, str]]:
    """One agent, as W&B's does it but without a pause: (run id, its parameters) for each run it was given."""
    agent = ask(client, JOIN, s=sweep, h=host)["createAgent"]["agent"]["id"]
    had: list[tuple[str, str]] = []
    running: dict[str, str] = {}
    for _ in range(20 * POINTS):
        commands = json.loads(ask(client, BEAT, a=agent, r=json.dumps(running))["agentHeartbeat"]["commands"])
        for run_id in running:
            end = {"complete": True, "exitcode": 0, "files": {}}
            client.post(f"/files/local/shared/{run_id}/file_stream", json=end).raise_for_status()
        running = {}
        for command in commands:
            if command["type"] == "exit":
                return had
            assert command["type"] == "run", command
            had.append((command["run_id"], json.dumps(command["args"], sort_keys=True)))
            ask(client, START, n=command["run_id"])
            running = {command["run_id"]: "running"}
    raise AssertionError("the sweep never ended")


def test_two_hubs_hand_out_each_point_once(
    postgresql: PostgresServer, make_hub: Callable[..., Any], tmp_path: Path
) -> None:
    url = postgresql.new_database()
    with (
        make_hub(tmp_path / "one", SWEEPYARD_DATABASE=url) as one,
        make_hub(tmp_path / "two", SWEEPYARD_DATABASE=url) as two,
        one.http() as first,
        two.http() as second,
    ):
        assert one.key != two.key
        sweep = ask(first, CREATE, c=SWEEP)["upsertSweep"]["sweep"]["name"]
        with ThreadPoolExecutor(AGENTS) as pool:
            clients = [first if number % 2 else second for number in range(AGENTS)]
            working = [pool.submit(work, client, sweep, f"h{number}") for number, client in enumerate(clients)]
            had = [pair for agent in working for pair in agent.result(240)]
        assert len(had) == POINTS
        assert set(Counter(run_id for run_id, _ in had).values()) == {1}
        assert set(Counter(point for _, point in had).values()) == {1}
        for client in (first, second):
            project = ask(client, LOOK, s=sweep)["project"]
            assert project["sweep"]["state"] == "FINISHED"
            nodes = [edge["node"] for edge in project["runs"]["edges"]]
            assert len(nodes) == POINTS
            assert {node["state"] for node in nodes} == {"finished"}


def test_a_hub_outlives_a_restart_of_its_database(
    postgresql: PostgresServer, make_hub: Callable[..., Any], tmp_path: Path
) -> None:
    with make_hub(tmp_path / "home", SWEEPYARD_DATABASE=postgresql.new_database()) as hub, hub.http() as client:
        ask(client, START, n="before")
        postgresql.restart()
        ask(client, START, n="after")
        ask(client, START, n="before")


def test_while_its_database_is_away_a_hub_asks_to_come_again(
    postgresql: PostgresServer, make_hub: Callable[..., Any], tmp_path: Path
) -> None:
    with make_hub(tmp_path / "home", SWEEPYARD_DATABASE=postgresql.new_database()) as hub, hub.http() as client:
        ask(client, START, n="one")
        stream = "/files/local/shared/one/file_stream"
        client.post(stream, json={}).raise_for_status()
        postgresql.stop()
        try:
            answers = [client.post(stream, json={}), client.post("/graphql", json={"query": "{ viewer { id } }"})]
        finally:
            postgresql.restart()
        for answer in answers:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            [error] = answer.json()["errors"]
            assert error["code"] == "away"
            assert error["message"].startswith("the PostgreSQL database ")
        ask(client, START, n="two")
        log = (tmp_path / "home" / "serve.log").read_text() + hub.log()
        assert "is away; " in log
        assert "Traceback" not in log


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://nobody:secret-word@127.0.0.1:1/none", "none at 127.0.0.1 (user nobody) must answer"),
        ("mysql://nobody:secret-word@127.0.0.1/none", "in a SQLite file or in PostgreSQL"),
        ("nonsense secret-word", "a database is named by a URL"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_without_its_password(
    make_hub: Callable[..., Any], tmp_path: Path, url: str, said: str
) -> None:
    with pytest.raises(AssertionError) as error, make_hub(tmp_path / "home", SWEEPYARD_DATABASE=url):
        pass
    text = str(error.value).partition("error: ")[2]
    assert said in text
    assert "secret-word" not in text
    assert "Traceback" not in str(error.value)


def test_a_database_that_sorts_otherwise_is_refused(
    postgresql: PostgresServer, make_hub: Callable[..., Any], tmp_path: Path
) -> None:
    postgresql.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'SQL_ASCII'")
    with (
        pytest.raises(AssertionError, match="must be encoded in UTF8 and sort by code point; received SQL_ASCII"),
        make_hub(tmp_path / "home", SWEEPYARD_DATABASE=postgresql.url("latin")),
    ):
        pass
