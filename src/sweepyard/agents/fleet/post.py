"""One agent of a fleet: everything that whoever starts it, on whichever host, has to know; no secret is among it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sweepyard import exitcodes, processes
from sweepyard.agents.environment import OF_ANOTHER_RUN
from sweepyard.agents.leash import leash
from sweepyard.clock import SystemClock
from sweepyard.errors import FleetError
from sweepyard.files import write_atomically

_DEVICES_VARIABLE = "CUDA_VISIBLE_DEVICES"
_KEY_VARIABLE = "WANDB_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Where an agent works, and how.

    Attributes:
        number: Its number in the fleet, from 1 on.
        folder: Its own, which all hosts see: what it prints, and what is known of it.
        working_folder: Where it, and its runs, start.
        arguments: Of `sweepyard agent`.
        environ: What it has in its environment beside its host's.
        login: The file that holds the key; None where the host has its own login, or needs none.
        processors: Those of the host that it may use; None for all that its engine gave it.
        takes_devices: Whether its engine gives it devices, which it finds in `CUDA_VISIBLE_DEVICES`.
    """

    number: int
    folder: Path
    working_folder: Path
    arguments: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    login: Path | None = None
    processors: tuple[int, ...] | None = None
    takes_devices: bool = False

    @property
    def log(self) -> Path:
        """What the agent prints."""
        return self.folder / "agent.log"

    def start(self) -> AgentProcess:
        """Start the agent on this host; it ends with this process.

        Raises:
            FleetError: The file with the key cannot be read, or its engine gave it no devices.
        """
        # The process that submitted it had a client, too.
        inherited = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER_RUN}
        environ = {**inherited, **self.environ}
        arguments = list(self.arguments)
        if self.login is not None:
            environ[_KEY_VARIABLE] = _key_in(self.login)
        if self.takes_devices:
            arguments += ["--gpus", _devices_in(environ)]
        if self.processors is not None:
            os.sched_setaffinity(0, self.processors)
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [*leash(), sys.executable, "-P", "-m", "sweepyard", "agent", *arguments]
        with self.log.open("ab") as output:
            process = processes.spawn(
                command, environ=environ, folder=self.working_folder, stdout=output, stderr=subprocess.STDOUT
            )
        return AgentProcess(self.folder, process)


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """What is known of a fleet's agent from the agent's side.

    Attributes:
        exit_code: None while it is at work.
    """

    host: str
    began_at: str
    ended_at: str | None = None
    exit_code: int | None = None


class AgentProcess:
    """An agent that was started, its end, and the record of both."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self._process = process
        self._began_at = _now()
        self._told = threading.Event()
        self._write()

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        processes.ended(self._process)
        code: int = self._process.returncode
        if code == -signal.SIGTERM and self._told.is_set():
            code = exitcodes.PREEMPTED  # It was told before it had begun.
        self._write(exit_code=code)
        return code

    def leave(self) -> None:
        """Have its runs save what they have and go back to the sweep's queue, and the agent leave; only once."""
        # A second signal would have it kill them.
        if not self._told.is_set() and self._process.poll() is None:
            self._told.set()
            self._process.terminate()

    def _write(self, *, exit_code: int | None = None) -> None:
        record = AgentRecord(
            host=socket.gethostname(),
            began_at=self._began_at,
            ended_at=None if exit_code is None else _now(),
            exit_code=exit_code,
        )
        write_atomically(_record_in(self._folder), json.dumps(asdict(record)).encode())


def read_record(folder: Path) -> AgentRecord | None:
    """What is known of the agent with that folder; None before it began."""
    try:
        fields: dict[str, Any] = json.loads(_record_in(folder).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return AgentRecord(**fields)


def _record_in(folder: Path) -> Path:
    return folder / "agent.json"


def _key_in(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise FleetError(
            f"the fleet's key must be readable on {socket.gethostname()}; {file}: {error.strerror}. Let the folder be "
            "one that all hosts see, or use fleet.login=host"
        ) from error


def _devices_in(environ: Mapping[str, str]) -> str:
    devices = environ.get(_DEVICES_VARIABLE)
    if not devices:
        raise FleetError(
            f"an agent with GPUs must find them in {_DEVICES_VARIABLE}, where its engine names them; on "
            f"{socket.gethostname()} there are none. Ask for GPUs that the cluster knows, or set fleet.gpus=0"
        )
    return devices


def _now() -> str:
    return SystemClock().now().isoformat(timespec="seconds")
