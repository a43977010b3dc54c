"""A real hub process over a home, and the real client in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.parts import ready_client

_READY_SECONDS = 60.0
_CLIENT_SECONDS = 120


@dataclass
class Hub:
    """A running hub."""

    url: str
    key: str
    home: Path
    process: subprocess.Popen[bytes]
    _session: httpx.Client | None = None

    def http(self, *, key: str | None = None) -> httpx.Client:
        """A plain HTTP client that shows the hub's key, or another; "" shows none."""
        shown = self.key if key is None else key
        auth = ("api", shown) if shown else None
        return httpx.Client(base_url=self.url, auth=auth, timeout=30, trust_env=False)

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data that a query gets."""
        if self._session is None:
            self._session = self.http()
        answer = self._session.post("/graphql", json={"query": query, "variables": dict(variables or {})})
        body = answer.json()
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data

    def close(self) -> None:
        """Let go of what `graphql` holds open."""
        if self._session is not None:
            self._session.close()

    def log(self) -> str:
        """What the hub has logged."""
        return "".join(path.read_text() for path in sorted(self.home.glob("*.log")))


@dataclass
class Client:
    """The real wandb client, as a user's shell has it."""

    hub: Hub
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    def environ(self, **changes: str) -> dict[str, str]:
        """The environment of its processes: nothing of W&B's but what names the hub."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "SWEEPYARD_"))}
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            kept.pop(name, None)
            kept.pop(name.upper(), None)
        programs = (str(ready_client.FOLDER), str(Path(sys.executable).parent), kept.get("PATH", ""))
        return {
            **kept,
            "PATH": os.pathsep.join(programs),
            "HOME": str(self.folder),
            "WANDB_BASE_URL": self.hub.url,
            "WANDB_API_KEY": self.hub.key,
            "WANDB_DIR": str(self.folder),
            "WANDB_CACHE_DIR": str(self.folder / "cache"),
            "WANDB_CONFIG_DIR": str(self.folder / "config"),
            "WANDB_DATA_DIR": str(self.folder / "data"),
            "WANDB_ARTIFACT_DIR": str(self.folder / "artifacts"),
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_SILENT": "true",
            "WANDB_CONSOLE": "off",
            "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1",
            **self.extra,
            **changes,
        }

    def start(self, *command: str, stdin: int = subprocess.DEVNULL, **changes: str) -> subprocess.Popen[str]:
        """A process of the client's, not waited for; standard error goes where standard output goes."""
        return subprocess.Popen(
            command,
            env=self.environ(**changes),
            cwd=self.folder,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str, expect: int = 0, **changes: str) -> str:
        """What a command prints; its exit code must be the expected one."""
        with self.start(*command, **changes) as process:
            try:
                output, _ = process.communicate(timeout=_CLIENT_SECONDS)
            except subprocess.TimeoutExpired as late:
                said = (late.output or b"").decode(errors="replace")
                raise AssertionError(f"{command[:3]} hung:\n{said}\n{self.log()}\n{self.hub.log()}") from None
            finally:
                process.kill()
        assert process.returncode == expect, (
            f"{command[:3]} exited with {process.returncode}:\n{output}\n{self.hub.log()}"
        )
        return output

    def log(self) -> str:
        """What the client has logged of its runs."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("wandb/*/logs/*.log")))

    def python(self, script: str, *, expect: int = 0, **changes: str) -> Any:
        """The JSON on the last line that a Python script prints; None without any."""
        output = self.run("python", "-c", script, expect=expect, **changes)
        lines = [line for line in output.splitlines() if line.startswith("RESULT ")]
        return json.loads(lines[-1].removeprefix("RESULT ")) if lines else None


class serving:  # noqa: N801 - used as a function
    """A hub process over `home`, stopped at the end of the block."""

    def __init__(self, home: Path, *options: str, **environ: str) -> None:
        self._home = home
        self._options = options or ("--port", "0")
        self._environ = environ

    def __enter__(self) -> Hub:
        command = [sys.executable, "-m", "sweepyard", "hub", "serve", *self._options, "--home", str(self._home)]
        self._home.mkdir(parents=True, exist_ok=True)
        log = (self._home / "serve.log").open("ab")
        environ = {**os.environ, **self._environ}
        self._process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        try:
            url = self._await_address()
            key = json.loads((self._home / "client.json").read_text())["api_key"]
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        self._hub = Hub(url=url, key=key, home=self._home, process=self._process)
        return self._hub

    def __exit__(self, *_: object) -> None:
        self._hub.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def _await_address(self) -> str:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            log = (self._home / "serve.log").read_text()
            assert self._process.poll() is None, f"the hub ended with {self._process.returncode}:\n{log}"
            if (self._home / "hub.json").exists():
                return str(json.loads((self._home / "hub.json").read_text())["url"])
            time.sleep(0.05)
        raise AssertionError(
            f"the hub did not come up in {_READY_SECONDS} s:\n{(self._home / 'serve.log').read_text()}"
        )
