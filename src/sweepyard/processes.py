"""Process groups: starting a child in its own group, and ending it with everything it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def adopt_orphans() -> None:
    """Make this process the parent of its descendants' orphans, so that it can find and end them (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(parent_pid: int, number: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send this process `number` when its parent dies (Linux).

    Args:
        parent_pid: The parent's pid as the caller knows it, which closes the race with a parent that
            died before this call.
    """
    _prctl(_PR_SET_PDEATHSIG, int(number))
    if sys.platform == "linux" and os.getppid() != parent_pid:
        os.kill(os.getpid(), number)


def spawn(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path | None = None,
    stdout: IO[bytes] | int | None = None,
    stderr: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` as the leader of a new session, with an empty standard input."""
    return subprocess.Popen(
        list(command),
        env=dict(environ),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def descendants(pid: int) -> list[psutil.Process]:
    """All living processes below `pid`, deepest last; empty when `pid` is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def end_all(processes: Iterable[psutil.Process], *, grace_seconds: float) -> None:
    """SIGTERM every process, and SIGKILL those that still live after `grace_seconds`.

    Children of this process are reaped here, so a `Popen` of theirs can no longer tell their exit code.
    """
    targets = list(processes)
    for process in targets:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(targets, timeout=grace_seconds)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=grace_seconds)


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
