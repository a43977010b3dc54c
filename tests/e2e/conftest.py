"""Whole commands in processes of their own, each test with a home of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from tests.parts import ready_client

from sweepyard.hub import embedded
from sweepyard.settings import Settings

TINY = ("data.train_limit=256", "trainer.epochs=1", "trainer.batch_size=64", "model=lenet5")

_PROGRAM = ("-P", "-m", "sweepyard")
# Commands that start no runs, whose processes all tests may fork from one; with `--no-agents`, `sweep` is another.
_READERS = ("runs", "check")


@dataclass
class Commands:
    """Runs `sweepyard` in a folder, with a home; ends at teardown what a test has left."""

    folder: Path
    home: Path
    environ: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        return self.begin([sys.executable, *_PROGRAM, *arguments], environ)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        starts_runs = arguments[0] not in _READERS and "--no-agents" not in arguments
        process = (
            self.start(*arguments, **environ)
            if starts_runs
            else self.begin(ready_client.python(*_PROGRAM, *arguments), environ)
        )
        stdout, stderr = process.communicate(timeout=240)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def begin(self, command: list[str], environ: dict[str, str]) -> subprocess.Popen[str]:
        """Start any command as `start` starts `sweepyard`."""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def shell(self, script: str, **environ: str) -> str:
        """What a script of Bash prints where the plain `wandb` and `python` commands reach the home's hub."""
        done = subprocess.run(
            ["bash", "-c", f'set -e; eval "$(python -P -m sweepyard hub env)"; {script}'],
            cwd=self.folder,
            env={
                **self.environ,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{self.environ['PATH']}",
                "WANDB_DIR": str(self.folder),
                **environ,
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def register(self, file: str, *options: str) -> str:
        """Register a sweep without starting agents; gives its path."""
        done = self.run("sweep", file, "--no-agents", "--json", *options)
        assert done.returncode == 0, done.stderr
        sweep: str = json.loads(done.stdout)["sweep"]
        return sweep

    @contextmanager
    def one_hub(self) -> Iterator[None]:
        """The commands of the block share the home's embedded hub; by itself, each would start one and stop it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SWEEPYARD_HOME", str(self.home))
            with embedded.join(Settings(home=self.home, cache=self.home / "cache")):
                yield

    def living(self) -> list[psutil.Process]:
        """Every living process that belongs to this home, whoever its parent is.

        Fork servers have nothing of one run's in their environment, and for the system neither have their forks:
        they are known by whom they are for, and by where they work.
        """
        owners = {str(process.pid) for process in self.started}
        found = []
        for process in psutil.process_iter():
            try:
                environ = process.environ()
                belongs = (
                    environ.get("SWEEPYARD_HOME") == str(self.home)
                    or environ.get("SWEEPYARD_WARM_OWNER") in owners
                    or process.cwd() == str(self.folder)
                )
                if belongs and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def living_with(self, word: str) -> list[psutil.Process]:
        """Those of them that have the word in their command line."""
        found = []
        for process in self.living():
            with suppress(psutil.NoSuchProcess):  # It has ended since.
                if word in process.cmdline():
                    found.append(process)
        return found

    def assert_none_left(self, *, within_seconds: float = 20.0) -> None:
        wait_until(lambda: not self.living(), seconds=within_seconds, what=lambda: f"left: {self.living()}")


def wait_until(condition: Callable[[], bool], *, seconds: float, what: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


@pytest.fixture
def wait() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def tiny() -> tuple[str, ...]:
    """Overrides for the smallest training there is."""
    return TINY


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data sets, unpacked once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def warm(commands: Commands) -> Commands:
    """The same commands, whose trainings are forked from one process for all tests, as those of agents are."""
    commands.environ["SWEEPYARD_WARM"] = "1"
    # It ends with pytest; its workers share it.
    commands.environ["SWEEPYARD_WARM_OWNER"] = str(os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid())
    return commands


@pytest.fixture
def commands(tmp_path: Path, cache: Path) -> Iterator[Commands]:
    folder = tmp_path / "work"
    folder.mkdir()
    home = tmp_path / "home"
    environ = {
        **os.environ,
        "HOME": str(tmp_path / "user"),
        "SWEEPYARD_HOME": str(home),
        "SWEEPYARD_CACHE": str(cache),
        "SWEEPYARD_OFFLINE": "1",
    }
    environ.pop("TF_CPP_MIN_LOG_LEVEL", None)  # Unit tests of training set it for their process; users do not.
    commands = Commands(folder, home, environ)
    yield commands
    for process in commands.started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
    for process in commands.living():
        with suppress(psutil.NoSuchProcess):
            process.kill()
