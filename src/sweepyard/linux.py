"""What Linux's kernel does for processes on request: orphans adopted, ends tied together, code let go of."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator

# How long a run whose parent died may take to save a checkpoint and to leave; and how often one looks.
ORPHAN_GRACE_SECONDS = 20.0
PARENT_LOOK_SECONDS = 0.5

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_MADV_DONTNEED = 4  # asm-generic/mman-common.h


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


def release_code() -> None:
    """Let go of the code of libraries that lies in memory for this process; what is used again comes back by itself.

    Importing a large library maps pages by the hundred megabytes that a process which only waits never looks at again.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for begin, end in list(_pure_code()):
        if libc.madvise(begin, end - begin, _MADV_DONTNEED) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def _pure_code() -> Iterator[tuple[int, int]]:
    """Where code and constants of files lie of which this process has no version of its own (proc_pid_smaps(5))."""
    place: tuple[int, int] | None = None
    with open("/proc/self/smaps", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            first, *rest = line.split()
            if not first.endswith(":"):
                begin, _, end = first.partition("-")
                is_code = rest[0] in ("r-xp", "r--p") and len(rest) > 4 and rest[4].startswith("/")
                place = (int(begin, 16), int(end, 16)) if is_code else None
            elif first == "Anonymous:" and place is not None and rest[0] == "0":
                yield place


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
