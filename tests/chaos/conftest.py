"""What the chaos suite stands on: a hub that is killed and comes back where it was, and a seeded choice of moments."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import psutil
import pytest

ROUNDS_VARIABLE = "CHAOS_ROUNDS"
_READY_SECONDS = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.chaos)
            item.add_marker(pytest.mark.timeout(120 + 60 * rounds_wanted()))


def rounds_wanted() -> int:
    return int(os.environ.get(ROUNDS_VARIABLE, "3"))


@pytest.fixture
def rounds() -> int:
    """How many times something is killed: 3, or what CHAOS_ROUNDS says."""
    return rounds_wanted()


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """The moments and the victims: the same in each run of a test."""
    return random.Random(request.node.name)


class MortalHub:
    """A hub at a fixed address that can be killed and started again over the same home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()
        self.key: str = json.loads((home / "client.json").read_text())["api_key"]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "sweepyard",
            "hub",
            "serve",
            "--port",
            str(self.port),
            "--home",
            str(self.home),
        ]
        environ = {**os.environ, "SWEEPYARD_HEARTBEAT_TIMEOUT": "10"}
        with (self.home / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            try:
                httpx.get(f"{self.url}/healthz", trust_env=False).raise_for_status()
            except httpx.HTTPError:
                log_text = (self.home / "serve.log").read_text()
                assert self.process.poll() is None, f"the hub ended with {self.process.returncode}:\n{log_text}"
                assert time.monotonic() < deadline, f"the hub did not come up:\n{log_text}"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """SIGKILL, and nothing else."""
        self.process.kill()
        self.process.wait()

    def graphql(self, query: str, **variables: str) -> Mapping[str, object]:
        """The data that a query gets."""
        answer = httpx.post(
            f"{self.url}/graphql",
            json={"query": query, "variables": variables},
            auth=("api", self.key),
            timeout=30,
            trust_env=False,
        ).json()
        assert "errors" not in answer, answer
        data: Mapping[str, object] = answer["data"]
        return data

    def stop(self) -> None:
        """End it in good order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[MortalHub]:
    """A hub that a test may kill."""
    mortal = MortalHub(tmp_path / "home")
    yield mortal
    mortal.stop()


@pytest.fixture
def environ(hub: MortalHub, tmp_path: Path) -> dict[str, str]:
    """What processes of the real client live in.

    It tries again within seconds, so that a test does not take hours, and for as long as it does otherwise (16 minutes
    of GraphQL): after twenty times it would drop a run's config without a word.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "SWEEPYARD_"))}
    quick = {
        f"WANDB_X_{part}_RETRY_{what}": value
        for part in ("FILE_STREAM", "FILE_TRANSFER", "GRAPHQL")
        for what, value in (("WAIT_MIN_SECONDS", "1"), ("WAIT_MAX_SECONDS", "3"), ("MAX", "320"))
    }
    return {
        **kept,
        **quick,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "HOME": str(tmp_path),
        "CHAOS_HOME": str(tmp_path),
        "WANDB_BASE_URL": hub.url,
        "WANDB_API_KEY": hub.key,
        **{f"WANDB_{name}_DIR": str(tmp_path / name.lower()) for name in ("CACHE", "CONFIG", "DATA", "ARTIFACT")},
        "WANDB_DIR": str(tmp_path),
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
        "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1",
        "SWEEPYARD_WARM_IDLE": "5",
    }


@pytest.fixture
def living(tmp_path: Path) -> Callable[[], list[psutil.Process]]:
    """Gives every living process that was started with this test's environment, whoever its parent is."""

    def find() -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and process.environ().get("CHAOS_HOME") == str(tmp_path):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    return find
