"""`sweepyard sweep` with the stock client: to the end, interrupted, killed."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SWEEP = """\
name: tiny
project: tiny
method: grid
metric: {{name: epoch/val_accuracy, goal: maximize}}
parameters:
  trainer.batch_size: {{values: {batch_sizes}}}
  optimizer.learning_rate: {{values: {rates}}}
command:
  - sweepyard
  - train
  - --parameters
  - ${{args_json_file}}
  - model=lenet5
  - data.train_limit=256
  - trainer.epochs={epochs}
  - tracking.mistakes=0
  - tracking.confusion_matrix=false
  - tracking.model_artifact=false
"""


def write_sweep(folder: Path, *, epochs: int = 1, batch_sizes: str = "[64, 128]", rates: str = "[0.001, 0.01]") -> str:
    (folder / "tiny.yaml").write_text(SWEEP.format(epochs=epochs, batch_sizes=batch_sizes, rates=rates))
    return "tiny.yaml"


def test_every_point_runs_once_and_nothing_is_left(commands) -> None:
    done = commands.run("sweep", write_sweep(commands.folder), "--json")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["state"] == "FINISHED"
    assert {run["state"] for run in outcome["runs"]} == {"finished"}
    points = sorted(tuple(run["parameters"].values()) for run in outcome["runs"])
    assert points == [(0.001, 64), (0.001, 128), (0.01, 64), (0.01, 128)] or points == [
        (64, 0.001),
        (64, 0.01),
        (128, 0.001),
        (128, 0.01),
    ]
    values = [run["value"] for run in outcome["runs"]]
    assert values == sorted(values, reverse=True)
    assert "4 of 4 done" in done.stderr
    commands.assert_none_left()
    assert not (Path(commands.environ["HOME"]) / ".netrc").exists()
    assert not (Path(commands.environ["HOME"]) / ".config" / "wandb").exists()


def test_interrupted_it_says_how_it_goes_on_and_goes_on(commands, wait: Callable[..., None]) -> None:
    # Three points for two agents: one at least has not begun by then.
    process = commands.start(
        "sweep", write_sweep(commands.folder, epochs=30, batch_sizes="[64, 128, 256]", rates="[0.01]")
    )
    wait(lambda: len(list(commands.folder.glob("outputs/tiny/*/checkpoints/*.npz"))) > 0, seconds=180)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "ending the agents and their runs" in errors
    again = re.search(r"go on with: sweepyard sweep (\S+)", errors)
    assert again, errors
    commands.assert_none_left(within_seconds=40)
    begun = {folder.name for folder in commands.folder.glob("outputs/tiny/*") if (folder / "checkpoints").is_dir()}

    done = commands.run("sweep", again[1], "--json")
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout)["runs"]
    assert len(runs) == 3
    assert {run["state"] for run in runs} == {"finished"}
    assert begun <= {run["run"] for run in runs}
    assert "3 of 3 done" in done.stderr

    refused = commands.run("sweep", again[1])
    assert refused.returncode == 1
    assert "must be pending or running to go on" in refused.stderr
    commands.assert_none_left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_in_the_middle_it_leaves_no_orphan(commands, wait: Callable[..., None], number: signal.Signals) -> None:
    process = commands.start("sweep", write_sweep(commands.folder, epochs=5000))
    wait(lambda: len(list(commands.folder.glob("outputs/tiny/*/checkpoints/*.npz"))) > 0, seconds=180)
    assert len(commands.living()) > 4
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if number is signal.SIGKILL else 130)
    commands.assert_none_left(within_seconds=40)


def test_no_agents_registers_only(commands) -> None:
    done = commands.run("sweep", write_sweep(commands.folder), "--no-agents")
    assert done.returncode == 0, done.stderr
    assert "wandb agent local/tiny/" in done.stdout
    assert not list(commands.folder.glob("outputs/tiny/*/model.keras"))


def test_runs_that_fail_fail_the_command(commands) -> None:
    file = commands.folder / write_sweep(commands.folder)
    file.write_text(file.read_text().replace("data.train_limit=256", "data=idx\n  - data.folder=/nowhere"))
    done = commands.run("sweep", file.name, "--agents", "1", "--count", "1")
    assert done.returncode == 1
    assert "no run finished" in done.stderr
    commands.assert_none_left()
