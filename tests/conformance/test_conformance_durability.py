"""What the kernel sees of a request that stores something: the sync of the log, and only then the answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
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
