"""From a command of the server to a run's process."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sweepyard.agents.launching import Launcher, output_of
from sweepyard.domain.agent import Command, CommandKind
from sweepyard.domain.sweep import SweepPath

COMMAND = Command(
    CommandKind.RUN, "ab12cd34", "train.py", {"lr": 1e-05, "on": True, "off": False, "units": [1, 2], "name": "a b"}
)
SHOW = """\
import json, os, sys
names = ("WANDB_RUN_ID", "WANDB_SWEEP_ID", "WANDB_SWEEP_PARAM_PATH", "SWEEPYARD_RESUMED", "COMMON", "MINE")
print(json.dumps({"words": sys.argv[1:], "folder": os.getcwd(), "leads": os.getsid(0) == os.getpid(),
    **{name: os.environ.get(name) for name in names}}))
"""


def launched(tmp_path: Path, words: list[object], command: Command = COMMAND) -> dict[str, object]:
    folder, working = tmp_path / "logs", tmp_path / "work"
    working.mkdir()
    launcher = Launcher(SweepPath("local", "digits", "sweep123"), words, {**os.environ, "COMMON": "1"}, folder, working)
    process = launcher.start(command, {"MINE": "device"})
    assert process.wait(30) == 0
    shown: dict[str, object] = json.loads(output_of(folder, "ab12cd34").read_text())
    return shown


def test_macros_are_filled_in_as_by_the_clients_own_agent(tmp_path: Path) -> None:
    script = tmp_path / "show.py"
    script.write_text(SHOW)
    macros = ["${program}", "${args}", "${args_no_boolean_flags}", "${args_json_file}", "${nothing}", 7]
    shown = launched(tmp_path, ["${env}", "python3", str(script), *macros])
    flags = ["--lr=1e-05", "--on=True", "--off=False", "--units=[1, 2]", "--name=a b"]
    json_file = tmp_path / "logs" / "ab12cd34.json"
    without = ["--lr=1e-05", "--on", "--units=[1, 2]", "--name=a b"]
    assert shown["words"] == ["train.py", *flags, *without, str(json_file), "7"]
    assert json.loads(json_file.read_text()) == COMMAND.parameters


def test_a_run_learns_who_it_is_and_where(tmp_path: Path) -> None:
    script = tmp_path / "show.py"
    script.write_text(SHOW)
    shown = launched(tmp_path, ["python3", str(script)])
    parameter_file = tmp_path / "logs" / "ab12cd34.yaml"
    assert shown == {
        "words": [],
        "folder": str(tmp_path / "work"),
        "leads": True,
        "WANDB_RUN_ID": "ab12cd34",
        "WANDB_SWEEP_ID": "sweep123",
        "WANDB_SWEEP_PARAM_PATH": str(parameter_file),
        "SWEEPYARD_RESUMED": None,
        "COMMON": "1",
        "MINE": "device",
    }
    parameters = yaml.safe_load(parameter_file.read_text())
    assert parameters.pop("wandb_version") == 1
    assert parameters == {name: {"value": value} for name, value in COMMAND.parameters.items()}


def test_a_run_that_is_to_go_on_learns_it(tmp_path: Path) -> None:
    script = tmp_path / "show.py"
    script.write_text(SHOW)
    shown = launched(tmp_path, ["python3", str(script)], replace(COMMAND, kind=CommandKind.RESUME))
    assert shown["SWEEPYARD_RESUMED"] == "1"


@pytest.mark.parametrize(
    ("program", "code", "told"),
    [
        ("nosuchprogram", 127, "error: `nosuchprogram` was not found. Install it, or name it by its path\n"),
        ("/", 126, "error: `/` cannot be started: Permission denied\n"),
    ],
)
def test_a_program_that_is_not_there_is_named(program: str, code: int, told: str, tmp_path: Path) -> None:
    launcher = Launcher(SweepPath("local", "digits", "sweep123"), [program, "x"], os.environ, tmp_path, tmp_path)
    assert launcher.start(COMMAND, {}).wait(30) == code
    assert output_of(tmp_path, "ab12cd34").read_text() == told
