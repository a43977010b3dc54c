"""Whatever people write into runs, sweeps and artifacts is text on every page, never markup."""

from __future__ import annotations

import base64
import hashlib
import json
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

from sweepyard.domain.access import Role
from sweepyard.hub.dashboard.assets import ASSETS
from sweepyard.services.reports import ReportDraft

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href='javascript:alert(1)'>x</a>{{7*7}}"
KEYS = "<script>k</script>"
UPSERT = "mutation ($input: UpsertBucketInput!) { upsertBucket(input: $input) { bucket { name } } }"
ALERT = """mutation ($input: NotifyScriptableRunAlertInput!) {
  notifyScriptableRunAlert(input: $input) { success } }"""
FILES = """mutation ($f: [String!]!) {
  createRunFiles(input: {entityName: "lab", projectName: "p", runName: "r", files: $f}) { files { uploadUrl } } }"""
ARTIFACT = "mutation ($input: CreateArtifactInput!) { createArtifact(input: $input) { artifact { id } } }"
SWEEP = f"""method: grid
program: {json.dumps(MARKUP)}
name: {json.dumps(MARKUP)}
description: {json.dumps(MARKUP)}
metric: {{name: {json.dumps(KEYS)}}}
parameters:
  lr: {{values: [1, {json.dumps(MARKUP)}]}}
"""


