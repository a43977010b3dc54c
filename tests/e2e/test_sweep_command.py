"""`sweepyard sweep` with the stock client: to the end, interrupted, killed."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.parts.small_sweep import sweep_text, write_sweep

pytestmark = pytest.mark.slow

# One that trains, for what becomes of checkpoints and of all the processes of a training.
TRAINING = """\
name: tiny
project: tiny
method: grid
metric: {{name: epoch/val_accuracy, goal: maximize}}
parameters:
  trainer.batch_size: {{values: [64, 128]}}
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


def write_training(folder: Path, *, epochs: int) -> str:
    (folder / "tiny.yaml").write_text(TRAINING.format(epochs=epochs))
    return "tiny.yaml"


def checkpoints(folder: Path) -> list[Path]:
    return list(folder.glob("outputs/tiny/*/checkpoints/*.npz"))


def test_every_point_runs_once_and_nothing_is_left(commands) -> None:
    text = sweep_text(1, 2).replace("  a:", "  b: {values: [0.5, x]}\n  a:")
    done = commands.run("sweep", write_sweep(commands.folder, "small.yaml", text), "--json")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["state"] == "FINISHED"
    assert {run["state"] for run in outcome["runs"]} == {"finished"}
    points = [(run["parameters"]["a"], run["parameters"]["b"]) for run in outcome["runs"]]
    assert sorted(points, key=str) == [(1, "x"), (1, 0.5), (2, "x"), (2, 0.5)]
    assert [run["value"] for run in outcome["runs"]] == [2, 2, 1, 1]
    assert "4 of 4 done" in done.stderr
    commands.assert_none_left()
    assert not (Path(commands.environ["HOME"]) / ".netrc").exists()
    assert not (Path(commands.environ["HOME"]) / ".config" / "wandb").exists()


def test_interrupted_it_says_how_it_goes_on_and_goes_on(commands, wait: Callable[..., None]) -> None:
    # Two points for one agent: one of them has not begun by then.
    process = commands.start("sweep", write_training(commands.folder, epochs=12), "--agents", "1")
    wait(lambda: len(checkpoints(commands.folder)) > 0, seconds=180)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "ending the agents and their runs" in errors
    again = re.search(r"go on with: .*sweepyard sweep (\S+)", errors)
    assert again, errors
    commands.assert_none_left(within_seconds=40)
    begun = {folder.name for folder in commands.folder.glob("outputs/tiny/*") if (folder / "checkpoints").is_dir()}

    done = commands.run("sweep", again[1], "--agents", "1", "--json")
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout)["runs"]
    assert len(runs) == 2
    assert {run["state"] for run in runs} == {"finished"}
    assert begun <= {run["run"] for run in runs}
    assert "2 of 2 done" in done.stderr

    over = commands.run("sweep", again[1])
    assert over.returncode == 0, over.stderr
    assert "it is finished; nothing is left to run" in over.stdout
    assert all(run["run"] in over.stdout for run in runs)
    commands.assert_none_left()


def test_terminated_in_the_middle_it_leaves_no_orphan(commands, wait: Callable[..., None]) -> None:
    process = commands.start("sweep", write_sweep(commands.folder, "small.yaml", sweep_text(1, 2), endless=True))
    wait(lambda: len(list(commands.folder.glob("begun-*"))) == 2, seconds=180)
    assert len(commands.living()) > 4
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 130
    commands.assert_none_left(within_seconds=40)


def test_killed_in_the_middle_it_leaves_no_orphan(commands, wait: Callable[..., None]) -> None:
    process = commands.start("sweep", write_training(commands.folder, epochs=5000))
    wait(lambda: len(checkpoints(commands.folder)) > 0, seconds=180)
    assert len(commands.living()) > 4
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    commands.assert_none_left(within_seconds=40)


def test_no_agents_registers_only(commands) -> None:
    done = commands.run("sweep", write_sweep(commands.folder, "small.yaml", sweep_text(1), endless=True), "--no-agents")
    assert done.returncode == 0, done.stderr
    assert "wandb agent local/small/" in done.stdout
    assert not list(commands.folder.glob("begun-*"))
    commands.assert_none_left()


def test_a_hub_that_one_is_logged_in_to_takes_what_wandb_would_not(commands) -> None:
    file = write_sweep(commands.folder, "ours.yaml", sweep_text(1) + "max_retries: 1\n")
    assert "`max_retries`" in commands.run("check", file, "--target", "wandb").stdout
    with commands.one_hub():
        told = commands.shell(f"python -P -m sweepyard sweep {file} --target wandb --no-agents --json")
    assert json.loads(told)["sweep"].startswith("local/small/")
    commands.assert_none_left()


def test_runs_that_fail_fail_the_command(commands) -> None:
    file = write_sweep(commands.folder, "small.yaml", sweep_text(1, 2))
    (commands.folder / "train.py").write_text("import wandb\nwandb.init()\nraise RuntimeError\n")
    done = commands.run("sweep", file, "--agents", "1", "--count", "1")
    assert done.returncode == 1
    assert "no run finished" in done.stderr
    commands.assert_none_left()
