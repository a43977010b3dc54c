"""Settings as every command reads them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sweepyard.errors import InvalidInput, Violation
from sweepyard.settings import Settings
from sweepyard.signals import handled_by

_ENDING = (signal.SIGTERM, signal.SIGHUP)


def settings_now(*, home: str | None = None) -> Settings:
    """The settings of this process's environment, with `home` in place of `SWEEPYARD_HOME` where given.

    Raises:
        InvalidInput: A variable's value is not of its type.
    """
    environ = dict(os.environ)
    if home:
        environ["SWEEPYARD_HOME"] = home
    try:
        return Settings.from_environment(environ)
    except ValueError as error:
        raise InvalidInput([Violation(str(error), where="environment")]) from error


def quieten_backend() -> None:
    """Keep the backend's start-up chatter off the terminal, unless the user wants it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def load_backend() -> None:
    """Import Keras and its backend, quietly.

    Raises:
        TrainingError: The backend is unknown or not installed.
    """
    from sweepyard.training import backend

    quieten_backend()
    backend.load()


@contextmanager
def interrupted_when_ended() -> Iterator[None]:
    """Let SIGTERM, and a terminal that is closed, do what Ctrl-C does: leave in good order, through every `finally`."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # Under `nohup` a closed terminal is to be ignored.
    heeded = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    with handled_by(interrupt, *heeded):
        yield
