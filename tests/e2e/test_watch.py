"""`sweepyard watch` at a real hub: in a terminal, in a pipe, while the hub restarts; and filtered lists of runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from tests.parts.filling import Filling
from tests.parts.hub_process import serving

pytestmark = pytest.mark.slow

SWEEP = json.dumps(
    {
        "name": "small",
        "method": "grid",
        "program": "train.py",
        "metric": {"name": "acc", "goal": "maximize"},
        "early_terminate": {"type": "asha", "min_iter": 1, "eta": 2},
        "parameters": {"model.units": {"values": [8, 16]}, "fixed": {"value": 1}},
    }
)


@dataclass
class Terminal:
    """A command in a terminal of its own, and what it has written there."""

    process: subprocess.Popen[bytes]
    end: int
    settings: list[object]
    raw: bytes = b""
    seen: list[str] = field(default_factory=list)

    def wait_for(self, text: str, *, seconds: float = 60.0) -> None:
        """Read until this text has come, after all that was waited for before; escape sequences are left out."""
        deadline = time.monotonic() + seconds
        while text not in self._fresh():
            assert time.monotonic() < deadline, (text, self._fresh()[-3000:])
            self._read(0.2)
        self.seen.append(self._fresh().partition(text)[0] + text)

    def type(self, keys: str) -> None:
        os.write(self.end, keys.encode())

    def close(self) -> int:
        """Its exit code; the terminal is set as it was before."""
        deadline = time.monotonic() + 30
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self._fresh()[-3000:]
            self._read(0.2)
        self._read(0.2)
        return self.process.returncode

    def _fresh(self) -> str:
        return plain(self.raw)[sum(map(len, self.seen)) :]

    def _read(self, seconds: float) -> None:
        with contextlib.suppress(OSError):  # Nobody has the other end open any more.
            if select.select([self.end], [], [], seconds)[0]:
                self.raw += os.read(self.end, 65536)


def plain(raw: bytes) -> str:
    return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", raw).decode(errors="replace").replace("\r", "")


@pytest.fixture
def terminal(commands) -> Iterator[Callable[..., Terminal]]:
    opened: list[tuple[Terminal, int]] = []

    def open_terminal(*arguments: str, columns: int, lines: int) -> Terminal:
        end, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sweepyard", *arguments],
            cwd=commands.folder,
            env={**commands.environ, "TERM": "xterm-256color"},
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
        )
        terminal = Terminal(process, end, termios.tcgetattr(side))
        opened.append((terminal, side))
        return terminal

    yield open_terminal
    for terminal, side in opened:
        terminal.process.kill()
        terminal.process.wait()
        assert termios.tcgetattr(side) == terminal.settings
        os.close(side)
        os.close(terminal.end)


def begin(filling: Filling, agent: str) -> str:
    """The run that an agent is given, begun."""
    (order,) = filling.heartbeat(agent)
    config = {key: value["value"] for key, value in order["args"].items()}
    filling.begin("p", order["run_id"], config=config)
    filling.heartbeat(agent, order["run_id"])
    return str(order["run_id"])


def log(filling: Filling, run_id: str, *values: float) -> None:
    filling.log("p", run_id, [{"_step": step, "acc": value} for step, value in enumerate(values)])
    filling.summarise("p", run_id, {"acc": values[-1], "_runtime": 61})


def test_a_terminal_shows_the_sweep_while_the_hub_comes_and_goes(commands, terminal) -> None:
    with serving(commands.home) as hub:
        filling = Filling(hub.url, hub.key)
        sweep = filling.sweep("p", SWEEP)
        agent = filling.agent("p", sweep, "box")
        first = begin(filling, agent)
        log(filling, first, 0.0, 0.25, 0.5)
        shown = terminal("watch", f"p/{sweep}", "--every", "0.2", columns=100, lines=24)
        shown.wait_for(f"small  running  local/p/{sweep}")
        shown.wait_for("0 of 2 done, 1 running, 0 failed, best acc 0.5000")
        shown.wait_for(f"best: {first}  acc 0.5000  model.units 8")
        shown.wait_for(f"running  {first}  8      0.5000  ▁▅█")
        shown.wait_for("box")
        shown.wait_for(f"here  {first}")
        shown.wait_for("q quits")
        log(filling, first, 0.0, 0.25, 0.75)
        shown.wait_for("0.7500")
        filling.close()
    shown.wait_for("away since")
    with serving(commands.home) as hub:
        filling = Filling(hub.url, hub.key)
        filling.end("p", first)
        shown.wait_for("1 of 2 done, 0 running", seconds=90)
        shown.type("xq")
        assert shown.close() == 0
        # What was seen last stays, on the screen from before.
        assert "finished" in shown.raw.rpartition(b"\x1b[?1049l")[2].decode()
        assert b"\x1b[36m" in shown.raw
        filling.close()


def test_pipes_get_lines_or_json_and_lists_are_filtered(commands) -> None:
    with serving(commands.home) as hub:
        filling = Filling(hub.url, hub.key)
        sweep = filling.sweep("p", SWEEP)
        agent = filling.agent("p", sweep, "box")
        first = begin(filling, agent)
        log(filling, first, 0.5)
        lines = commands.start("watch", f"p/{sweep}", "--every", "0.2")
        begun = [lines.stdout.readline().split(maxsplit=1)[1] for _ in range(3)]
        assert begun[0].startswith(f"sweep local/p/{sweep} is running: 0 of 2 done, 1 running, 0 failed, best acc 0.5")
        assert begun[1] == f"run {first} is running: acc 0.5000\n"
        assert re.fullmatch(r"agent \w+ on box is here\n", begun[2])
        log(filling, first, 0.5, 0.75)
        assert lines.stdout.readline().endswith(f" the best so far is run {first}: acc 0.7500\n")
        filling.end("p", first)
        second = begin(filling, agent)
        log(filling, second, 0.25)
        filling.end("p", second, exit_code=255)
        assert filling.heartbeat(agent) == [{"type": "exit"}]
        rest, _ = lines.communicate(timeout=60)
        assert lines.returncode == 0
        assert f"run {first} is finished: acc 0.7500" in rest
        assert f"run {second} is stopped early: acc 0.2500 (early termination at iteration 1: 0.25, needed 0.5)" in rest
        assert re.search(r"agent \w+ on box is gone", rest)
        assert f"sweep local/p/{sweep} is finished: 1 of 2 done, 0 running, 0 failed, 1 stopped early" in rest

        # As any W&B server: what only the hub says is not asked for.
        login = {"WANDB_BASE_URL": hub.url, "WANDB_API_KEY": hub.key}
        looked = commands.run("watch", f"p/{sweep}", "--json", "--from", "wandb", **login)
        assert looked.returncode == 0, looked.stderr
        document = json.loads(looked.stdout)
        assert document["state"] == "FINISHED"
        assert document["progress"]["finished"] == 1
        assert document["curves"] == {first: [0.5, 0.75], second: [0.25]}
        assert document["stopped_early"] == {}
        (found,) = document["agents"]
        assert [found[key] for key in ("host", "here", "run", "runs", "failures")] == ["box", False, None, 2, None]

        bare = commands.run("watch", sweep, "--once")
        assert f"local/p/{sweep}" in bare.stdout, bare.stderr
        assert first in commands.run("runs", "list", "--sweep", sweep).stdout
        for option in ((), ("--from", "wandb")):
            lost = commands.run("runs", "list", "--sweep", sweep, "--project", "other", *option, **login)
            assert lost.returncode == 1
            assert f"has no sweep local/other/{sweep}; there is local/p/{sweep}" in lost.stderr
        none = commands.run("watch", "p/nothing1", "--once", "--from", "wandb", **login)
        assert "`sweepyard runs list --from wandb` shows what there is" in none.stderr

        wanted = "acc > 0.3 and model.units in (8, 16) and sweep = " + sweep
        listed = commands.run("runs", "list", "--project", "p", "--filter", wanted, "--columns", "acc,model.units")
        assert [line.split() for line in listed.stdout.splitlines()] == [
            ["run", "acc", "model.units"],
            [first, "0.7500", "8"],
        ]
        filling.close()
