"""Hosts that a sweep puts aside, as the command line shows them and lets them back in."""

from __future__ import annotations

import json
import re
import socket

import pytest

pytestmark = pytest.mark.slow

SWEEP = """\
project: hosts
method: grid
max_host_failures: 1
metric: {name: loss, goal: minimize}
program: train.py
parameters:
  x: {values: [1, 2]}
"""
TRAIN = """
import pathlib, wandb
with wandb.init() as run:
    run.log({"loss": 1.0})
    assert pathlib.Path("well").exists()
"""


def test_a_host_that_was_put_aside_is_shown_and_let_back_in(commands) -> None:
    host = socket.gethostname()
    (commands.folder / "sweep.yaml").write_text(SWEEP)
    (commands.folder / "train.py").write_text(TRAIN)
    with commands.one_hub():
        done = commands.run("sweep", "sweep.yaml", "--agents", "1")
        assert done.returncode == 1
        assert f"{host} was put aside, since runs kept failing there (1 in a row)" in done.stderr
        found = re.search(r"sweepyard sweep readmit (\S+) " + re.escape(host), done.stderr)
        assert found, done.stderr
        sweep = found[1]
        shown = commands.run("sweep", "hosts", sweep, "--json")
        assert json.loads(shown.stdout) == [{"host": host, "put_aside": True, "failures": 1, "agents": 0}]
        assert re.search(rf"{re.escape(host)} +put aside +1 +0", commands.run("sweep", "hosts", sweep).stdout)
        (commands.folder / "well").touch()
        readmitted = commands.run("sweep", "readmit", sweep, host, "--json")
        assert json.loads(readmitted.stdout) == {"host": host, "put_aside": False, "failures": 0, "agents": 0}
        again = commands.run("sweep", sweep, "--agents", "1")
        assert "put aside" not in again.stderr
        assert re.search(rf"{re.escape(host)} +in use +0 +0", commands.run("sweep", "hosts", sweep).stdout)
    # The home's own database answers, whether or not its hub runs.
    unknown = commands.run("sweep", "readmit", sweep, "elsewhere")
    assert unknown.returncode == 1
    assert f"no agent of sweep {sweep} ran on the host 'elsewhere' (hosts: {host})" in unknown.stderr
    assert "there is no sweep" in commands.run("sweep", "hosts", "hosts/nothing1").stderr
