"""`sweepyard reproduce` on real runs: the same weights, or what differs."""

from __future__ import annotations

import json
import os

import pytest

pytestmark = pytest.mark.slow

FORGE = """
import sys, wandb
run = wandb.Api().run("local/sweepyard/" + sys.argv[1])
run.summary["weights_digest"] = "0" * 64
run.config["provenance"]["packages"]["keras"] = "2.0"
run.summary.update()
run.update()
"""
OTHER = """
import wandb
config = {"provenance": {"packages": {"keras": "2.0"}, "machine": {"gpus": ["H200"]}}, "lr": 0.1}
with wandb.init(project="sweepyard", id="other", config=config):
    pass
"""


def test_a_deterministic_run_comes_out_the_same_and_a_forged_one_is_told(warm, commands, tiny: tuple[str, ...]) -> None:
    with commands.one_hub():
        done = warm.run("train", *tiny, "seed.deterministic=true", "seed.value=3")
        assert done.returncode == 0, done.stderr
        (listed,) = json.loads(commands.run("runs", "list", "--json").stdout)
        again = commands.run("reproduce", listed["run"], "--json")
        assert again.returncode == 0, again.stderr
        outcome = json.loads(again.stdout)
        assert outcome["agrees"]
        assert outcome["weights_digest"]["then"] == outcome["weights_digest"]["now"]
        assert outcome["differences"] == []
        assert "training lenet5 on mnist5k for 1 epoch ..." in again.stderr

        commands.shell('python -c "$OTHER"', OTHER=OTHER)
        compared = json.loads(commands.run("env", "--diff", listed["run"], "other", "--json").stdout)
        assert compared["runs"] == [f"local/sweepyard/{listed['run']}", "local/sweepyard/other"]
        recorded, other = compared["differences"]["packages.keras"]
        assert (recorded.startswith("3."), other) == (True, "2.0")
        assert compared["differences"]["machine.gpus"][1] == ["H200"]
        assert compared["differences"]["machine.processors"][0] == os.cpu_count()
        assert "lr" not in compared["differences"]

        commands.shell('python -c "$FORGE" "$RUN"', FORGE=FORGE, RUN=listed["run"])
        other = commands.run("reproduce", listed["run"])
        assert other.returncode == 1
        assert "other weights" in other.stdout
        assert "packages.keras  2.0" in other.stdout
        runs = json.loads(commands.run("runs", "list", "--json").stdout)
        assert {run["run"] for run in runs} == {listed["run"], "other"}, "nothing of it is tracked"


def test_a_run_that_is_not_there_or_did_not_finish_is_refused(commands) -> None:
    done = commands.run("reproduce", "ab12cd34")
    assert done.returncode == 1
    assert "ab12cd34" in done.stderr
