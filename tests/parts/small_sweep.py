"""Sweeps whose runs use the real client and train nothing: for what a sweep does, whatever its runs compute."""

from __future__ import annotations

import sys
from pathlib import Path

_RUN = """\
import wandb
with wandb.init() as run:
    run.log({"m": run.config["a"], "other": -run.config["a"]})
"""
_ENDLESS_RUN = """\
import pathlib, time, wandb
with wandb.init() as run:
    while True:
        run.log({"m": run.config["a"]})
        pathlib.Path(f"begun-{run.id}").touch()
        time.sleep(0.05)
"""
_SWEEP = """\
name: small
project: small
method: grid
metric: {{name: m, goal: maximize}}
parameters:
  a: {{values: {values}}}
command: ["{python}", train.py]
"""


def sweep_text(*values: int) -> str:
    """A grid over `a`, which each run logs as `m`."""
    return _SWEEP.format(values=list(values), python=sys.executable)


def write_sweep(folder: Path, name: str, text: str, *, endless: bool = False) -> str:
    """Write a sweep file, and the program that its runs execute; an endless one says in `begun-ID` that it runs."""
    (folder / "train.py").write_text(_ENDLESS_RUN if endless else _RUN)
    (folder / name).write_text(text)
    return name
