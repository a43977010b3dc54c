"""A real `sweepyard serve` process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True)
class ModelServer:
    """A server that answers."""

    url: str
    name: str
    process: subprocess.Popen[str]

    def http(self, **options: object) -> httpx.Client:
        """A plain HTTP client."""
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, **options)  # type: ignore[arg-type]


@contextmanager
def serving_model(model: str | Path, *options: str, environ: Mapping[str, str] | None = None) -> Iterator[ModelServer]:
    """A server of a model file or a run, stopped at the end of the block, with exit code 0."""
    command = [sys.executable, "-P", "-m", "sweepyard", "serve", str(model), "--port", "0", "--json", *options]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **(environ or {})}, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                log.seek(0)
                raise AssertionError(f"the server ended with {process.wait()}:\n{log.read()}")
            told = json.loads(line)
            yield ModelServer(told["url"], told["model"], process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
            process.communicate()
