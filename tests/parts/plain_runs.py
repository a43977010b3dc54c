"""Sweeps whose runs say where they are, and what else they are told to; they train nothing."""

from __future__ import annotations

import json
from typing import Any

# What a run tells of itself; no TensorFlow.
_RUN = """\
import glob, json, os, sys, time
import wandb

with wandb.init() as run:
    run.config["place"] = {"device": os.environ.get("CUDA_VISIBLE_DEVICES"), "processors": len(os.sched_getaffinity(0))}
    run.log({"loss": run.config["x"]})
    if sys.argv[1] == "wait":
        open(f"began-{run.id}", "w").close()
        time.sleep(300)
    if sys.argv[1] == "upload":
        open(f"began-{run.id}", "w").close()
        with open(os.environ["SWEEPYARD_HANDOVER"], "w") as told:
            told.write(".")
        deadline = time.monotonic() + (3 if os.environ.get("CUDA_VISIBLE_DEVICES") else 60)
        while len(glob.glob("began-*")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        run.config["seen"] = len(glob.glob("began-*"))
    if sys.argv[1] == "fail":
        sys.exit("this is why")
"""
_SWEEP = """\
project: many
method: grid
metric: {{name: loss, goal: minimize}}
parameters: {{x: {{values: {points}}}}}
command: [python, {script}, {mode}]
"""


def registered(commands: Any, points: int, *, mode: str = "end") -> str:
    """A grid of so many points; each of its runs ends, or does what its `mode` says."""
    script = commands.folder / "run.py"
    script.write_text(_RUN)
    (commands.folder / "many.yaml").write_text(_SWEEP.format(points=list(range(points)), script=script, mode=mode))
    sweep: str = commands.register("many.yaml")
    return sweep


def runs_of(commands: Any, sweep: str) -> list[dict[str, Any]]:
    """What became of its runs."""
    listed = commands.run("runs", "list", "--sweep", sweep.rpartition("/")[2], "--project", "many", "--json")
    assert listed.returncode == 0, listed.stderr
    runs: list[dict[str, Any]] = json.loads(listed.stdout)
    return runs
