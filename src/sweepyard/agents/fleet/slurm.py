"""Fleets on Slurm: one job array."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sweepyard.agents.fleet.engine import Job, JobState, OnTaken
from sweepyard.agents.fleet.post import Post
from sweepyard.agents.fleet.submitted import (
    LEAVE_SIGNAL,
    REQUEUE_SIGNAL,
    SubmittedAgent,
    require_submitit,
)
from sweepyard.config.fleets import SlurmConfig
from sweepyard.errors import FleetError
from sweepyard.settings import SECRET_VARIABLES

_NAME = "sweepyard"
_COMMAND_SECONDS = 60
_UNLIMITED_REQUEUES = 1_000_000
# What nobody but this user's own processes has to know; Slurm keeps a job's environment.
_SECRETS = ("WANDB_API_KEY", "SWEEPYARD_PUSH_API_KEY", *SECRET_VARIABLES)
_WAITING = frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SUSPENDED", "RESV_DEL_HOLD"})


class SlurmEngine:
    """Jobs of the cluster whose commands are on the PATH."""

    def __init__(self, config: SlurmConfig) -> None:
        self._config = config

    def submit(self, posts: Sequence[Post], folder: Path, on_taken: OnTaken) -> None:
        require_submitit()
        for command in ("sbatch", "srun"):  # submitit looks for the second
            _require(command)
        from submitit.core.utils import FailedJobError
        from submitit.slurm.slurm import SlurmExecutor

        # `exec` makes Python the process that Slurm's `B:` signals reach, and only that one.
        python = f"exec {shlex.quote(sys.executable)}"
        executor = SlurmExecutor(folder / "jobs", max_num_timeout=_UNLIMITED_REQUEUES, python=python)
        executor.update_parameters(**parameters(self._config))
        try:
            with _secrets_hidden(), executor.batch():
                jobs = [executor.submit(SubmittedAgent(post)) for post in posts]
        except FailedJobError as error:
            raise FleetError(f"Slurm must take the agents; sbatch says: {error}") from error
        on_taken([job.job_id for job in jobs])

    def states(self, jobs: Sequence[Job]) -> list[JobState]:
        listed = _output("squeue", "--noheader", "--array", "--format=%i %T", f"--name={_NAME}", "--me")
        known = dict(line.split() for line in listed.splitlines())
        return [_state(known.get(job.id)) for job in jobs]

    def leave(self, jobs: Sequence[Job]) -> None:
        for job, state in zip(jobs, self.states(jobs), strict=True):
            if state is JobState.PENDING:
                _output("scancel", job.id)
            elif state is JobState.RUNNING:
                _output("scancel", "--batch", f"--signal={LEAVE_SIGNAL.name.removeprefix('SIG')}", job.id)


def parameters(config: SlurmConfig) -> dict[str, Any]:
    """What submitit's executor for Slurm is told."""
    chosen: dict[str, Any] = {
        "time": config.minutes,
        "cpus_per_task": config.cpus,
        "gpus_per_node": config.gpus or None,
        "gres": config.gres,
        "mem": f"{int(config.memory_gb * 1024)}MB" if config.memory_gb else None,
        "partition": config.partition,
        "account": config.account,
        "qos": config.qos,
        "constraint": config.constraint,
        "array_parallelism": config.at_once,
    }
    notice = f"B:{REQUEUE_SIGNAL.name.removeprefix('SIG')}@{config.notice_seconds}"
    return {
        **{name: value for name, value in chosen.items() if value is not None},
        "job_name": _NAME,
        "wckey": None,
        "stderr_to_stdout": True,
        "use_srun": False,
        "additional_parameters": {"signal": notice, "requeue": True},
    }


@contextmanager
def _secrets_hidden() -> Iterator[None]:
    """Keep keys out of the environment that a job is submitted with."""
    hidden = {name: os.environ.pop(name) for name in _SECRETS if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _state(told: str | None) -> JobState:
    if told is None or told in {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT"}:
        return JobState.GONE
    return JobState.PENDING if told in _WAITING else JobState.RUNNING


def _require(command: str) -> None:
    if shutil.which(command) is None:
        raise FleetError(f"fleet=slurm needs Slurm's commands; there is no `{command}` on the PATH. Go to a login node")


def _output(*command: str) -> str:
    """What a command of Slurm's prints."""
    _require(command[0])
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise FleetError(f"Slurm must answer; `{command[0]}` took longer than {_COMMAND_SECONDS} s") from error
    if done.returncode != 0:
        raise FleetError(f"Slurm must answer; `{shlex.join(command)}` says: {done.stderr.strip()}")
    return done.stdout
