"""A request that asks for too much is refused before, or while, it costs much."""

from __future__ import annotations

import errno
import gzip
import json
from typing import Any

import pytest
from graphql import parse
from tests.fakes.memory_blobs import MemoryWriter

from sweepyard.domain.access import Role
from sweepyard.hub.wandb_api import filestream, limits, schema
from sweepyard.hub.wandb_api import routes as wandb_routes
from sweepyard.hub.wandb_api.limits import Budget, TooCostly, faults_of, longest_list

UPSERT = 'mutation { upsertBucket(input: {name: "r", modelName: "p", host: "h"}) { inserted } }'
DEEP = '{ project(name: "p") { runs { edges { node { project ' * 8 + "{ id }" + " } } } }" * 8 + "}" * 8
INTROSPECTION = "fields { type { " * 6 + "name" + " } }" * 6


def aliases(count: int, selection: str) -> str:
    return " ".join(f"a{index}: {selection}" for index in range(count))


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("{ viewer { " + "id " * 9000 + "} }", "at most 3000 fields"),
        ("{ " + "viewer { id } " * 400 + "}", "same name at most 10 times"),
        ("{ " + aliases(1600, "viewer { id }") + " }", "at most 3000 fields"),
        ("{ viewer { " + "...F " * 11 + "} } fragment F on User { id }", "same name at most 10 times"),
        (
            "{ viewer { ...F0 } } "
            + " ".join(f"fragment F{i} on User {{ id ...F{i + 1} }}" for i in range(200))
            + " fragment F200 on User { id }",
            "at most 100 fragments",
        ),
        (DEEP, "nests at most 25"),
        ("{ viewer " * 3000 + "}" * 3000, "nested|nests"),
        ("{ viewer { id " + "@skip(if: true) " * 9000 + "} }", "token"),
        ("{ __schema { types { " + INTROSPECTION + " } } }", "introspection"),
        ("{ viewer { ...F } } fragment F on User { ...G } fragment G on User { ...F }", "Cannot spread fragment"),
        ("{ a", "Syntax Error"),
        ("", "Syntax Error"),
        ("\x00", "Syntax Error"),
        ("[" * 9000, "Syntax Error"),
    ],
    ids=range(14),
)
def test_a_document_of_a_hostile_form_is_refused(door: Any, query: str, rule: str) -> None:
    answer = door.post(query)
    assert answer.status_code == 400
    assert any(part in answer.text for part in rule.split("|")), answer.text[:300]
    assert {frozenset(error) for error in answer.json()["errors"]} == {frozenset({"message", "code"})}


def test_the_clients_form_of_a_document_is_not() -> None:
    names = "id name displayName state config summaryMetrics historyLineCount createdAt heartbeatAt tags notes group"
    runs = f"runs {{ edges {{ node {{ {names} }} cursor }} pageInfo {{ endCursor }} }}"
    query = f'query Q {{ project(name: "p") {{ {runs} }} }}'
    assert faults_of(parse(query)) == []


def test_an_answer_that_costs_too_much_breaks_off(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    door.data(UPSERT)
    run = 'project(name: "p") { run(name: "r") { history } }'
    monkeypatch.setattr(limits.Budget.__init__, "__defaults__", (5 * 502,))
    assert door.post(f"{{ {aliases(5, run)} }}").status_code == 200
    answer = door.post(f"query Much {{ {aliases(6, run)} }}")
    assert answer.status_code == 400
    assert "Much: an answer costs at most" in answer.json()["errors"][0]["message"]
    assert len(answer.json()["errors"]) == 1


def test_a_budget_is_spent() -> None:
    budget = Budget(10)
    budget.spend(9)
    budget.spend(1)
    with pytest.raises(TooCostly):
        budget.spend(1)


def test_costs_are_those_of_fields_that_there_are() -> None:
    built = schema.build()
    for typename, field in limits.COSTS:
        assert field in built.type_map[typename].fields  # type: ignore[attr-defined]


def test_lists_of_a_hostile_length_are_refused(door: Any) -> None:
    query = """mutation ($f: [String!]!) {
      createRunFiles(input: {entityName: "lab", projectName: "p", runName: "r", files: $f}) { runID } }"""
    answer = door.post(query, {"f": ["a"] * (limits.MAX_LIST_ITEMS + 1)})
    assert answer.status_code == 400
    assert "at most 20,000 items" in answer.json()["errors"][0]["message"]
    assert longest_list({"a": [1, [2, 3, {"b": [1, 2, 3, 4]}]], "c": []}) == 4
    assert longest_list({}) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"query": 1}',
        b'{"query": "{ viewer { id } }", "variables": []}',
        b"\xff\xfe",
        b"1" * 5000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"query": "\\ud800"}',
    ],
    ids=range(11),
)
def test_a_body_that_is_no_request_is_refused(door: Any, body: bytes) -> None:
    for path in ("/graphql", "/files/lab/p/r/file_stream"):
        answer = door.ask("POST", path, content=body, auth=("api", door.keys[Role.WRITE]))
        assert answer.status_code in ({400} if path == "/graphql" else {400, 404}), (path, answer.text)
        assert set(answer.json()["errors"][0]) == {"message", "code"}


@pytest.mark.parametrize("path", ["/graphql", "/files/lab/p/r/file_stream"])
def test_bodies_over_the_limit_are_refused_packed_or_not(door: Any, path: str) -> None:
    auth = ("api", door.keys[Role.WRITE])
    line = json.dumps({"query": "x" * 100_000_000})  # also: a line of 100 MB
    announced = door.ask("POST", path, content=line.encode(), auth=auth)
    bomb = gzip.compress(b"0" * 100_000_000)
    packed = door.ask("POST", path, content=bomb, headers={"Content-Encoding": "gzip"}, auth=auth)
    for answer in (announced, packed):
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["code"] == "too_large"


def upload_url(door: Any) -> str:
    door.data(UPSERT)
    query = 'mutation { createRunFiles(input: {entityName: "lab", projectName: "p", runName: "r", files: ["a"]}) '
    return str(door.data(query + "{ files { uploadUrl } } }")["createRunFiles"]["files"][0]["uploadUrl"])


def test_an_upload_over_the_limit_is_refused_and_leaves_nothing(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wandb_routes, "MAX_UPLOAD_BYTES", 1000)
    address = upload_url(door)
    assert door.ask("PUT", address, content=b"x" * 1001).status_code == 413
    assert door.ask("GET", "/files/lab/p/r/a", auth=("api", door.keys[Role.READ])).status_code == 404
    assert door.ask("PUT", address, content=b"x" * 1000).status_code == 200


def test_a_full_disk_is_said_and_leaves_nothing(
    door: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address = upload_url(door)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryWriter, "write", full)
        answer = door.ask("PUT", address, content=b"x")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (507, "full")
    assert "No space left" in caplog.text
    assert door.ask("GET", "/files/lab/p/r/a", auth=("api", door.keys[Role.READ])).status_code == 404
    assert door.ask("PUT", address, content=b"x").status_code == 200


def test_a_line_over_the_limit_is_refused(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filestream, "MAX_LINE_LENGTH", 100)
    door.data(UPSERT)
    auth = ("api", door.keys[Role.WRITE])
    for length, status in ((100, 200), (101, 400)):
        body = {"files": {"output.log": {"offset": 0, "content": ["x" * length]}}}
        assert door.ask("POST", "/files/lab/p/r/file_stream", json=body, auth=auth).status_code == status
