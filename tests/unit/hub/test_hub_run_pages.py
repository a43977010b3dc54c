"""The pages of a run over what a client has sent: each section, its empty states, its downloads."""

from __future__ import annotations

import html
import json
import os
from typing import Any
from urllib.parse import quote

import pytest
from tests.parts.page_reader import PageReader

from sweepyard.domain.access import Role

_ORDERED = """query ($after: String) { project(name: "p", entityName: "lab") {
  runs(order: "+config.file", first: 1, after: $after) {
    edges { node { config summaryMetrics } } pageInfo { endCursor } } } }"""


@pytest.fixture
def reader(door: Any) -> PageReader:
    reader = PageReader(door)
    reader.begin()
    return reader


def shown(reader: PageReader, section: str = "") -> str:
    """A section of the run."""
    return reader.page(f"/runs/r{section}")


def test_a_run_that_did_nothing_has_a_page_for_everything(reader: PageReader) -> None:
    assert "Nothing was logged yet." in shown(reader)
    assert "has logged no media" in shown(reader, "/media")
    assert "No system metrics." in shown(reader, "/system")
    assert "has printed nothing yet" in shown(reader, "/console")
    assert "No files." in shown(reader, "/files")
    assert "No artifacts were made or used." in shown(reader, "/files")
    assert reader.get("/lab/p/runs/r/console.log").content == b""


@pytest.mark.parametrize("section", ["", "/media", "/system", "/console", "/files", "/console.log"])
def test_a_run_that_is_not_there_is_missed(reader: PageReader, section: str) -> None:
    assert reader.get(f"/lab/p/runs/none{section}").status_code == 404


def test_the_overview_tells_where_the_run_comes_from(reader: PageReader) -> None:
    machine = {"program": "train.py", "args": ["--lr", "0.1"], "os": "Linux", "gpu": "H200", "gpu_count": 2}
    client = {"e": {"id": machine}, "t": {}}
    config = {
        "model": {"units": [32], "name": "x" * 4096},
        "provenance": {"data": {"name": "mnist5k", "digest": "abc", "train": 4000}, "packages": {"numpy": "2.0"}},
        "code": {"commit": "c0ffee", "dirty": True},
    }
    reader.begin(config={**config, "_wandb": client})
    reader.upload("requirements.txt", b"numpy==2.0\n\nwandb==0.31\n")
    text = shown(reader)
    for told in (
        "train.py --lr 0.1",
        "c0ffee (with changes since)",
        "mnist5k · 4000 train",
        "H200, H200",
        "model.units",
    ):
        assert told in text
    assert "2 installed packages" in text
    assert "numpy==2.0" in text
    assert "x" * 199 + "…" in text


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff"])
def test_a_description_of_the_machine_that_is_none_is_left_out(reader: PageReader, content: bytes) -> None:
    reader.upload("wandb-metadata.json", content)
    assert "Made from" in shown(reader)


def test_older_clients_describe_the_machine_in_a_file(reader: PageReader) -> None:
    reader.upload("wandb-metadata.json", b'{"os": "Windows-3.11"}')
    assert "Windows-3.11" in shown(reader)


def test_what_a_sweep_chose_is_marked(door: Any, reader: PageReader) -> None:
    sweep = door.data(
        'mutation ($c: String) { upsertSweep(input: {config: $c, projectName: "p"}) { sweep { name } } }',
        {"c": "method: random\nprogram: t.py\nrepeats: 2\nparameters: {lr: {min: 0.0, max: 1.0}, c: {value: 1}}"},
    )["upsertSweep"]["sweep"]["name"]
    reader.begin(sweep=sweep, config={"lr": 0.5, "c": 1, "seed": 3})
    text = shown(reader)
    assert '<bdi>lr</bdi> <span class="tag">swept</span>' in text
    assert '<bdi>seed</bdi> <span class="tag">swept</span>' in text
    assert "<bdi>c</bdi></th>" in text


def test_numbers_that_are_none_are_told(reader: PageReader) -> None:
    reader.stream(history=['{"_step": 0, "loss": NaN, "big": 1' + "0" * 400 + "}", '{"_step": 1, "loss": 1}'])
    text = shown(reader)
    assert "NaN" in text
    assert "1 not finite" in text


