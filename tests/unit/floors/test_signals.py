"""Signals are handled inside a block, and as before behind it."""

from __future__ import annotations

import os
import signal

import pytest

from sweepyard.signals import handled_by

NUMBERS = (signal.SIGUSR1, signal.SIGUSR2)


def send_both_and_fail() -> None:
    for number in NUMBERS:
        os.kill(os.getpid(), number)
    raise KeyError


def test_the_handler_takes_the_signals_and_gives_them_back_whatever_ends_the_block() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    received: list[int] = []
    with pytest.raises(KeyError), handled_by(lambda number, _: received.append(number), *NUMBERS):
        send_both_and_fail()
    assert received == list(NUMBERS)
    assert [signal.getsignal(number) for number in NUMBERS] == before
