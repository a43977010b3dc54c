"""Keeps an embedded hub alive for as long as a shell lives, for commands typed by hand in that shell."""

from __future__ import annotations

import os
import select
import sys
import time
from pathlib import Path

import psutil

from sweepyard.errors import SweepyardError
from sweepyard.files import FileLock
from sweepyard.hub import detached
from sweepyard.hub.embedded import PATIENCE_SECONDS, join
from sweepyard.hub.places import HubAddress, HubPlaces
from sweepyard.settings import Settings

_PF_FORKNOEXEC = 0x40  # linux/sched.h: forked, and has not executed a program of its own
_PROC = Path("/proc")  # on Linux
_STAT_FLAGS_FIELD = 6  # of /proc/PID/stat, counted behind the command's closing parenthesis
_LOOK_SECONDS = 1.0


def calling_shell() -> int:
    """The pid of the shell in which this command was typed.

    In `eval "$(...)"` the parent is a subshell, a fork of the shell that ends at once; so forks that never
    executed a program of their own are passed over.
    """
    process = psutil.Process(os.getppid())
    while _is_subshell(process):
        parent = process.parent()
        if parent is None or parent.pid <= 1:
            break
        process = parent
    return process.pid


def hold_for(pid: int, settings: Settings) -> HubAddress:
    """See to it that this home's hub runs until the process `pid` ends; gives where it answers.

    Raises:
        InvalidInput: The home is no folder that can be written.
        HubError: The hub could not be joined or started.
    """
    HubPlaces(settings.home).make_home()
    lock = _lock_of(pid, settings)
    if not lock.acquire(blocking=False):
        with join(settings) as address:  # a holder serves this shell already
            return address
    # The new holder takes the lock over as soon as it is let go here; should two start, both hold, in vain.
    lock.release()
    deadline = time.monotonic() + PATIENCE_SECONDS
    return detached.start(["hub", "hold", "--pid", str(pid), "--answer"], settings, deadline=deadline)


def hold(pid: int, settings: Settings, *, descriptor: int) -> None:
    """Be the holder: use the hub until the process `pid` ends.

    Args:
        descriptor: Where to answer once the hub runs.

    Raises:
        HubError: The hub could not be joined or started.
    """
    lock = _lock_of(pid, settings)
    lock.acquire(blocking=False)
    try:
        with join(settings) as address:
            detached.answer(descriptor, address)
            wait_for_end(pid)
    except SweepyardError as error:
        detached.answer(descriptor, error)
        raise
    finally:
        lock.release()
        lock.path.unlink(missing_ok=True)


def wait_for_end(pid: int) -> None:
    """Return when the process `pid` is gone."""
    if sys.platform == "linux":
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll()
        finally:
            os.close(descriptor)
    else:
        process = psutil.Process(pid)
        while process.is_running():  # compares the creation time too
            time.sleep(_LOOK_SECONDS)


def _lock_of(pid: int, settings: Settings) -> FileLock:
    # With the moment of its start: a pid used again names another process.
    started = int(psutil.Process(pid).create_time() * 1000)
    return FileLock(HubPlaces(settings.home).holders / f"{pid}-{started}.lock")


def _is_subshell(process: psutil.Process) -> bool:
    if _PROC.is_dir():
        stat = (_PROC / str(process.pid) / "stat").read_text(encoding="utf-8", errors="replace")
        flags = int(stat.rpartition(")")[2].split()[_STAT_FLAGS_FIELD])
        return bool(flags & _PF_FORKNOEXEC)
    parent = process.parent()
    return parent is not None and parent.cmdline() == process.cmdline()
