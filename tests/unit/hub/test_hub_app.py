from __future__ import annotations

import logging
from typing import Any

import pytest

from sweepyard.domain.access import Role
from sweepyard.domain.run import RunPath
from sweepyard.hub.wandb_api import schema

UPSERT = 'mutation { upsertBucket(input: {name: "r", modelName: "p", host: "h"}) { inserted } }'


def test_who_may_only_read_changes_nothing(door: Any) -> None:
    answer = door.post(UPSERT, role=Role.READ)
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["code"] == "forbidden"
    assert door.post('{ project(name: "p") { id } }', role=Role.READ).json() == {"data": {"project": None}}


def test_every_mutation_asks_for_the_right_to_write(door: Any) -> None:
    built = schema.build()
    assert built.mutation_type is not None
    samples = {
        "ID": '"x"',
        "String": '"x"',
        "JSONString": '"{}"',
        "Float": "1.0",
        "ArtifactDigestAlgorithm": "MANIFEST_MD5",
        "CompleteMultipartAction": "Complete",
    }
    for name, field in built.mutation_type.fields.items():
        if name == "rewindRun":
            continue
        fields = field.args["input"].type.of_type.fields  # type: ignore[union-attr]
        required = {key: str(item.type) for key, item in fields.items() if str(item.type).endswith("!")}
        given = ", ".join(
            f"{key}: []" if kind.startswith("[") else f"{key}: {samples[kind.rstrip('!')]}"
            for key, kind in required.items()
        )
        query = f"mutation {{ {name}(input: {{{given}}}) {{ __typename }} }}"
        errors = door.post(query, role=Role.READ).json()["errors"]
        assert [error["code"] for error in errors] == ["forbidden"], name


def test_a_fault_of_ours_is_logged_and_not_told(
    door: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the secret reason")

    monkeypatch.setattr(type(door.services.projects), "find", broken)
    with caplog.at_level(logging.ERROR):
        answer = door.post('query Look { project(name: "p") { id } }')
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["code"] == "internal"
    assert "secret" not in answer.text
    assert "Look failed at ['project']" in caplog.text
    assert "the secret reason" in caplog.text


def test_a_fault_behind_another_route_is_a_500_of_the_one_shape(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the secret reason")

    monkeypatch.setattr(type(door.services.streams), "submit", broken)
    answer = door.ask("POST", "/files/lab/p/r/file_stream", json={}, auth=("api", door.keys[Role.WRITE]))
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["code"] == "internal"
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/graphql", 405), ("DELETE", "/a/b/c", 404), ("PUT", "/", 405)]
)
def test_a_route_that_is_not_there_gets_the_one_shape(door: Any, method: str, path: str, status: int) -> None:
    answer = door.ask(method, path)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["code"] == "route"


def test_variables_that_do_not_fit_get_400_and_name_the_field(door: Any) -> None:
    query = "mutation ($i: UpsertBucketInput!) { upsertBucket(input: $i) { inserted } }"
    answer = door.post(query, {"i": {"name": "r", "shoeSize": 44}})
    assert answer.status_code == 400
    assert "shoeSize" in answer.json()["errors"][0]["message"]


def test_an_unknown_agent_is_404_and_other_unknown_things_are_not(door: Any) -> None:
    beat = 'mutation { agentHeartbeat(input: {id: "QWdlbnQ6bm9uZQ=="}) { commands } }'
    assert door.post(beat).status_code == 404
    assert door.post(beat.replace("QWdlbnQ6bm9uZQ==", "nonsense")).status_code == 404
    stop = door.post('mutation { stopRun(input: {id: "nonsense"}) { success } }')
    assert stop.status_code == 200
    assert stop.json()["errors"][0]["code"] == "not_found"


def test_links_name_the_hub_as_the_client_does(door: Any) -> None:
    door.data(UPSERT)
    query = """mutation { createRunFiles(input: {entityName: "lab", projectName: "p", runName: "r", files: ["a"]})
      { files { uploadUrl } } }"""
    answer = door.ask(
        "POST",
        "/graphql",
        json={"query": query},
        auth=("api", door.keys[Role.WRITE]),
        headers={"Host": "localhost:9999"},
    )
    (file,) = answer.json()["data"]["createRunFiles"]["files"]
    assert file["uploadUrl"].startswith("http://localhost:9999/storage/")


def test_a_session_ends_with_its_key(door: Any) -> None:
    key = door.keys[Role.READ]
    entered = door.ask("POST", "/login", data={"key": key, "next": "/"})
    cookie = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
    assert door.ask("GET", "/", headers=cookie).status_code == 200
    (stored,) = filter(lambda item: item.username == "read", door.services.access.keys())
    door.services.access.revoke_key(stored.key_id)
    assert door.ask("GET", "/", headers=cookie).status_code == 303


def test_a_rewind_is_refused_clearly(door: Any) -> None:
    query = 'mutation { rewindRun(input: {runName: "r", metricName: "_step", metricValue: 1}) { rewoundRun { id } } }'
    assert "does not rewind" in door.post(query).json()["errors"][0]["message"]


def test_an_alert_is_kept_among_the_runs_events(door: Any) -> None:
    door.data(UPSERT)
    door.data(
        """mutation { notifyScriptableRunAlert(input: {entityName: "lab", projectName: "p", runName: "r",
        title: "look", text: "at this", severity: WARN}) { success } }"""
    )
    path = RunPath("lab", "p", "r")
    assert ("alert warn", "look: at this") in [(event.kind, event.detail) for event in door.services.runs.events(path)]
