"""The hub is killed in mid-stream under clients that speak the wire: every acknowledged line stands, once."""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import dataclass, field

import httpx

CLIENTS = 4
_CREATE = 'mutation($r: String!) { upsertBucket(input: {name: $r, modelName: "chaos", host: "h"}) { inserted } }'
_COUNT = 'query($r: String!) { project(name: "chaos") { run(name: $r) { historyLineCount } } }'
_READ = """query($r: String!, $low: Int64!, $high: Int64!) {
  project(name: "chaos") { run(name: $r) { history(minStep: $low, maxStep: $high, samples: 100000) } } }"""


@dataclass
class Writer(threading.Thread):
    """Sends chunks, each again until it is answered; some of them overlap, as a client's that resumes."""

    url: str
    key: str
    run_id: str
    seed: int
    stop: threading.Event
    acknowledged: dict[int, str] = field(default_factory=dict)
    answers: int = 0
    repeats: int = 0
    error: Exception | None = None

    def __post_init__(self) -> None:
        super().__init__(name=self.run_id)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        try:
            self._write()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def _write(self) -> None:
        draw = random.Random(self.seed)
        version = 0
        with httpx.Client(base_url=self.url, auth=("api", self.key), timeout=30, trust_env=False) as client:
            while not self.stop.is_set():
                version += 1
                begin = max(len(self.acknowledged) - draw.choice([0, 0, 0, 3, 40]), 0)
                lines = {
                    number: json.dumps({"_step": number, "value": draw.random(), "version": version})
                    for number in range(begin, begin + draw.randint(1, 60))
                }
                self._send(client, begin, list(lines.values()))
                self.acknowledged.update(lines)

    def _send(self, client: httpx.Client, begin: int, lines: list[str]) -> None:
        body = {"files": {"wandb-history.jsonl": {"offset": begin, "content": lines}}}
        while True:
            try:
                answer = client.post(f"/files/local/chaos/{self.run_id}/file_stream", json=body)
            except httpx.TransportError:
                self.repeats += 1
                time.sleep(0.05)
                continue
            assert answer.status_code == 200, answer.text
            self.answers += 1
            return


def test_what_was_acknowledged_stands_exactly_once(hub, rounds: int, chance: random.Random) -> None:
    stop = threading.Event()
    writers = [Writer(hub.url, hub.key, f"raw{number}", number, stop) for number in range(CLIENTS)]
    for writer in writers:
        hub.graphql(_CREATE, r=writer.run_id)
        writer.start()
    try:
        for _ in range(rounds):
            time.sleep(chance.uniform(0.5, 2.5))
            hub.kill()
            hub.start()
        time.sleep(1)
    finally:
        stop.set()
        for writer in writers:
            writer.join(60)
    for writer in writers:
        if writer.error is not None:
            raise writer.error
    assert sum(writer.answers for writer in writers) > 20 * CLIENTS * rounds
    assert sum(writer.repeats for writer in writers) > 0
    hub.stop()
    hub.start()
    for writer in writers:
        assert _stored(hub, writer.run_id) == [
            writer.acknowledged[number] for number in range(len(writer.acknowledged))
        ]


def _stored(hub, run_id: str) -> list[str]:
    count = hub.graphql(_COUNT, r=run_id)["project"]["run"]["historyLineCount"]
    lines: list[str] = []
    for low in range(0, count, 1000):
        answer = hub.graphql(_READ, r=run_id, low=low, high=low + 1000)
        lines += answer["project"]["run"]["history"]
    assert len(lines) == count
    return lines
