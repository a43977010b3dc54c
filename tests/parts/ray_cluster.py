"""A Ray cluster of one host, as somebody has it running, in a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

_READY_SECONDS = 90.0
_STOP_SECONDS = 30.0
_OBJECT_BYTES = 100_000_000
# Nothing is written into anybody's home, and nobody is told.
ENVIRON = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}


class RayCluster:
    """A running cluster, with two processors to give away."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        """Start it.

        Args:
            folder: With a short path: sockets are made in it.
            environ: What its processes, and so the agents, have in their environment beside the rest.
        """
        port = _free_port()
        self.address = f"127.0.0.1:{port}"
        options = ["--num-cpus=2", "--include-dashboard=false", "--disable-usage-stats", "--block"]
        sizes = [f"--object-store-memory={_OBJECT_BYTES}", f"--port={port}", f"--temp-dir={folder / 'r'}"]
        self._log = folder / "start.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", *options, *sizes],
                env={**os.environ, **ENVIRON, **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _READY_SECONDS
        while "Ray runtime started" not in self._log.read_text():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it, with everything that it started."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
