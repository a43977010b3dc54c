"""Fleets in tests: what became of their sweeps, and a hub that other hosts could reach."""

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
from tests.parts.plain_runs import runs_of


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
