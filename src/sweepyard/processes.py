"""Process groups: starting a child in its own group, and ending it with everything it started."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil


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


def ended(process: subprocess.Popen[bytes], seconds: float | None = None, *, unless: int | None = None) -> bool:
    """Whether the process ends within that time; returns at once when it does. A signal's handler may ask, too.

    Args:
        unless: A file; when it can be read the wait ends too.
    """
    if process.poll() is not None:
        return True
    file = os.pidfd_open(process.pid)
    try:
        select.select([file] if unless is None else [file, unless], [], [], seconds)
    finally:
        os.close(file)
    return process.poll() is not None


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
