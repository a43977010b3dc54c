"""What the kernel sees of a request that stores something: the sync of the log, and only then the answer."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REQUESTS = 12
_CALL = re.compile(r"^(?P<thread>\d+) (?P<call>.*)$")
_CREATE = 'mutation { upsertBucket(input: {name: "synced", modelName: "durability", host: "h"}) { inserted } }'


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_log_is_synced_before_each_answer(hub, tmp_path: Path) -> None:
    hub.graphql(_CREATE)
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-qq", "-s", "40", "-e", "trace=recvfrom,sendto,fsync,fdatasync", "-o", str(trace)]
    tracer = subprocess.Popen(
        [*command, "-p", str(hub.process.pid)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        with hub.http() as client:
            _until_traced(client, trace)
            for number in range(REQUESTS):
                lines = [f'{{"_step":{number},"value":{number}}}']
                body = {"files": {"wandb-history.jsonl": {"offset": number, "content": lines}}}
                answer = client.post("/files/local/durability/synced/file_stream", json=body)
                assert answer.status_code == 200, answer.text
    finally:
        tracer.send_signal(signal.SIGINT)
        output, _ = tracer.communicate(timeout=20)
    events = _events(trace.read_text(errors="replace"))
    assert events.count("request") == events.count("answer") == REQUESTS, (events, output)
    synced = False
    for event in events:
        if event == "request":
            synced = False
        elif event == "sync":
            synced = True
        else:
            assert synced, events


def _until_traced(client, trace: Path) -> None:
    deadline = time.monotonic() + 30
    while not (trace.exists() and "/healthz" in trace.read_text(errors="replace")):
        assert time.monotonic() < deadline
        client.get("/healthz")
        time.sleep(0.1)


def _events(text: str) -> list[str]:
    """Requests of the stream, syncs of the write-ahead log, and answers to these requests, in order."""
    events: list[str] = []
    syncing: set[str] = set()
    for line in text.splitlines():
        found = _CALL.match(line)
        if found is None:
            continue
        thread, call = found["thread"], found["call"]
        if (call.startswith("recvfrom") and "POST /files/" in call) or (
            "recvfrom resumed" in call and "POST /files/" in call
        ):
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
