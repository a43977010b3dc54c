"""A sweep's page as one document: whole, by itself, and never markup of somebody else's."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from sweepyard.domain.access import Actor, Role
from sweepyard.services.sweeps import SweepDraft

EVIL = "<script>alert(1)</script>\"'</svg><img src=x>"
UPSERT = "mutation ($input: UpsertBucketInput!) { upsertBucket(input: $input) { bucket { name } } }"
SWEEP = f"""
program: {json.dumps(EVIL)}
method: random
name: {json.dumps(EVIL)}
description: {json.dumps(EVIL)}
metric: {{name: {json.dumps("acc" + EVIL)}, goal: maximize}}
early_terminate: {{type: hyperband, min_iter: 1, eta: 3}}
parameters:
  lr: {{distribution: log_uniform_values, min: 0.001, max: 0.1}}
  model: {{values: [mlp, {json.dumps(EVIL)}]}}
"""


class Document(HTMLParser):
    """The elements of a document, and every address in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.addresses: list[str] = []
        self.strange: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        for name, value in attrs:
            if name in {"href", "src", "action", "data", "xlink:href"}:
                self.addresses.append(str(value))
            if name.startswith("on") or name == "style":
                self.strange.append(f"{tag} {name}={value}")


@pytest.fixture
def sweep(door: Any) -> str:
    door.services.projects.ensure("lab", "p")
    actor = Actor("lab", "ann", Role.WRITE)
    return str(door.services.sweeps.create("lab", "p", SweepDraft(config_yaml=SWEEP), actor=actor).path.sweep_id)


@pytest.fixture
def filled(door: Any, sweep: str) -> str:
    """The sweep with four runs, one without a result, all with hostile names."""
    auth = ("api", door.keys[Role.WRITE])
    for place in range(4):
        config = {"lr": 0.01 * (place + 1), "model": EVIL if place % 2 else "mlp"}
        given = {
            "name": f"r{place}",
            "modelName": "p",
            "sweep": sweep,
            "host": EVIL,
            "displayName": f"{place}{EVIL}",
            "tags": [EVIL],
            "config": json.dumps({key: {"value": value} for key, value in config.items()}),
        }
        door.data(UPSERT, {"input": given})
        rows = [json.dumps({"_step": step, "acc" + EVIL: 0.1 * step * place}) for step in range(5)]
        summary = json.dumps({"acc" + EVIL: 0.4 * place} if place else {})
        files = {"wandb-history.jsonl": {"offset": 0, "content": rows}}
        files["wandb-summary.json"] = {"offset": 0, "content": [summary]}
        body = {"files": files, "complete": True, "exitcode": 0}
        assert door.ask("POST", f"/files/lab/p/r{place}/file_stream", json=body, auth=auth).status_code == 200
    return sweep


def sheet(door: Any, sweep: str, query: str = "", *, role: Role = Role.READ) -> Any:
    return door.ask("GET", f"/lab/p/sweeps/{sweep}/sheet.html{query}", auth=("api", door.keys[role]))


def test_a_document_has_all_of_the_page_and_needs_nothing_else(door: Any, filled: str) -> None:
    answer = sheet(door, filled)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="p-{filled}.html"'
    document = Document(answer.text)
    assert document.addresses == document.strange == []
    assert not {"script", "img", "iframe", "link", "base", "form"} & set(document.elements)
    assert "url(" not in answer.text
    assert "@import" not in answer.text
    titles = re.findall("<h2>(?:<bdi>)?(.*?)(?:</bdi>)?</h2>", answer.text)
    assert titles[:3] == ["Parameters and result", "Best so far", "Two against each other"]
    assert titles[-4:] == [*("Early termination", "Parameters: importance and correlation", "Runs", "Sweep file")]
    assert document.elements.count("svg") == len(titles) - 3 == 7
    assert answer.text.count("4 of 4") == 1


def test_a_document_shows_what_the_address_says(door: Any, filled: str) -> None:
    text = sheet(door, filled, "?filter=id+%3D+r2&chart=other&x=duration").text
    assert "1 of 1, with <bdi>id = r2</bdi>" in text
    assert 'aria-label="other over step, 0 curves"' in text
    assert sheet(door, filled, "?filter=a+%3E").status_code == 400
    assert "<h2>Groups of runs</h2>" in sheet(door, filled, "?group=config.model").text


def test_a_sweep_without_runs_has_a_document(door: Any, sweep: str) -> None:
    answer = sheet(door, sweep)
    assert answer.status_code == 200
    assert "No run has begun yet" in answer.text
    assert "<svg" not in answer.text


def test_a_document_is_for_who_may_read(door: Any, sweep: str) -> None:
    path = f"/lab/p/sweeps/{sweep}/sheet.html"
    assert door.ask("GET", path).status_code == 401
    assert door.ask("GET", path, auth=("api", "local-" + "0" * 40)).status_code == 401
    assert sheet(door, "none").status_code == 404
