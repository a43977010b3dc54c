"""What Linux's kernel does for processes on request: orphans adopted, ends tied together."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

# How long a run whose parent died may take to save a checkpoint and to leave; and how often one looks.
ORPHAN_GRACE_SECONDS = 20.0
PARENT_LOOK_SECONDS = 0.5

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def adopt_orphans() -> None:
    """Make this process the parent of its descendants' orphans, so that it can find and end them."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(parent_pid: int, number: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send this process `number` when its parent dies.

    Args:
        parent_pid: The parent's pid as the caller knows it, which closes the race with a parent that
            died before this call.
    """
    _prctl(_PR_SET_PDEATHSIG, int(number))
    if sys.platform == "linux" and os.getppid() != parent_pid:
        os.kill(os.getpid(), number)


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
