"""deploy/slurm/agents.sbatch as Bash runs it, with an `apptainer` and an `scontrol` that tell how they were called."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "slurm" / "agents.sbatch"
_APPTAINER = """\
#!/bin/bash
printf '%s\\n' "$@"
trap 'exit 75' TERM
echo ready
for _ in {1..600}; do sleep 0.1; done
"""
_SCONTROL = '#!/bin/sh\necho "$*" >"$TOLD"\n'


class Job:
    """A job's environment: a folder that all hosts see, programs, and what sbatch was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = folder / "told"
        for name, text in (("apptainer", _APPTAINER), ("scontrol", _SCONTROL)):
            program = folder / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(text)
            program.chmod(0o755)
        (folder / "key").write_text("the-key")
        (folder / "sweepyard.sif").touch()
        self.environ = {
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.defpath}",
            "TOLD": str(self.told),
            "SLURM_SUBMIT_DIR": str(folder),
            "SLURM_JOB_ID": "17",
            "SWEEP": "team/digits/k3x9q2ab",
            "KEY_FILE": str(folder / "key"),
        }

    def start(self, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", str(SCRIPT)],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, number: signal.Signals, **environ: str) -> list[str]:
        """What the container was started with, by a job that got a signal in the midst of it."""
        process = self.start(**environ)
        assert process.stdout is not None
        arguments = []
        while (line := process.stdout.readline()) != "ready\n":
            assert line, process.communicate()[1]
            arguments.append(line.rstrip("\n"))
        process.send_signal(number)
        process.communicate(timeout=30)
        assert process.returncode == 75
        return arguments


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_before_its_time_limit_the_agent_leaves_and_the_job_goes_back_to_the_queue(job: Job) -> None:
    arguments = job.ended(signal.SIGUSR1)
    assert arguments[0] == "exec"
    assert arguments[-5:] == [
        f"{job.folder}/sweepyard.sif",
        "entrypoint.sh",
        "agent",
        "team/digits/k3x9q2ab",
        "--unless-over",
    ]
    assert f"{job.folder}/key:/run/secrets/api-key:ro" in arguments
    assert "WANDB_BASE_URL=https://api.wandb.ai" in arguments
    assert "--nv" not in arguments
    assert job.told.read_text() == "requeue 17\n"


def test_a_job_that_is_cancelled_stays_so_and_its_devices_are_slurms(job: Job) -> None:
    (job.folder / "ca").touch()
    arguments = job.ended(
        signal.SIGTERM, CUDA_VISIBLE_DEVICES="1,3", CA_FILE=f"{job.folder}/ca", SERVER="https://lab:1"
    )
    assert arguments[-2:] == ["--gpus", "1,3"]
    assert {"--nv", "CUDA_VISIBLE_DEVICES=1,3", "WANDB_BASE_URL=https://lab:1"} <= set(arguments)
    assert "SSL_CERT_FILE=/run/secrets/ca" in arguments
    assert not job.told.exists()


def test_everything_that_is_missing_is_said_at_once(job: Job) -> None:
    process = job.start(SWEEP="", KEY_FILE="/nowhere", IMAGE="/no.sif", CA_FILE="/no.crt")
    _, told = process.communicate(timeout=30)
    assert process.returncode == 1
    assert told.splitlines() == [
        "error: SWEEP must name a sweep, as entity/project/id, received ''",
        "error: KEY_FILE must name a file with an API key that this host can read, received '/nowhere'",
        "error: IMAGE must name an image that this host can see, received '/no.sif'",
        "error: CA_FILE must name a certificate that this host can read, received '/no.crt'",
    ]
