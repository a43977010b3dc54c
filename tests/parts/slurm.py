"""A Slurm cluster of one node, with made-up GPUs, from the machine's programs, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
_READY_SECONDS = 60.0
_STOP_SECONDS = 20.0
_CONF = """\
ClusterName=tests
SlurmctldHost=localhost
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=slurm
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
MpiDefault=none
GresTypes=gpu
JobRequeue=1
SchedulerParameters=sched_interval=2,sched_min_interval=100000
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/state/controller.pid
SlurmdPidFile={folder}/node.pid
SlurmctldLogFile={folder}/state/controller.log
SlurmdLogFile={folder}/node.log
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2 RealMemory={memory} Gres=gpu:2
PartitionName=main Nodes=ALL Default=YES State=UP
"""
_GRES = "NodeName=localhost Name=gpu File={folder}/nvidia[0-1]\n"


def missing_programs() -> list[str]:
    """Those of its programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class SlurmCluster:
    """A running cluster; `environ` is what the environment of its users has beside the rest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {"SLURM_CONF": str(folder / "slurm.conf")}
        self._processes: list[subprocess.Popen[bytes]] = []
        folder.chmod(0o755)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def run(self, *command: str) -> str:
        """What one of Slurm's commands prints."""
        done = subprocess.run(
            command, env={**os.environ, **self.environ}, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def stop(self) -> None:
        """Cancel what there is, and stop it."""
        if len(self._processes) == 3:
            subprocess.run(["scancel", "--me"], env={**os.environ, **self.environ}, check=False, timeout=60)
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self) -> None:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
        ports = _free_port(), _free_port()
        text = _CONF.format(folder=self.folder, controller=ports[0], node=ports[1], memory=min(4000, memory // 2))
        (self.folder / "slurm.conf").write_text(text)
        (self.folder / "gres.conf").write_text(_GRES.format(folder=self.folder))
        for number in range(2):
            os.mknod(self.folder / f"nvidia{number}", 0o020666, os.makedev(1, 3))
        (self.folder / "spool").mkdir()
        state = self.folder / "state"
        state.mkdir()
        shutil.chown(state, "slurm", "slurm")
        munge = self.folder / "munge"
        munge.mkdir(mode=0o755)
        key = munge / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        for path in (munge, key):
            shutil.chown(path, "munge", "munge")
        own = [f"--{name}={munge / name}" for name in ("socket", "pid-file", "log-file", "seed-file")]
        self._spawn("munged", "--foreground", f"--key-file={key}", *own, user="munge")
        _await(lambda: (munge / "socket").exists(), self._told)
        self._spawn("slurmctld", "-D", user="slurm")
        self._spawn("slurmd", "-D", "-N", "localhost")
        _await(lambda: "idle" in self._nodes(), self._told)

    def _nodes(self) -> str:
        done = subprocess.run(
            ["sinfo", "--noheader", "--format=%t"],
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def _spawn(self, *command: str, user: str | None = None) -> None:
        with (self.folder / f"{command[0]}.out").open("ab") as output:
            process = subprocess.Popen(
                command,
                env={"PATH": os.environ["PATH"], **self.environ},
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._processes.append(process)

    def _told(self) -> str:
        logs = [*self.folder.glob("*.out"), *self.folder.glob("*/*log*"), *self.folder.glob("*.log")]
        return "\n".join(f"{log}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs)


def _await(condition: Callable[[], bool], told: Callable[[], str]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