def test_media_at_a_step(reader: PageReader) -> None:
    def image(name: str) -> dict[str, Any]:
        return {"_type": "image-file", "path": f"media/images/{name}.png", "caption": f"<i>{name}</i>"}

    reader.stream(history=[{"_step": 0, "i": image("a")}, {"_step": 5, "i": image("b")}, {"_step": 9, "j": image("c")}])
    assert shown(reader, "/media").count("not uploaded yet") == 2
    for name in "abc":
        reader.upload(f"media/images/{name}.png", b"png")
    latest = shown(reader, "/media")
    assert 'src="/files/lab/p/r/media/images/b.png"' in latest
    assert 'src="/files/lab/p/r/media/images/c.png"' in latest
    assert "&lt;i&gt;b&lt;/i&gt;" in latest
    earlier = shown(reader, "/media?step=4")
    assert "a.png" in earlier
    assert "c.png" not in earlier
    assert 'data-marks="0,5,9"' in earlier
    assert "c.png" not in shown(reader, "/media?key=i")
    assert reader.get("/lab/p/runs/r/media?key=none").status_code == 404
    assert reader.get("/lab/p/runs/r/media?step=x").status_code == 400


def test_a_table_is_shown_whole_under_its_key(reader: PageReader) -> None:
    rows = [[place, f"t{place}"] for place in range(70)]
    reader.stream(history=[{"_step": 0, "t": {"_type": "table-file", "path": "t.json"}}])
    assert "its file has not been uploaded" in shown(reader, "/media")
    reader.upload("t.json", json.dumps({"columns": ["n", "<b>"], "data": rows}).encode())
    assert "All 70 rows" in shown(reader, "/media")
    sorted_down = shown(reader, "/media?key=t&sort=-n")
    assert sorted_down.index("t69") < sorted_down.index("t68")
    assert "Page 1 of 2" in sorted_down
    assert "&lt;b&gt;" in sorted_down


def test_html_is_never_part_of_a_page(reader: PageReader) -> None:
    reader.stream(history=[{"_step": 0, "h": {"_type": "html-file", "path": "media/html/h.html"}}])
    reader.upload("media/html/h.html", b"<script>alert(1)</script>")
    text = shown(reader, "/media")
    assert 'href="/files/lab/p/r/media/html/h.html" download' in text
    assert "<iframe" not in text
    served = reader.get("/files/lab/p/r/media/html/h.html")
    assert served.headers["content-disposition"].startswith("attachment")
    assert served.headers["content-security-policy"].startswith("sandbox")


def test_system_metrics_in_groups(reader: PageReader) -> None:
    rows = [
        {"_runtime": 15.0 * n, "system.gpu.0.gpu": 10 * n, "system.gpu.1.gpu": 5, "system.cpu": 1.5, "system.odd": 1}
        for n in range(4)
    ]
    reader.stream(events=[*rows, {"_runtime": "x"}, {"system.cpu": 3}, '{"_runtime": 60, "system.cpu": NaN}'])
    text = shown(reader, "/system")
    assert text.index("<h2>GPU</h2>") < text.index("<h2>CPU</h2>") < text.index("<h2>Other</h2>")
    assert "utilisation, %" in text
    assert text.count('class="line-2"') == 2
    assert "45 s" in text
    assert "7 of 7 measurements" in text


def test_the_numbers_of_system_metrics_have_lines_of_each_chart(reader: PageReader) -> None:
    rows = [{"_runtime": 15.0 * n, "system.gpu.0.gpu": 10 * n, "system.gpu.1.gpu": 5} for n in range(6)]
    reader.stream(events=[*rows, {"_runtime": 7.0, "system.cpu": 1.5}])
    found = json.loads(reader.page("/runs/r/system.json?metric=gpu.*.gpu&metric=cpu&metric=none&from=20&to=40"))
    gpu, cpu, none = found["charts"]
    assert [(line["key"], line["name"]) for line in gpu["lines"]] == [("0", "GPU 0"), ("1", "GPU 1")]
    assert gpu["axes"] == [[15, 30, 45]]
    assert [(curve["line"], curve["mean"]) for curve in gpu["curves"]] == [(0, [10, 20, 30]), (1, [5, 5, 5])]
    assert [line["name"] for line in cpu["lines"]] == ["CPU"]
    assert (none["lines"], none["curves"]) == ([], [])
    assert reader.get("/lab/p/runs/none/system.json?metric=cpu").status_code == 404
    assert reader.get("/lab/p/runs/r/system.json").status_code == 400