class Page(HTMLParser):
    """The elements of a page, and what in it can run something: attributes, and scripts but for the hub's own files."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.running: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self._in_script = tag == "script"
        if tag == "script" and not (dict(attrs).get("src") or "").startswith(ASSETS.url("")):
            self.running.append(f"script {attrs}")
        for name, value in attrs:
            leads = name in {"href", "src", "action", "formaction"} and "javascript:" in (value or "")
            if name.startswith("on") or name == "style" or leads:
                self.running.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.running.append(f"script {data}")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False


@pytest.fixture
def pages(door: Any) -> list[str]:
    """The addresses of all pages of a hub whose every text is hostile."""
    door.data('mutation ($d: String) { upsertModel(input: {name: "p", description: $d}) { inserted } }', {"d": MARKUP})
    sweep = door.data(
        'mutation ($c: String) { upsertSweep(input: {config: $c, projectName: "p"}) { sweep { name } } }', {"c": SWEEP}
    )["upsertSweep"]["sweep"]["name"]
    agent = """mutation ($s: String!, $h: String!) {
      createAgent(input: {sweep: $s, host: $h, projectName: "p"}) { agent { name } } }"""
    door.data(agent, {"s": sweep, "h": MARKUP})
    texts = "displayName notes groupName jobType host jobProgram jobRepo commit"
    door.data(
        UPSERT,
        {
            "input": {
                "name": "r",
                "modelName": "p",
                "sweep": sweep,
                "tags": [MARKUP],
                "config": json.dumps({KEYS: {"value": {KEYS: MARKUP, "list": [MARKUP]}}}),
                "summaryMetrics": json.dumps({KEYS: MARKUP, "number": 1, "media": {"_type": MARKUP}}),
                **dict.fromkeys(texts.split(), MARKUP),
            }
        },
    )
    media = {"_type": "image-file", "path": f"../{MARKUP}", "caption": MARKUP}
    table = {"_type": "table-file", "path": "table.json"}
    row = json.dumps({"_step": 0, KEYS: 1.5, "text": MARKUP, f"m{KEYS}": {"_type": MARKUP}, "table": table, "i": media})
    lines = {
        "files": {
            "wandb-history.jsonl": {"offset": 0, "content": [row, row.replace('"_step": 0', '"_step": 1')]},
            "wandb-events.jsonl": {"offset": 0, "content": [json.dumps({"_runtime": 1, f"system.{MARKUP}": 1})]},
            "output.log": {"offset": 0, "content": [MARKUP]},
        }
    }
    auth = ("api", door.keys[Role.WRITE])
    assert door.ask("POST", "/files/lab/p/r/file_stream", json=lines, auth=auth).status_code == 200
    alert = {"entityName": "lab", "projectName": "p", "runName": "r", "title": MARKUP, "text": MARKUP}
    door.data(ALERT, {"input": {**alert, "severity": "WARN"}})
    hostile_table = json.dumps({"columns": [MARKUP], "data": [[MARKUP], [{"_type": MARKUP}]]}).encode()
    for name, content in ((MARKUP.replace("/", ""), b"x"), ("table.json", hostile_table)):
        [file] = door.data(FILES, {"f": [name]})["createRunFiles"]["files"]
        assert door.ask("PUT", file["uploadUrl"], content=content).status_code == 200
    door.data(UPSERT, {"input": {"name": "s", "modelName": "p", "displayName": MARKUP}})
    door.data(
        ARTIFACT,
        {
            "input": {
                "entityName": "lab",
                "projectName": "p",
                "runName": "r",
                "artifactTypeName": KEYS.replace("/", ""),
                "artifactCollectionName": "model",
                "digest": hashlib.md5(b"").hexdigest(),
                "description": MARKUP,
                "metadata": json.dumps({KEYS: MARKUP}),
            }
        },
    )
    note = f"{MARKUP}\n\n# {MARKUP}\n\n```chart\nmetric: {json.dumps(KEYS)}\nruns: {json.dumps(MARKUP)}\n```\n"
    note += f"```chart\nmetric: {json.dumps(KEYS)}\n```\n"
    report = door.services.reports.create("lab", "p", ReportDraft(MARKUP, note), author="write", sweep_id=sweep)
    of_report = [f"/lab/p/reports{below}" for below in ("", f"/{report.report_id}", f"/{report.report_id}/edit")]
    group = f"?group=config.{quote(KEYS)}&filter={quote(MARKUP)}&column=config.{quote(KEYS)}"
    of_run = [f"/lab/p/runs/r/{section}" for section in ("media", "media?key=table", "system", "console", "files")]
    listed = ["/", "/lab/p", "/lab/p/runs/r", f"/lab/p/sweeps/{sweep}", f"/lab/p{group}", f"/lab/p/columns{group}"]
    return [*listed, *of_run, *of_report, "/lab/p/compare?runs=r,s&keys=all"]


def test_no_text_becomes_markup(door: Any, pages: list[str]) -> None:
    entered = door.ask("POST", "/login", data={"key": door.keys[Role.WRITE]})
    cookie = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
    shown = [door.ask("GET", path, headers=cookie) for path in pages]
    assert [answer.status_code for answer in shown] == [200] * len(pages)
    hostile = 0
    for answer in shown:
        page = Page(answer.text)
        assert not {"img", "iframe", "object", "embed"} & set(page.elements)
        assert page.running == []
        hostile += answer.text.count("&lt;script&gt;")
    assert hostile >= 20
    assert "{{7*7}}" in shown[2].text


@pytest.mark.parametrize("text", [MARKUP, "//evil.example/" + MARKUP])
def test_what_a_page_repeats_of_a_request_is_no_markup_either(door: Any, text: str) -> None:
    html = {"Accept": "text/html"}
    for answer in (
        door.ask("GET", "/login", params={"next": text}, headers=html),
        door.ask("POST", "/login", data={"key": text, "next": text}, headers=html),
        door.ask("GET", "/no/such/page/" + text, headers=html),
        door.ask("GET", "/", headers={**html, "Host": "evil.example"}),
        door.ask("POST", "/login", headers={**html, "Origin": MARKUP.split(">")[0] + ">"}),
    ):
        page = Page(answer.text)
        assert "img" not in page.elements
        assert page.running == []
        assert "evil.example/" not in str(answer.headers.get("location"))


def test_the_policy_would_stop_what_slips_through(door: Any) -> None:
    policy = door.ask("GET", "/login").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["script-src"] == rules["form-action"] == "'self'"
    assert rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"


def test_base64_is_no_way_around(door: Any) -> None:
    """A link that the hub signed says nothing that a browser would take for a page."""
    assert door.ask("GET", "/storage/" + base64.urlsafe_b64encode(MARKUP.encode()).decode() + "/x").status_code == 403
