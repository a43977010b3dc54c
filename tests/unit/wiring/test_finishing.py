"""Waiting for a server at the end of a run: a word when it takes long, and ways out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sweepyard.errors import Preempted, TrackingError
from sweepyard.training.stopping import StopSignal
from sweepyard.wiring.finishing import told_for

WAITS = """
import sys, time
from pathlib import Path
import sweepyard.wiring.finishing as finishing

finishing._FIRST_WORD_SECONDS = 0.2
finishing._LEAVE_SECONDS = 0.5
with finishing.bounded_wait("http://hub/run", Path(sys.argv[1]), "train --resume here"):
    print("waiting", flush=True)
    time.sleep(60)
"""


def waiting(home: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS, str(home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait(tmp_path: Path, number: signal.Signals) -> None:
    process = waiting(tmp_path)
    assert process.stderr is not None
    word = process.stderr.readline()
    assert word.startswith("still waiting, after 0.2 s, for the server to take the rest of http://hub/run; Ctrl-C")
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert (
        "left before the server had the whole run; what it lacks is on disk; go on with: train --resume here" in errors
    )
    assert ("leaving within 0.5 s" in errors) == (number is signal.SIGTERM)


def test_a_full_disk_is_named() -> None:
    process = waiting(Path("/proc"))  # It has no free space, ever.
    assert process.stderr is not None
    word = process.stderr.readline()
    assert word.endswith("the disk of the hub is full. Free space at /proc, and it goes on by itself\n")
    process.kill()
    process.communicate()


def test_a_connection_that_breaks_without_a_signal_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError), told_for(tmp_path, StopSignal(), {"WANDB_SWEEP_ID": "ab12cd34"}):
        raise ConnectionResetError


def test_a_run_whose_service_was_killed_goes_back_to_its_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_SERVICE", f"3-1-unix-{tmp_path}/gone")
    environ = {**os.environ, "WANDB_SWEEP_ID": "ab12cd34", "WANDB_RUN_ID": "r", "WANDB_BASE_URL": "no address"}
    # The server is no server, so it cannot be told; that it was to be told is what counts.
    with pytest.raises(TrackingError, match="the server could not be told"), told_for(tmp_path, StopSignal(), environ):
        raise ConnectionResetError


def test_outside_a_sweep_there_is_no_queue_to_go_back_to(tmp_path: Path) -> None:
    stop = StopSignal()
    stop.set()
    with pytest.raises(ConnectionResetError), told_for(tmp_path, stop, {}):
        raise ConnectionResetError


def test_a_server_that_cannot_be_told_of_a_preemption_is_an_error_that_says_what_follows(tmp_path: Path) -> None:
    stop = StopSignal()
    stop.set()
    environ = {**os.environ, "WANDB_SWEEP_ID": "ab12cd34", "WANDB_RUN_ID": "r", "WANDB_BASE_URL": "no address"}
    with pytest.raises(TrackingError, match="will count as crashed; `max_retries`") as caught:  # noqa: SIM117
        with told_for(tmp_path, stop, environ):
            raise ConnectionResetError
    assert not isinstance(caught.value, Preempted)
