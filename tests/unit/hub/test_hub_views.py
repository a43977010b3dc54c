"""Reports over W&B's wire: saved, read, listed, deleted; and shown among those written at the hub."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sweepyard.domain.access import Actor, Role
from sweepyard.services.reports import ReportDraft
from sweepyard.services.sweeps import SweepDraft

UPSERT = """mutation ($id: ID, $project: String, $type: String, $name: String, $title: String, $spec: String!) {
  upsertView(input: {id: $id, projectName: $project, type: $type, name: $name, displayName: $title, spec: $spec,
    createdUsing: WANDB_SDK}) {
    view { id type name displayName project { name } spec user { username } } inserted } }"""
LIST = """query ($type: String, $name: String, $first: Int, $after: String) { project(name: "p") {
  allViews(viewType: $type, viewName: $name, first: $first, after: $after) {
    edges { node { displayName spec } } pageInfo { hasNextPage endCursor } } } }"""
DELETE = "mutation ($id: ID!) { deleteView(input: {id: $id, deleteDrafts: true}) { success pendingDrafts } }"
SWEEP = "program: train.py\nmethod: random\nparameters: {lr: {min: 0, max: 1}}"


@pytest.fixture
def sweep(door: Any) -> str:
    door.services.projects.ensure("lab", "p")
    actor = Actor("lab", "write", Role.WRITE)
    return str(door.services.sweeps.create("lab", "p", SweepDraft(config_yaml=SWEEP), actor=actor).path.sweep_id)


def spec_about(sweep: str, text: str = "hello") -> str:
    filters = {"filters": [{"key": {"section": "run", "name": "sweep"}, "op": "=", "value": sweep}]}
    panels = [{"viewType": "Run History Line Plot", "config": {"metrics": ["acc"]}}]
    metadata = {"runSets": [{"filters": filters}], "panelBankSectionConfig": {"panels": panels}}
    blocks = [{"type": "markdown-block", "content": text}, {"type": "panel-grid", "metadata": metadata}]
    return json.dumps({"version": 5, "blocks": blocks})


def save(door: Any, sweep: str, **given: Any) -> dict[str, Any]:
    variables = {"project": "p", "type": "runs", "name": "n", "title": "Found", "spec": spec_about(sweep), **given}
    saved: dict[str, Any] = door.data(UPSERT, variables)["upsertView"]
    return saved


def listed(door: Any, **asked: Any) -> list[str]:
    edges = door.data(LIST, asked)["project"]["allViews"]["edges"]
    return [edge["node"]["displayName"] for edge in edges]


def page(door: Any, path: str) -> str:
    entered = door.ask("POST", "/login", data={"key": door.keys[Role.WRITE]})
    answer = door.ask("GET", path, headers={"Cookie": entered.headers["set-cookie"].split(";")[0]})
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_a_view_is_kept_as_it_came(door: Any, sweep: str) -> None:
    saved = save(door, sweep)
    assert saved["inserted"]
    view = saved["view"]
    assert (view["type"], view["name"], view["displayName"], view["project"]["name"]) == ("runs", "n", "Found", "p")
    assert json.loads(view["spec"]) == json.loads(spec_about(sweep))
    assert view["user"]["username"] == "write"
    again = save(door, sweep, id=view["id"], title="Other", spec="{}")
    assert (again["inserted"], again["view"]["id"], again["view"]["displayName"]) == (False, view["id"], "Other")
    assert listed(door) == ["Other"]


def test_reports_are_pinned_to_the_sweep_that_they_are_about_and_shown_there(door: Any, sweep: str) -> None:
    identity = save(door, sweep)["view"]["id"]
    assert "Found" in page(door, f"/lab/p/sweeps/{sweep}")
    shown = page(door, f"/lab/p/reports/Found--{identity}")
    assert "<p>hello</p>" in shown
    assert f'data-url="/lab/p/sweeps/{sweep}/curves.json"' in shown
    assert "with a W&amp;B client" in shown
    assert "/edit" not in shown
    assert f"/lab/p/reports/{identity}/delete" in shown
    other = save(door, "no such sweep", title="Elsewhere")["view"]["id"]
    assert "Elsewhere" not in page(door, f"/lab/p/sweeps/{sweep}")
    assert "This chart cannot be drawn" in page(door, f"/lab/p/reports/{other}")


def test_drafts_and_workspaces_are_kept_and_are_no_reports(door: Any, sweep: str) -> None:
    for kind in ("runs/draft", "project-view"):
        save(door, sweep, type=kind, title=kind, name=f"nw-{kind}-v")
        assert listed(door, type=kind) == [kind]
        assert listed(door, type=kind, name=f"nw-{kind}-v") == [kind]
        assert listed(door, type=kind, name="other") == []
    assert listed(door) == []
    assert "No report yet" in page(door, "/lab/p/reports")


def test_reports_of_the_hub_are_markdown_to_clients(door: Any, sweep: str) -> None:
    for title in ("one", "two"):
        door.services.reports.create("lab", "p", ReportDraft(title, f"*{title}*"), author="write")
    first = door.data(LIST, {"first": 1})["project"]["allViews"]
    assert first["pageInfo"]["hasNextPage"]
    rest = door.data(LIST, {"first": 1, "after": first["pageInfo"]["endCursor"]})["project"]["allViews"]
    nodes = [edge["node"] for edge in [*first["edges"], *rest["edges"]]]
    assert sorted(node["displayName"] for node in nodes) == ["one", "two"]
    assert [json.loads(node["spec"])["blocks"][1]["content"] for node in nodes] == [
        f"*{node['displayName']}*" for node in nodes
    ]


def test_views_are_deleted(door: Any, sweep: str) -> None:
    identity = save(door, sweep)["view"]["id"]
    assert door.data(DELETE, {"id": identity})["deleteView"] == {"success": True, "pendingDrafts": []}
    assert door.data("query ($id: ID!) { view(id: $id) { id } }", {"id": identity}) == {"view": None}
    assert "no view" in door.post(DELETE, {"id": identity}).json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"spec": "[]"}, "a view's spec is a JSON object"),
        ({"spec": " " * (4 << 20) + "{}"}, "at most 4,194,304 characters"),
        ({"title": "x" * 201}, "a title is 1 to 200 characters"),
        ({"project": None}, "names its project"),
        ({"project": "none"}, "no project lab/none"),
        ({"id": "none"}, "no report 'none'"),
        ({"name": "\x00"}, "Unicode without NUL"),
    ],
)
def test_what_is_no_view_is_refused(door: Any, sweep: str, given: dict[str, Any], told: str) -> None:
    variables = {"project": "p", "type": "runs", "name": "n", "title": "t", "spec": "{}", **given}
    answer = door.post(UPSERT, variables)
    assert told in answer.text
    assert listed(door) == []


def test_who_may_only_read_saves_nothing(door: Any, sweep: str) -> None:
    identity = save(door, sweep)["view"]["id"]
    for query, variables in ((UPSERT, {"project": "p", "spec": "{}"}), (DELETE, {"id": identity})):
        assert "errors" in door.post(query, variables, Role.READ).json()
    assert listed(door) == ["Found"]
