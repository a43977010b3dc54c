"""The main job, whole: what `make demo` runs, whom it talks to, and what it leaves in the hub."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.system]

TRACED = Path(__file__).parents[2] / "benchmarks" / "loopback.py"

# What a stranger with the plain client reads back from the hub.
READ_BACK = """
import json, sys, wandb
found = []
for run in wandb.Api().runs("local/sweepyard"):
    rows = [row for row in run.scan_history() if row.get("epoch/val_accuracy") is not None]
    found.append({
        "state": run.state,
        "point": [run.config[key] for key in ("model", "trainer.batch_size", "trainer.epochs")],
        "epochs": [row["epoch/epoch"] for row in rows],
        "last": run.summary["epoch/val_accuracy"] == rows[-1]["epoch/val_accuracy"],
        "test": run.summary.get("test/accuracy"),
        "code": run.config["code"],
    })
json.dump(found, sys.stdout)
"""


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.timeout(1200)
def test_the_demo_runs_every_point_once_talks_to_nobody_outside_and_leaves_no_process(commands) -> None:
    git(commands.folder, "init", "-q")
    author = ["-c", "user.name=n", "-c", "user.email=e@example.invalid"]
    git(commands.folder, *author, "commit", "-q", "--allow-empty", "-m", "first")
    commit = git(commands.folder, "rev-parse", "HEAD")
    demo = commands.begin([sys.executable, str(TRACED), "--", sys.executable, "-P", "-m", "sweepyard", "demo"], {})
    stdout, stderr = demo.communicate(timeout=1100)
    assert demo.returncode == 0, stderr
    assert "8 of 8 done, 0 running, 0 failed" in stdout
    assert "on the test split, looked at once: " in stdout
    assert "predicted" in stdout
    *said, traced = re.split(r"^ +\d+ \S+$\n", stdout, flags=re.MULTILINE)
    assert [" ".join(line.split()[2:4]) for line in said[0].splitlines()[-2:]] == ["runs list", "hub serve"]
    assert traced == "the command left with 0; 0 addresses outside loopback\n"
    assert "127.0.0.1" in stdout
    commands.assert_none_left()

    runs = json.loads(commands.shell('python -c "$READ_BACK"', READ_BACK=READ_BACK))
    assert {run["state"] for run in runs} == {"finished"}
    points = sorted(tuple(run["point"]) for run in runs)
    assert points == sorted(itertools.product(["mlp", "convnet"], [64, 256], [2, 4]))
    for run in runs:
        assert run["epochs"] == list(range(1, run["point"][2] + 1))
        assert run["last"]
        assert run["code"] == {"commit": commit, "dirty": False}
    assert sum(run["test"] is not None for run in runs) == 1
    commands.assert_none_left()
