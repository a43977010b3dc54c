"""The pages behind the addresses that the client prints."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.slow

EVIL = "<script>alert(1)</script>\"'&"

CREATE_FILES = """mutation ($project: String!) {
  createRunFiles(input: {entityName: "local", projectName: $project, runName: "r1", files: ["a.html"]}) {
    files { uploadUrl }
  }
}"""
UPSERT = """mutation ($input: UpsertBucketInput!) { upsertBucket(input: $input) { bucket { name } } }"""


@pytest.fixture
def browser(hub: Any) -> Any:
    """A browser that has logged in."""
    with httpx.Client(base_url=hub.url, timeout=30, trust_env=False) as http:
        answer = http.post("/login", data={"key": hub.key, "next": "/"})
        assert answer.status_code == 303
        yield http


@pytest.fixture
def run_page(hub: Any, project: str) -> str:
    """A run whose every text is hostile; the path of its page."""
    config = json.dumps({"lr": {"value": 0.1}, "note": {"value": EVIL}})
    given = {
        "name": "r1",
        "modelName": project,
        "host": "h",
        "displayName": EVIL,
        "notes": EVIL,
        "tags": [EVIL],
        "config": config,
        "summaryMetrics": '{"loss": NaN}',
    }
    hub.graphql(UPSERT, {"input": given})
    lines = ['{"_step": 0, "loss": 1.5}', '{"_step": 1, "loss": NaN}', '{"_step": 2, "loss": 0.5, "<b>": 1}']
    body = {
        "files": {
            "wandb-history.jsonl": {"offset": 0, "content": lines},
            "output.log": {"offset": 0, "content": [EVIL]},
        }
    }
    with hub.http() as http:
        assert http.post(f"/files/local/{project}/r1/file_stream", json=body).status_code == 200
    return f"/local/{project}/runs/r1"


def test_without_a_session_every_page_leads_to_the_login_and_back(hub: Any, run_page: str) -> None:
    with httpx.Client(base_url=hub.url, timeout=30, trust_env=False) as http:
        for path in ["/", run_page, run_page.rsplit("/", 2)[0]]:
            answer = http.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
        assert http.post("/login", data={"key": "local-" + "0" * 40, "next": run_page}).status_code == 401
        assert http.get(run_page).status_code == 303
        entered = http.post("/login", data={"key": hub.key, "next": run_page})
        assert (entered.status_code, entered.headers["location"]) == (303, run_page)
        cookie = entered.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert hub.key not in cookie
        assert http.get(run_page).status_code == 200
        assert http.post("/logout").status_code == 403
        assert http.post("/logout", headers={"Origin": hub.url}).status_code == 303
        assert http.get(run_page).status_code == 303


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_login_leads_nowhere_else(hub: Any, wanted: str) -> None:
    with httpx.Client(base_url=hub.url, timeout=30, trust_env=False) as http:
        assert http.post("/login", data={"key": hub.key, "next": wanted}).headers["location"] == "/"


def test_a_form_of_another_site_is_refused(hub: Any) -> None:
    with httpx.Client(base_url=hub.url, timeout=30, trust_env=False) as http:
        answer = http.post("/login", data={"key": hub.key}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        assert http.post("/login", data={"key": hub.key}, headers={"Origin": hub.url}).status_code == 303


def test_a_runs_page_shows_what_it_logged_and_no_markup_of_its_own(browser: Any, run_page: str) -> None:
    answer = browser.get(run_page)
    assert answer.status_code == 200
    text = answer.text
    assert not re.search(r"<script(?![^>]* src=\"/static/)", text)
    assert "style=" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<polyline" in text
    assert "not finite" in text
    assert re.search(r">lr</bdi></th><td><bdi>0\.1<", text)
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_the_pages_of_projects_and_their_runs(browser: Any, run_page: str, project: str) -> None:
    assert f'href="/local/{project}"' in browser.get("/").text
    page = browser.get(f"/local/{project}").text
    assert f'href="{run_page}"' in page
    assert '<p class="count">1 run</p>' in page


def test_the_page_of_a_sweep(browser: Any, hub: Any, project: str) -> None:
    config = "method: grid\nparameters: {x: {values: [1, 2]}}\nprogram: train.py\nname: <b>bold</b>\n"
    made = hub.graphql(
        "mutation ($config: String!, $project: String!) { upsertSweep(input: {config: $config, projectName: $project}) "
        "{ sweep { name } } }",
        {"config": config, "project": project},
    )["upsertSweep"]["sweep"]
    page = browser.get(f"/local/{project}/sweeps/{made['name']}")
    assert page.status_code == 200
    assert "&lt;b&gt;bold&lt;/b&gt;" in page.text
    assert "method: grid" in page.text
    assert '<progress max="2" value="0"' in page.text


@pytest.mark.parametrize("path", ["/nobody/nothing", "/local/nothing/runs/x", "/local/nothing/sweeps/x"])
def test_an_unknown_page_says_so(browser: Any, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "there is no" in answer.text


def test_a_malformed_view_is_told(browser: Any, run_page: str, project: str) -> None:
    answer = browser.get(f"/local/{project}?page=none&size=7")
    assert answer.status_code == 400
    assert "page is a whole number from 1 on" in answer.text
    assert "size is one of 25, 50, 100, 250" in answer.text


def test_files_are_readable_with_the_session(browser: Any, hub: Any, run_page: str, project: str) -> None:
    made = hub.graphql(CREATE_FILES, {"project": project})["createRunFiles"]["files"]
    with hub.http(key="") as http:
        assert http.put(made[0]["uploadUrl"], content=EVIL.encode()).status_code == 200
    answer = browser.get(f"/files/local/{project}/r1/a.html")
    assert answer.content == EVIL.encode()
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]


def test_styles_scripts_and_icon_are_served_to_be_kept_for_good(browser: Any) -> None:
    named = set(re.findall(r"/static/[^\"]+", browser.get("/").text))
    assert {url.rsplit(".", 1)[1] for url in named} == {"css", "js", "svg"}
    for url in named:
        answer = browser.get(url)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    folder = next(iter(named)).split("/")[2]
    assert browser.get(f"/static/{'0' * len(folder)}/icon.svg").status_code == 404
    assert browser.get(f"/static/{folder}/../app.py").status_code in {303, 404}
    assert browser.get(f"/static/{folder}/%2e%2e/assets.py").status_code == 404


def test_an_open_stream_of_events_does_not_keep_the_hub_from_closing(make_hub: Any, tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub, httpx.Client(base_url=hub.url, timeout=30, trust_env=False) as http:
        hub.graphql(UPSERT, {"input": {"name": "r1", "modelName": "p", "entityName": "local", "host": "h"}})
        http.post("/login", data={"key": hub.key, "next": "/"})
        with http.stream("GET", "/local/p/events") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            assert [next(lines), next(lines)] == ["retry: 1000", "event: mark"]
            hub.process.terminate()
            with suppress(httpx.RemoteProtocolError):  # What has no end is cut off.
                assert not any(line.startswith("event:") for line in lines)
        assert hub.process.wait(timeout=30) == 0
    assert "graceful" not in hub.log()
    assert "Traceback" not in hub.log()
