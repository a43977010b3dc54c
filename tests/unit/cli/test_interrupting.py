"""A sweep in front of a person's eyes is ended in good order, however it is ended."""

from __future__ import annotations

import os
import signal

import pytest

from sweepyard.agents.stock import RegisteredSweep
from sweepyard.cli.environment import interrupted_when_ended
from sweepyard.cli.sweeping import interruptible
from sweepyard.signals import handled_by, held

SWEEP = RegisteredSweep("local/digits/x1y2z3w4", "x1y2z3w4", None)


def run_until(number: signal.Signals) -> None:
    with interruptible() as register:
        register(SWEEP)
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_is_said_how_a_sweep_goes_on(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/elsewhere")
    monkeypatch.setenv("SWEEPYARD_HOME", "/a/home")
    with handled_by(signal.default_int_handler, signal.SIGHUP), pytest.raises(KeyboardInterrupt):
        run_until(number)
    told = capsys.readouterr().err
    assert "go on with: SWEEPYARD_HOME=/a/home " in told
    assert told.endswith("/sweepyard sweep local/digits/x1y2z3w4\n")


def test_a_terminal_that_nobody_minds_may_be_closed() -> None:
    with handled_by(signal.SIG_IGN, signal.SIGHUP), interrupted_when_ended():
        os.kill(os.getpid(), signal.SIGHUP)


def test_what_must_not_be_cut_in_two_is_ended_when_it_is_done() -> None:
    done: list[bool] = []

    def end_while_it_is_done() -> None:
        with interrupted_when_ended(), held(signal.SIGTERM):
            os.kill(os.getpid(), signal.SIGTERM)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        end_while_it_is_done()
    assert done
