"""Folders that cannot be: said in one line, with the setting that names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweepyard.agents.sweeping import AgentPlan, SweepPlan, start
from sweepyard.cli import door
from sweepyard.errors import InvalidInput


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file where a folder should be; it is the home of the command's hub, too."""
    file = tmp_path / "f"
    file.touch()
    monkeypatch.setenv("SWEEPYARD_HOME", str(file))
    monkeypatch.setenv("SWEEPYARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return file


@pytest.mark.parametrize(
    "command", ["runs list", "hub serve --port 0", "hub env", "hub keys list", "hub restore b", "demo"]
)
def test_a_home_that_is_a_file(command: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(command.split()) == 1
    rule = "SWEEPYARD_HOME must name a folder that can be written"
    assert capsys.readouterr().err == f"error: {rule}; received {file}: {file} is a file. Name another one\n"


@pytest.mark.parametrize(("output", "reason"), [("f", "/f is a file"), ("/proc/x", "nothing can be made in /proc")])
def test_an_output_that_is_no_folder(output: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["train", f"output={output}", "tracking=disabled"]) == 1
    told = capsys.readouterr().err
    assert "error: output must name a folder that can be written; received " in told
    assert reason in told


def test_an_output_that_is_no_folder_keeps_a_sweep_from_being_registered(file: Path) -> None:
    work = AgentPlan(agents=1, output=file, working_folder=file.parent)
    plan = SweepPlan(file=file.parent / "s.yaml", project="digits", expected=1, work=work)
    with pytest.raises(InvalidInput, match="--output must name a folder"):
        start(plan, server=None, environ={"PATH": ""})
