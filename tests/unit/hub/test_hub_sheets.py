"""A sweep's page as one document: whole, by itself, and never markup of somebody else's."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.datastructures import QueryParams

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard.drawn.pages import one_sheet, pages
from sweepyard.hub.dashboard.drawn.shapes import Picture, Words
from sweepyard.hub.dashboard.drawn.sweep_sheet import sweep_sheet
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


def test_a_document_is_printed(door: Any, filled: str) -> None:
    for form, kind, begin in (("pdf", "application/pdf", b"%PDF-"), ("png", "image/png", b"\x89PNG")):
        path = f"/lab/p/sweeps/{filled}/sheet.{form}"
        for query in ("", "?group=config.model"):
            answer = door.ask("GET", path + query, auth=("api", door.keys[Role.READ]))
            assert answer.status_code == 200
            assert answer.headers["content-type"] == kind
            assert answer.headers["content-disposition"] == f'attachment; filename="p-{filled}.{form}"'
            assert answer.content.startswith(begin)


def test_without_the_printer_its_files_are_refused_and_not_offered(
    door: Any, sweep: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    auth = ("api", door.keys[Role.READ])
    answer = door.ask("GET", f"/lab/p/sweeps/{sweep}/sheet.pdf", auth=auth)
    assert answer.status_code == 409
    assert "with the extra `pictures`" in answer.text
    assert sheet(door, sweep).status_code == 200
    entered = door.ask("POST", "/login", data={"key": door.keys[Role.READ]})
    cookie = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
    page = door.ask("GET", f"/lab/p/sweeps/{sweep}", headers=cookie).text
    assert "/sheet.html" in page
    assert "/sheet.pdf" not in page


def test_pages_hold_whole_rows_and_one_sheet_holds_all(door: Any, filled: str) -> None:
    path = SweepPath("lab", "p", filled)
    made = sweep_sheet(door.services, path, QueryParams(""), door.services.clock.now())
    made = replace(made, config_yaml="\n".join(f"line {number}" for number in range(200)))
    paged, whole = pages(made), one_sheet(made)

    def texts(picture: Picture) -> list[str]:
        return [shape.text for shape in picture.shapes if isinstance(shape, Words)]

    assert [text for page in paged for text in texts(page)] == texts(whole)
    assert len(paged) >= 3
    assert "Sweep file, continued" in texts(whole)
    assert any(text.endswith("left out): too few for more than a guess") for text in texts(whole))
    assert any(text.startswith("Importance: the share") for text in texts(whole))
    for page in [*paged, whole]:
        assert all(0 <= shape.at[1] <= page.height for shape in page.shapes if isinstance(shape, Words))
        assert all(0 <= shape.at[0] <= page.width for shape in page.shapes if isinstance(shape, Words))
