"""Fleets on this host."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from sweepyard.agents.fleet.engine import Job, JobState, OnTaken
from sweepyard.agents.fleet.post import Post
from sweepyard.agents.fleet.submitted import LEAVE_SIGNAL, SubmittedAgent, require_submitit
from sweepyard.signals import handled_by

_FOREVER_MINUTES = 60 * 24 * 365 * 10  # submitit knows no job without a limit


class LocalEngine:
    """Processes of this host, which outlive the one that submitted them; submitit's name for each is its pid."""

    def submit(self, posts: Sequence[Post], folder: Path, on_taken: OnTaken) -> None:
        require_submitit()
        from submitit.local.local import LocalExecutor

        executor = LocalExecutor(folder / "jobs")
        (folder / "jobs").mkdir(exist_ok=True)
        executor.update_parameters(timeout_min=_FOREVER_MINUTES)
        # What is ignored stays so in the processes that are started: neither Ctrl-C nor a closed terminal ends them.
        with handled_by(signal.SIG_IGN, signal.SIGINT, signal.SIGHUP), _output_in(folder / "jobs" / "submitit.log"):
            for post in posts:
                on_taken([executor.submit(SubmittedAgent(post)).job_id])

    def states(self, jobs: Sequence[Job]) -> list[JobState]:
        return [JobState.RUNNING if _controller(job) else JobState.GONE for job in jobs]

    def leave(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            controller = _controller(job)
            for child in controller.children() if controller else ():
                child.send_signal(LEAVE_SIGNAL)


@contextmanager
def _output_in(file: Path) -> Iterator[None]:
    """Have what is started write there: whoever reads this process's output must not wait for the agents, too."""
    kept = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    sys.stdout.flush()
    try:
        with file.open("ab") as output:
            for descriptor in kept:
                os.dup2(output.fileno(), descriptor)
        yield
    finally:
        for descriptor, original in kept.items():
            os.dup2(original, descriptor)
            os.close(original)


def _controller(job: Job) -> psutil.Process | None:
    """The process of that number, if it still is the one that was started for this fleet."""
    try:
        process = psutil.Process(int(job.id))
        is_ours = str(job.folder.parent / "jobs") in process.cmdline()
    except psutil.NoSuchProcess:
        return None
    return process if is_ours and process.status() != psutil.STATUS_ZOMBIE else None
