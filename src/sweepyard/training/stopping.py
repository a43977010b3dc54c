"""Being asked to stop: a flag that a signal handler sets and that the fit reads after each step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sweepyard.signals import handled_by


class StopSignal:
    """Set once, by a signal handler or another thread; read by the fit at each step."""

    def __init__(self) -> None:
        self._is_set = False
        self._by_person = False

    @property
    def is_set(self) -> bool:
        """Whether somebody asked the fit to stop."""
        return self._is_set

    @property
    def by_person(self) -> bool:
        """Whether it was a person at the keyboard who asked, and nobody else wants the run to go on."""
        return self._by_person

    def set(self, *, by_person: bool = False) -> None:
        """Ask the fit to leave after its present step, with a checkpoint."""
        self._by_person = by_person
        self._is_set = True

    @contextmanager
    def on(self, *numbers: signal.Signals) -> Iterator[StopSignal]:
        """Let the given signals set this flag while the block runs; only the main thread may ask for it."""

        def handle(number: int, frame: FrameType | None) -> None:
            self.set()

        with handled_by(handle, *numbers):
            yield self


class LeftEarly(Exception):  # it ends a fit, it is no error
    """Raised inside a fit, after the checkpoint, so that Keras runs neither validation nor further steps."""
