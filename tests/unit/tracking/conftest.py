"""What tracking's tests share: a plain HTTP server, and runs of the real client read back from their files."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.parts import ready_client

_CLIENT_SECONDS = 120
_BLOCK = 32_768
_LAST_KINDS = {1, 4}  # a whole record, or the last part of one


@dataclass
class PlainServer:
    """A server that gives its answers in turn, the last one again and again, and notes what it was asked."""

    answers: list[tuple[int, str]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def plain_server() -> Iterator[PlainServer]:
    told = PlainServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.requests.append((self.path, dict(self.headers), body))
            status, text = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST  # noqa: N815 # the library's name

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture
def refused_url() -> str:
    """An address where nothing listens."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        return f"http://127.0.0.1:{server.server_port}"


@dataclass
class OfflineRun:
    """What a script's one offline run left on disk."""

    output: Path
    printed: str
    config: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    artifacts: list[Any] = field(default_factory=list)
    run: Any = None
    exit_code: int | None = None
    preempting: bool = False

    @property
    def results(self) -> list[Any]:
        """What the script printed behind the word RESULT."""
        lines = [line for line in self.printed.splitlines() if line.startswith("RESULT ")]
        return [json.loads(line.removeprefix("RESULT ")) for line in lines]


@pytest.fixture(scope="session")
def run_offline(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., OfflineRun]:
    """Runs a script with `tracker`, `output` and `result` given, and reads its run back."""

    def run(script: str, *, mode: str = "offline", **environ: str) -> OfflineRun:
        output = tmp_path_factory.mktemp("offline")
        printed = _run_script(_PROLOGUE + script, output, OUTPUT=str(output), MODE=mode, **environ)
        done = OfflineRun(output, printed)
        for path in output.glob("wandb/*run-*/*.wandb"):
            _read_run_file(path, done)
        return done

    return run


def _run_script(script: str, folder: Path, **environ: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    home = {"HOME": str(folder / "home"), "WANDB_ERROR_REPORTING": "false"}
    done = subprocess.run(
        ready_client.python("-c", script),
        env={**kept, **home, **environ},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_CLIENT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


_PROLOGUE = """
import json, os
from pathlib import Path
import numpy as np
from sweepyard.config.schema import TrackingConfig
from sweepyard.domain.media import ConfusionMatrix, Image, Table
from sweepyard.errors import TrackingError
from sweepyard.tracking.opening import Server, open_tracker

output = Path(os.environ["OUTPUT"])

def result(value):
    print("RESULT", json.dumps(value), flush=True)

def open_it(mode, server=None, run_id="run00001", resume=False, **fields):
    config = TrackingConfig(mode=mode, tags=("a", "b"), group="g", **fields)
    return open_tracker(config, server=server, output=output, run_id=run_id, name="named", notes="noted",
                        resume=resume, environ=os.environ)

tracker = open_it(os.environ["MODE"]) if os.environ["MODE"] else None
"""


def _read_run_file(path: Path, done: OfflineRun) -> None:
    from wandb.proto import wandb_internal_pb2 as messages

    for data in _records(path.read_bytes()):
        record = messages.Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            done.run = record.run
            _update(done.config, record.run.config.update)
        elif kind == "config":
            _update(done.config, record.config.update)
        elif kind == "history":
            done.rows.append(_update({}, record.history.item))
        elif kind == "summary":
            _update(done.summary, record.summary.update)
        elif kind == "metric":
            done.metrics[record.metric.glob_name or record.metric.name] = record.metric
        elif kind == "artifact":
            done.artifacts.append(record.artifact)
        elif kind == "preempting":
            done.preempting = True
        elif kind == "exit":
            done.exit_code = record.exit.exit_code


def _update(target: dict[str, Any], items: Any) -> dict[str, Any]:
    for item in items:
        *outer, last = item.nested_key or [item.key]
        inner = target
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = json.loads(item.value_json)
    return target


def _records(data: bytes) -> Iterator[bytes]:
    """The client's file: a header of 7 bytes, then LevelDB's log format."""
    position, parts = 7, b""
    while position + 7 <= len(data):
        left = _BLOCK - position % _BLOCK
        if left < 7:
            position += left
            continue
        length = int.from_bytes(data[position + 4 : position + 6], "little")
        kind = data[position + 6]
        parts += data[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in _LAST_KINDS:
            yield parts
            parts = b""