def test_more_parts_than_colours_are_counted(reader: PageReader) -> None:
    reader.stream(events=[{"_runtime": 1.0, **{f"system.cpu.{n}.cpu_percent": n for n in range(12)}}])
    assert "4 more are not drawn" in shown(reader, "/system")


def test_the_console_is_searched_and_downloaded_whole(reader: PageReader) -> None:
    lines = [f"2026-01-01T00:00:00.0 line {n}" for n in range(1500)]
    reader.stream(console=[*lines, "ERROR 2026-01-01T00:00:00.0 \x1b[31mBoom\x1b[0m <b>"])
    text = shown(reader, "/console")
    assert "200 of 1,501 lines" in text
    assert '<li data-key="1501" value="1501" class="error"><bdi>Boom &lt;b&gt;</bdi>' in text
    assert "line 1300<" not in text
    assert "line 1300<" in shown(reader, "/console?lines=1000")
    found = shown(reader, "/console?search=LINE+13")
    assert "111 of 111 lines" in found
    assert "line 1300<" in found
    assert "None of the 1,501 lines" in shown(reader, "/console?search=nowhere")
    whole = reader.get("/lab/p/runs/r/console.log")
    assert whole.text.count("\n") == 1501
    assert whole.headers["content-disposition"].startswith("attachment")


def test_an_artifacts_address_that_names_nothing(reader: PageReader) -> None:
    assert reader.get("/lab/p/artifacts/model/none/v0").status_code == 404
    assert reader.get("/lab/p/artifacts/model/none/v0/files/a").status_code == 404


def test_names_that_no_encoding_can_hold_break_no_page(reader: PageReader, door: Any) -> None:
    odd = os.fsdecode(b"caf\xe9.csv")
    for number, run_id in enumerate(("r", "s", "t")):
        config = {f"score {odd}": number, "file": f"{odd} {number}", "deep": {odd: [odd]}}
        reader.begin(run_id, config=config, summaryMetrics=json.dumps({f"acc/{odd}": number, "file": odd}))
        reader.stream(run_id, history=[{"_step": step, odd: step, "loss": 1} for step in range(3)])
    body = {"files": {"output.log": {"offset": 0, "content": [odd]}}}
    door.ask("POST", "/files/lab/p/r/file_stream", content=json.dumps(body), auth=("api", door.keys[Role.WRITE]))
    told = "caf\ufffd.csv"
    query = "?columns=" + quote(f"config.score {told},summary.acc/{told},config.file") + "&sort=" + quote("config.file")
    for page in ("", query, f"{query}&runs=1", "/runs/r", "/runs/r/console", "/compare?runs=r,s", "/columns"):
        assert told in html.unescape(reader.page(page)), page
    for form in ("csv", "json"):
        assert told in reader.get(f"/lab/p/runs.{form}{query}").text
    assert reader.get("/lab/p/runs/r/curves.json?metric=" + quote(told)).json()["lines"]
    found: list[str] = []
    after = None
    for _ in range(3):
        project = door.data(_ORDERED, {"after": after})["project"]
        [edge] = project["runs"]["edges"]
        found.append(json.loads(edge["node"]["config"])["file"]["value"])
        assert f"acc/{told}" in json.loads(edge["node"]["summaryMetrics"])
        after = project["runs"]["pageInfo"]["endCursor"]
    assert found == [f"{told} {number}" for number in range(3)]


def test_what_nests_too_deeply_or_counts_too_far_is_refused_in_words(reader: PageReader, door: Any) -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    config = json.dumps({"k": {"value": deep}})
    upsert = 'mutation ($c: JSONString) { upsertBucket(input: {name: "r", config: $c}) { inserted } }'
    [error] = door.post(upsert, {"c": config}).json()["errors"]
    assert "a config is a JSON object, as text; received JSON is nested at most 128 deep" in error["message"]
    path, auth = "/files/lab/p/r/file_stream", ("api", door.keys[Role.WRITE])
    for line, rule in (
        ('{"_step":0,"a":' + "9" * 5_000 + "}", "a whole number in JSON has at most 4,300 digits"),
        (json.dumps({"_step": 0, "a": deep}), "JSON is nested at most 128 deep"),
    ):
        for stream in ("wandb-history.jsonl", "wandb-events.jsonl", "wandb-summary.json"):
            answer = door.ask("POST", path, json={"files": {stream: {"offset": 0, "content": [line]}}}, auth=auth)
            assert (answer.status_code, rule in answer.text) == (400, True)
    assert reader.get("/lab/p/runs/r").status_code == 200
