"""Fleets in tests: sweeps whose runs say where they are, and a hub that other hosts could reach."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.parts.authority import Authority
from tests.parts.hub_process import Hub, serving

# No TensorFlow.
_RUN = """\
import os, sys, time
import wandb

with wandb.init() as run:
    run.config["device"] = os.environ.get("CUDA_VISIBLE_DEVICES")
    run.log({"loss": run.config["x"]})
    if sys.argv[1] == "wait":
        open(f"began-{run.id}", "w").close()
        time.sleep(300)
"""
_SWEEP = """\
project: many
method: grid
metric: {{name: loss, goal: minimize}}
parameters: {{x: {{values: {points}}}}}
command: [python, {script}, {mode}]
"""


def registered(commands: Any, points: int, *, mode: str = "end") -> str:
    """A grid of so many points; `wait` makes each run say that it began, and take very long."""
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


def assert_each_point_ran_once(commands: Any, sweep: str, points: int) -> list[dict[str, Any]]:
    """Every point of the grid has one run, which finished; gives the runs."""
    runs = runs_of(commands, sweep)
    assert sorted(run["config"]["x"] for run in runs) == list(range(points))
    assert {run["state"] for run in runs} == {"finished"}
    return runs


@contextmanager
def hub_for_other_hosts(commands: Any, authority: Authority) -> Iterator[Hub]:
    """The hub of the commands' home, over HTTPS at this host's name, which the commands trust."""
    commands.environ.update(authority.trust())
    with serving(commands.home, *authority.serving_at(authority.free_port(), socket.gethostname())) as hub:
        yield hub


def files_with(text: str, *folders: Path) -> list[Path]:
    """The files that hold a text and that others than their owner may read."""
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and path.stat().st_mode & 0o077 and text.encode() in path.read_bytes():
                found.append(path)
    return found


def agents_of(commands: Any, fleet: str) -> list[dict[str, Any]]:
    """What `sweepyard fleet status` says of a fleet's agents."""
    done = commands.run("fleet", "status", fleet, "--json")
    assert done.returncode == 0, done.stderr
    (described,) = json.loads(done.stdout)
    agents: list[dict[str, Any]] = described["agents"]
    return agents


def resolves_own_name() -> bool:
    """Whether this host finds itself by its name."""
    try:
        socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return False
    return os.name == "posix"
