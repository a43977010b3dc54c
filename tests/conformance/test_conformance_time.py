"""A hub whose clock is set, or that is kept from running, while a run goes on: nobody is taken for dead."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.parts.hub_process import Client

pytestmark = pytest.mark.slow

TIMEOUT_SECONDS = 12
LOGGING = """
import sys, time, wandb
with wandb.init(project="time", id="ticking") as run:
    print("began", flush=True)
    for step in range(int(sys.argv[1])):
        run.log({"step": step})
        time.sleep(1)
"""
_FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


def begun(client: Client, seconds: int) -> Any:
    process = client.start("python", "-u", "-c", LOGGING, str(seconds))
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "began":
            return process
    raise AssertionError("the client ended early")


def state_and_steps(client: Client) -> tuple[str, list[int]]:
    found = client.python(
        "import json, wandb\n"
        "run = wandb.Api().run('local/time/ticking')\n"
        "print('RESULT', json.dumps([run.state, [row['step'] for row in run.scan_history(keys=['step'])]]))"
    )
    return found[0], found[1]


def test_a_hub_that_was_kept_from_running_takes_nobody_for_dead(make_hub: Callable[..., Any], tmp_path: Path) -> None:
    with make_hub(tmp_path / "home", SWEEPYARD_HEARTBEAT_TIMEOUT=str(TIMEOUT_SECONDS)) as hub:
        client = Client(hub, tmp_path)
        process = begun(client, 40)
        hub.process.send_signal(signal.SIGSTOP)
        time.sleep(TIMEOUT_SECONDS + 13)
        hub.process.send_signal(signal.SIGCONT)
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
        assert "fell silent" not in hub.log()
        assert "nobody's silence counts" in hub.log()
        assert state_and_steps(client) == ("finished", list(range(40)))


@pytest.mark.system
@pytest.mark.skipif(_FAKETIME is None, reason="needs faketime: make system-parts")
def test_a_hub_whose_clock_is_set_takes_nobody_for_dead(make_hub: Callable[..., Any], tmp_path: Path) -> None:
    ahead = tmp_path / "ahead"
    ahead.write_text("+0")
    faked = {
        "LD_PRELOAD": str(_FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(ahead),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "SWEEPYARD_HEARTBEAT_TIMEOUT": str(TIMEOUT_SECONDS),
    }
    with make_hub(tmp_path / "home", **faked) as hub:
        # A hub that takes the jump for silence is quicker than the client's next sign of life.
        client = Client(hub, tmp_path, extra={"WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "8"})
        process = begun(client, 30)
        for jump in ("+3600", "-3600", "+0"):
            ahead.write_text(jump)
            time.sleep(6)
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
        assert "fell silent" not in hub.log()
        assert state_and_steps(client) == ("finished", list(range(30)))
