"""Runs forked from the fork server, under the unmodified agent: the same results as cold, and nothing left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SWEEP = """\
project: warm
method: grid
metric: {name: epoch/val_accuracy, goal: maximize}
parameters:
  warm: {values: [true, false]}
command: [sweepyard, train, --parameters, "${args_json_file}", model=convnet, "model.filters=[4]",
  "model.dense_units=[8]", data.train_limit=256, data.augmentation.shift=0.1, trainer.epochs=2, seed.deterministic=true]
"""


def test_warm_and_cold_give_the_same_digest_under_the_stock_agent(commands) -> None:
    (commands.folder / "warm.yaml").write_text(SWEEP)
    scratch = commands.folder / "scratch"
    scratch.mkdir()
    with commands.one_hub():
        done = commands.run("sweep", "warm.yaml", "--agents", "1", "--json")
        assert done.returncode == 0, done.stderr
        found = {}
        for run in json.loads(done.stdout)["runs"]:
            path = f"warm/{run['run']}"
            shown = json.loads(commands.run("runs", "show", path, "--history", "--json", TMPDIR=str(scratch)).stdout)
            assert not list(scratch.iterdir())
            assert shown["config"]["resolved"]["warm"] is run["parameters"]["warm"], "what is recorded is what was"
            losses = [row["epoch/val_loss"] for row in shown["history"] if "epoch/val_loss" in row]
            assert len(losses) == 2
            found[run["parameters"]["warm"]] = (shown["summary"]["weights_digest"], losses)
    assert found[True] == found[False]
    assert "starting cold" not in "".join(log.read_text() for log in Path(commands.folder).rglob("agent-*.log"))
    commands.assert_none_left()
