"""Signals, handled for as long as a block runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object] | signal.Handlers


@contextmanager
def handled_by(handler: Handler, *numbers: signal.Signals) -> Iterator[None]:
    """Let `handler` take these signals, and whatever took them before have them back; only in the main thread."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def held(*numbers: signal.Signals) -> Iterator[None]:
    """Let these signals wait until the block is done; processes that it starts heed them. Only in the main thread."""
    came: list[int] = []
    with handled_by(lambda number, _frame: came.append(number), *numbers):
        yield
    for number in came:
        os.kill(os.getpid(), number)
