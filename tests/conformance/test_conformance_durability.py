"""What the kernel sees of a request that stores something: the sync of the log, and only then the answer."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.slow

REQUESTS = 12
_CALL = re.compile(r"^(?P<thread>\d+) +(?P<call>.*)$")
_CREATE = 'mutation { upsertBucket(input: {name: "synced", modelName: "durability", host: "h"}) { inserted } }'


@pytest.mark.system
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace: make system-parts")
def test_the_log_is_synced_before_each_answer(tmp_path: Path) -> None:
    home, trace = tmp_path / "home", tmp_path / "trace"
    tracing = ["strace", "-f", "-y", "-qq", "-s", "40", "-e", "trace=recvfrom,sendto,fsync,fdatasync", "-o", str(trace)]
    serving = [sys.executable, "-m", "sweepyard", "hub", "serve", "--port", "0", "--home", str(home)]
    with (tmp_path / "log").open("wb") as log:
        traced = subprocess.Popen([*tracing, *serving], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        address = _await_address(traced, home, tmp_path / "log")
        key = json.loads((home / "client.json").read_text())["api_key"]
        with httpx.Client(base_url=address["url"], auth=("api", key), timeout=30, trust_env=False) as client:
            client.post("/graphql", json={"query": _CREATE}).raise_for_status()
            for number in range(REQUESTS):
                lines = [f'{{"_step":{number},"value":{number}}}']
                body = {"files": {"wandb-history.jsonl": {"offset": number, "content": lines}}}
                answer = client.post("/files/local/durability/synced/file_stream", json=body)
                assert answer.status_code == 200, answer.text
        os.kill(address["pid"], signal.SIGTERM)
        traced.wait(timeout=60)
    finally:
        traced.kill()
        traced.wait()
    events = _events(trace.read_text(errors="replace"))
    assert events.count("request") == events.count("answer") == 1 + REQUESTS, events
    synced = False
    for event in events:
        if event == "request":
            synced = False
        elif event == "sync":
            synced = True
        else:
            assert synced, events


def _await_address(traced: subprocess.Popen[bytes], home: Path, log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while not (home / "hub.json").exists():
        assert traced.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    address: dict[str, Any] = json.loads((home / "hub.json").read_text())
    return address


def _events(text: str) -> list[str]:
    """Requests that store something, syncs of the write-ahead log, and answers, in order."""
    events: list[str] = []
    syncing: set[str] = set()
    for line in text.splitlines():
        found = _CALL.match(line)
        if found is None:
            continue
        thread, call = found["thread"], found["call"]
        if (call.startswith("recvfrom") and "POST /" in call) or ("recvfrom resumed" in call and "POST /" in call):
            events.append("request")
        elif call.startswith(("fsync", "fdatasync")) and "hub.db-wal" in call:
            if call.endswith("<unfinished ...>"):
                syncing.add(thread)
            elif call.endswith("= 0"):
                events.append("sync")
        elif thread in syncing and "resumed" in call and "sync" in call:
            syncing.discard(thread)
            if call.endswith("= 0"):
                events.append("sync")
        elif call.startswith("sendto") and "HTTP/1.1 200" in call and events and events[-1] != "answer":
            events.append("answer")
    return events


LOGGING = """
import time, wandb
with wandb.init(project="full", id="full") as run:
    for step in range(120):
        run.log({"loss": step})
        time.sleep(0.05)
"""


def test_a_client_outlasts_a_full_disk(make_hub: Any, client: Any, tmp_path: Path) -> None:
    with make_hub(tmp_path / "small") as hub:
        user = replace(client, hub=hub)
        process = user.start("python", "-c", LOGGING)
        _await(lambda: _steps_of(hub))
        _, hard = resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (16_384, hard))
        acknowledged = _steps_of(hub)
        _await(lambda: "has no room for more" in hub.log())
        with hub.http() as http:
            path = "/files/local/full/full/file_stream"
            body = {"files": {"output.log": {"offset": 0, "content": ["x"]}}}
            answers = [http.post(path, json=body), http.post("/graphql", json={"query": _CREATE})]
        assert [answer.status_code for answer in answers] == [507, 507]
        assert [answer.json()["errors"][0]["code"] for answer in answers] == ["full", "full"]
        assert _steps_of(hub) == acknowledged
        resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
        assert _steps_of(hub) == list(range(120))
        lines = [line for line in hub.log().splitlines() if "no room for more" in line]
        assert any("/file_stream failed: the database has no room for more (" in line for line in lines)
        assert "Traceback" not in hub.log()


def _steps_of(hub: Any) -> list[int]:
    query = '{ project(name: "full", entityName: "local") { run(name: "full") { history(minStep: 0, maxStep: 200) } } }'
    project = hub.graphql(query)["project"]
    return [json.loads(line)["_step"] for line in project["run"]["history"]] if project and project["run"] else []


def _await(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
