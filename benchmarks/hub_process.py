"""A real hub process, for the benchmarks beside this file."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, str, psutil.Process]]:
    """A hub process over the home: its address, its key, and the process."""
    command = [sys.executable, "-m", "sweepyard", "hub", "serve", "--port", "0", "--home", str(home)]
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not (home / "hub.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the hub did not come up:\n{(home / 'serve.log').read_text()}")
            time.sleep(0.05)
        key = json.loads((home / "client.json").read_text())["api_key"]
        yield json.loads((home / "hub.json").read_text())["url"], key, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)
