"""Texts with NUL, which PostgreSQL keeps none of: every database's hub gives the same answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.asking import asker
from tests.fakes.memory_blobs import MemoryBlobs

from sweepyard.clock import SystemClock
from sweepyard.domain.access import Role
from sweepyard.domain.run import RunPath
from sweepyard.hub.app import create_app
from sweepyard.hub.wandb_api import codec
from sweepyard.ids import RandomIds
from sweepyard.services.bundle import build
from sweepyard.services.ports import Database
from sweepyard.settings import Settings
from sweepyard.web.hosts import Addresses

NUL = "a\0b"
MUTATIONS = [
    "upsertModel(input: {name: %s}) { inserted }",
    'upsertModel(input: {name: "p", entityName: %s}) { inserted }',
    'upsertModel(input: {name: "p", description: %s}) { inserted }',
    'upsertView(input: {entityName: %s, projectName: "p"}) { inserted }',
    'upsertBucket(input: {name: "r", modelName: "p", sweep: %s}) { inserted }',
    'notifyScriptableRunAlert(input: {runName: %s, projectName: "p", title: "t"}) { success }',
    'createAgent(input: {sweep: %s, host: "h"}) { agent { id } }',
]
QUERIES = [
    "project(name: %s) { id }",
    "model(name: %s) { id }",
    "models(entityName: %s) { totalCount }",
    'project(name: "p") { run(name: %s) { id } }',
    'project(name: "p") { sweep(sweepName: %s) { id } }',
    'project(name: "p") { artifact(name: %s) { id } }',
]


@pytest.fixture
def asked(database: Database, tmp_path: Path) -> Any:
    """Asks a hub over the database, as a writer."""
    settings = Settings(home=tmp_path, cache=tmp_path)
    services = build(database, MemoryBlobs(), SystemClock(), RandomIds(), settings)
    services.access.ensure_user("writer", entity="lab", role=Role.WRITE)
    key = services.access.create_key("writer")
    ask = asker(create_app(services, settings=settings, addresses=Addresses("http://127.0.0.1:80")))

    def do(method: str, path: str, **more: Any) -> Any:
        return ask(method, path, auth=("api", key), **more)

    return do


@pytest.mark.parametrize(
    ("kind", "document"), [("mutation", each) for each in MUTATIONS] + [("query", each) for each in QUERIES]
)
def test_a_document_names_nothing_with_nul(asked: Any, kind: str, document: str) -> None:
    literal = {"query": f"{kind} {{ {document % json.dumps(NUL)} }}"}
    variable = {"query": f"{kind} ($a: String!) {{ {document % '$a'} }}", "variables": {"a": NUL}}
    for request in (literal, variable):
        answer = asked("POST", "/graphql", json=request)
        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert error["code"] == "invalid"
        assert "a text is Unicode without NUL; received " in error["message"]


def test_an_id_holds_no_nul(asked: Any) -> None:
    document = "mutation ($a: ID!) { deleteRun(input: {id: $a}) { clientMutationId } }"
    identity = codec.run_to_id(RunPath("lab", "p", NUL))
    answer = asked("POST", "/graphql", json={"query": document, "variables": {"a": identity}})
    assert [error["code"] for error in answer.json()["errors"]] == ["not_found"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/files/lab/a%00b/raw1/file_stream", 404),
        ("POST", "/files/lab/p/ra%00w1/file_stream", 404),
        ("GET", "/files/lab/p/ra%00w1/a.txt", 404),
        ("GET", "/a%00b/p", 404),
        ("GET", "/lab/p?after=%00", 400),
    ],
)
def test_an_address_holds_no_nul(asked: Any, method: str, path: str, status: int) -> None:
    answer = asked(method, path, content=b"{}")
    assert answer.status_code == status
    assert "NUL" in answer.json()["errors"][0]["message"]
