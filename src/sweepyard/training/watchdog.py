"""Ending a fit that hangs: its process leaves by itself, since whoever started it sees a process that lives."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import keras

from sweepyard import exitcodes
from sweepyard.clock import Clock

_LOOKS = 20  # in the time that a fit may be silent
_LAST_WORDS_SECONDS = 10.0


class Watchdog(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback that hears of each step, and a thread that ends the process when it hears of none for too long.

    A fit that had done steps in this process may have hung because of the host: it leaves as preempted, and goes on
    from its checkpoint, on another host perhaps. One that hangs before its first step would hang again: it fails.
    """

    def __init__(self, minutes: float | None, *, clock: Clock, on_hang: Callable[[bool, str], None]) -> None:
        """Watch nothing yet; a context manager.

        Args:
            minutes: How long a fit may be without a step; None for as long as it likes.
            on_hang: Called before the process leaves, with whether the run may go on elsewhere, and with why it leaves;
                it has ten seconds.
        """
        super().__init__()
        self._seconds = None if minutes is None else 60 * minutes
        self._clock = clock
        self._on_hang = on_hang
        self._last = clock.monotonic_seconds()
        self._steps = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._last = self._clock.monotonic_seconds()
        if self._seconds is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._seconds is not None:
            self._thread.join()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """A step was done."""
        self._steps += 1
        self._last = self._clock.monotonic_seconds()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """A step of validation was done."""
        self._last = self._clock.monotonic_seconds()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Validation is done, and a checkpoint comes."""
        self._last = self._clock.monotonic_seconds()

    def _watch(self) -> None:
        seconds = self._seconds or 0.0
        while not self._over.wait(seconds / _LOOKS):
            if self._clock.monotonic_seconds() - self._last > seconds:
                self._leave(f"no step for {seconds / 60:g} minutes (trainer.hang_minutes)")

    def _leave(self, why: str) -> None:
        goes_on = self._steps > 0
        print(f"{why}; where it hangs:", file=sys.stderr, flush=True)
        faulthandler.dump_traceback(file=sys.__stderr__ or 2, all_threads=True)
        # What hangs may hold what the last words need.
        words = threading.Thread(target=self._on_hang, args=(goes_on, why), daemon=True)
        words.start()
        words.join(_LAST_WORDS_SECONDS)
        os._exit(exitcodes.PREEMPTED if goes_on else 1)
