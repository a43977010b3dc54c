"""`sweepyard report` at a real hub: saved by the real `wandb-workspaces`, and written into files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.parts.filling import Filling
from tests.parts.hub_process import Client, Hub, serving

pytestmark = pytest.mark.slow

SWEEP = """program: train.py
method: random
name: "Small / 50% *one*"
metric: {name: epoch/val_acc, goal: maximize}
run_cap: 10
parameters:
  lr: {min: 0.001, max: 0.1}
  model: {parameters: {units: {values: [8, 16]}, fixed: {value: 1}}}
"""
ROUND = """
import json
import wandb
import wandb_workspaces.reports.v2 as reports
import wandb_workspaces.workspaces as workspaces

made = reports.Report(project="digits", entity="local", title="By hand", blocks=[
    reports.H1("Head"), reports.P("text"), reports.PanelGrid(panels=[reports.LinePlot(y=["epoch/val_acc"])])])
made.save()
back = reports.Report.from_url(made.url)
back.title = "Changed"
back.save()
draft = reports.Report(project="digits", entity="local", title="Draft")
draft.save(draft=True)
drafts = [report.display_name for report in wandb.Api().reports("local/digits")]
gone = draft.delete()
space = workspaces.Workspace(name="Space", entity="local", project="digits", sections=[])
space.save()
print("RESULT", json.dumps({
    "blocks": [type(block).__name__ for block in back.blocks],
    "same": back.id == made.id,
    "reports": drafts,
    "gone": gone,
    "space": workspaces.Workspace.from_url(space.url).name,
    "url": made.url,
}))
"""


@dataclass
class Reporter:
    """The command line at a hub with a sweep of four runs."""

    hub: Hub
    folder: Path
    sweep: str

    def report(self, *arguments: str, expect: int = 0) -> str:
        """What `sweepyard report` prints; its errors where it fails."""
        command = [sys.executable, "-m", "sweepyard", "report", *arguments]
        environ = {**os.environ, "SWEEPYARD_HOME": str(self.hub.home)}
        done = subprocess.run(command, env=environ, cwd=self.folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stderr if expect else done.stdout

    def page(self, url: str) -> str:
        """A page of the hub."""
        with self.hub.http(key="") as http:
            assert http.post("/login", data={"key": self.hub.key, "next": "/"}).status_code == 303
            answer = http.get(url.removeprefix(self.hub.url))
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture(scope="module")
def reporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reporter]:
    folder = tmp_path_factory.mktemp("reports")
    with serving(folder / "home", SWEEPYARD_HEARTBEAT_TIMEOUT="3600") as hub:
        filling = Filling(hub.url, hub.key)
        sweep = filling.sweep("digits", SWEEP)
        for place in range(4):
            rows = [{"_step": step, "epoch/val_acc": 0.2 * place + 0.01 * step} for step in range(5)]
            config = {"lr": 0.01 * (place + 1), "model": {"units": 8, "fixed": 1}}
            summary = {"epoch/val_acc": 0.2 * place, "loss": 1.0}
            filling.run("digits", f"r{place}", config=config, summary=summary, rows=rows, sweep=sweep)
        filling.close()
        yield Reporter(hub, folder, sweep)


def test_a_report_is_saved_in_the_hub_and_shown_there(reporter: Reporter) -> None:
    url = reporter.report(f"digits/{reporter.sweep}").strip()
    page = reporter.page(url)
    assert "Small / 50% *one*, 20" in page
    assert "with a W&amp;B client" in page
    assert f'data-url="/local/digits/sweeps/{reporter.sweep}/curves.json"' in page
    assert 'data-metric="epoch/val_acc"' in page
    assert "Not drawn here: Parallel Coordinates Plot, Parameter Importance, Scatter Plot." in page
    assert "<td>0.04</td>\n<td>8</td>\n<td>0.6</td>" in page
    assert "4 finished, of 10 at most" in page
    assert "Small / 50% *one*, 20" in reporter.page(f"/local/digits/sweeps/{reporter.sweep}")


def test_a_report_tells_programs_where_it_is(reporter: Reporter) -> None:
    told = json.loads(reporter.report(f"local/digits/{reporter.sweep}", "--json"))
    assert re.fullmatch(r"http://[\d.:]+/local/digits/reports/Small-50-one-[\d-]+-UTC--" + told["report"], told["url"])
    assert told["title"].startswith("Small / 50% *one*, ")


@pytest.mark.parametrize(("form", "begin"), [("html", b"<!doctype html>"), ("pdf", b"%PDF-"), ("png", b"\x89PNG")])
def test_a_sweep_is_written_into_a_file(reporter: Reporter, form: str, begin: bytes) -> None:
    assert reporter.report(f"digits/{reporter.sweep}", "--to", f"out.{form}").strip() == f"out.{form}"
    content = (reporter.folder / f"out.{form}").read_bytes()
    assert content.lstrip().startswith(begin)
    told = json.loads(reporter.report(f"digits/{reporter.sweep}", "--to", f"again.{form}", "--json"))
    assert told["file"] == f"again.{form}"
    assert told["size_bytes"] == (reporter.folder / f"again.{form}").stat().st_size


def test_what_cannot_be_reported_is_said(reporter: Reporter) -> None:
    assert "digits/none" in reporter.report("digits/none", expect=1)
    assert "there is no sweep local/digits/none" in reporter.report("digits/none", "--to", "x.html", expect=1)
    assert "ends in .html, .pdf, .png; received 'x.doc'" in reporter.report("digits/x", "--to", "x.doc", expect=2)
    assert "leave out --from" in reporter.report("digits/x", "--to", "x.png", "--from", "wandb", expect=2)
    assert "is named as id" in reporter.report("a/b/c/d", expect=2)
    assert not (reporter.folder / "x.html").exists()


def test_the_real_package_saves_reads_lists_and_deletes(reporter: Reporter, tmp_path: Path) -> None:
    found = Client(reporter.hub, tmp_path).python(ROUND)
    assert found["blocks"] == ["H1", "P", "PanelGrid"]
    assert (found["same"], found["gone"], found["space"]) == (True, True, "Space")
    assert "Changed" in found["reports"]
    assert "Draft" not in found["reports"]
    page = reporter.page(found["url"])
    assert "<h2>Head</h2>" in page
    assert 'data-metric="epoch/val_acc"' in page
