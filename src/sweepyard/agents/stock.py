"""The unmodified `wandb sweep` and `wandb agent`: registered, started, watched, and ended with all they started."""

from __future__ import annotations

import re
import secrets
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from sweepyard import processes
from sweepyard.agents.environment import wandb_command, with_token
from sweepyard.agents.leash import leash
from sweepyard.agents.offspring import RUN_GRACE_SECONDS, Offspring
from sweepyard.errors import TrackingError
from sweepyard.signals import handled_by

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_WRAPPING = re.compile(r"^Error: (?:input: \w+ )?")  # around what the server has said
_AGENT_LINE = re.compile(r"wandb agent (?P<quote>'?)(?P<path>[^'\n]+?)(?P=quote)\s*$", re.MULTILINE)
_ID_LINE = re.compile(r"sweep with ID:\s*(?P<id>\S+)")
_URL_LINE = re.compile(r"View sweep at:\s*(?P<url>\S+)")
_REGISTER_SECONDS = 120
_GRACE_SECONDS = 10.0
_CLIENT_SERVICE = "wandb-core"


@dataclass(frozen=True, slots=True)
class RegisteredSweep:
    """A sweep as `wandb sweep` announced it.

    Attributes:
        path: What `wandb agent` takes: entity/project/id, or as much of it as the client knew.
        sweep_id: The last part of it.
        url: Where a person can look at it; None when the client named no place.
    """

    path: str
    sweep_id: str
    url: str | None


def register(file: Path, *, project: str, environ: Mapping[str, str], folder: Path) -> RegisteredSweep:
    """Register a sweep file with the stock `wandb sweep`.

    Args:
        environ: As `client_environment` gives it.
        folder: Where the client's output is kept, as `wandb-sweep.log`.

    Raises:
        TrackingError: The client refused, or printed no sweep id.
    """
    return parse_registration(_sweep_command(["--project", project], file, environ, folder))


def update(file: Path, sweep: str, *, environ: Mapping[str, str], folder: Path) -> None:
    """Give a registered sweep another file with the stock `wandb sweep --update`.

    Args:
        sweep: entity/project/id.
        environ: As `client_environment` gives it.
        folder: Where the client's output is kept, as `wandb-sweep.log`.

    Raises:
        TrackingError: The client or the server refused.
    """
    _sweep_command(["--update", sweep], file, environ, folder)


def _sweep_command(arguments: Sequence[str], file: Path, environ: Mapping[str, str], folder: Path) -> str:
    """What `wandb sweep` printed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [*wandb_command(environ), "sweep", *arguments, str(file)]
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_REGISTER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TrackingError(f"`wandb sweep` did not answer within {_REGISTER_SECONDS} s; is the server up?") from error
    text = _ANSI.sub("", done.stdout.decode(errors="replace"))
    (folder / "wandb-sweep.log").write_text(text, encoding="utf-8")
    if done.returncode != 0:
        raise TrackingError(f"`wandb sweep` refused {file}: {_reason(text)}")
    return text


def parse_registration(text: str) -> RegisteredSweep:
    """Read what `wandb sweep` printed, in colour or not.

    Raises:
        TrackingError: No sweep id is in it.
    """
    plain = _ANSI.sub("", text)
    agent, identity, url = _AGENT_LINE.search(plain), _ID_LINE.search(plain), _URL_LINE.search(plain)
    path = agent["path"].strip() if agent else (identity["id"] if identity else "")
    if not path:
        raise TrackingError(f"`wandb sweep` named no sweep id: {_reason(plain)}")
    return RegisteredSweep(path=path, sweep_id=path.rpartition("/")[2], url=url["url"] if url else None)


class StockAgents:
    """Some `wandb agent` processes on one sweep; leaving the block ends them and all that they started.

    Each is a session of its own, so that Ctrl-C in the terminal reaches this process alone, and each ends
    when this process dies, however it dies.
    """

    def __init__(
        self,
        sweep: RegisteredSweep,
        *,
        count: int,
        environ: Mapping[str, str],
        folder: Path,
        working_folder: Path,
        runs: int | None = None,
    ) -> None:
        """Remember what to start.

        Args:
            count: How many agents.
            environ: As `agent_environment` gives it.
            folder: Where their output goes, as `agent-N.log`.
            working_folder: Where they, and the runs, start.
            runs: How many runs each agent may start; None for as many as the sweep has.
        """
        self._sweep = sweep
        self._count = count
        self._environ = environ
        self._folder = folder
        self._working_folder = working_folder
        self._runs = runs
        self._agents: list[subprocess.Popen[bytes]] = []
        self._offspring: Offspring | None = None

    @property
    def logs(self) -> list[Path]:
        """Each agent's output."""
        return [self._folder / f"agent-{number}.log" for number in range(1, self._count + 1)]

    @property
    def alive(self) -> int:
        """How many agents still run."""
        return sum(agent.poll() is None for agent in self._agents)

    def __enter__(self) -> Self:
        self._offspring = Offspring()
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            for log in self.logs:
                self._agents.append(self._start(log))
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """End every agent, every run, and every process that one of them left behind."""
        with _undisturbed():
            self._end()

    def _end(self) -> None:
        # The agents go first, so that none of them starts another run.
        for agent in self._agents:
            if agent.poll() is None:
                agent.terminate()
        for agent in self._agents:
            try:
                agent.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                agent.kill()
                agent.wait()
        if self._offspring is None:
            return
        # Then the runs: each saves a checkpoint and tells its server, for which it needs the client's service.
        runs = [process for process in self._offspring.alive if not _is_client_service(process)]
        processes.end_all(runs, grace_seconds=RUN_GRACE_SECONDS)
        self._offspring.end(grace_seconds=_GRACE_SECONDS)

    def _start(self, log: Path) -> subprocess.Popen[bytes]:
        command = [*wandb_command(self._environ), "agent"]
        if self._runs is not None:
            command += ["--count", str(self._runs)]
        with log.open("ab") as output:
            return processes.spawn(
                [*leash(), *command, self._sweep.path],
                environ=with_token(self._environ, secrets.token_hex(8)),
                folder=self._working_folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )


def _is_client_service(process: psutil.Process) -> bool:
    try:
        return process.name() == _CLIENT_SERVICE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not stop the ending half-way: it would leave orphans."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with handled_by(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM):
        yield


def _reason(text: str) -> str:
    # Where the client's own log lies helps nobody: it may be gone, and it says the same.
    lines = [line.strip() for line in text.splitlines() if line.strip() and "error logs at" not in line]
    wrong = [_WRAPPING.sub("", line) for line in lines if "error" in line.lower()]
    return " | ".join((wrong or lines)[-2:]) or "it printed nothing"
