"""What many agents cost the hub: `python benchmarks/heartbeats.py [--agents 500] [--seconds 60]`.

Starts a real hub process with one random sweep, joins so many agents to it, gives each one a run, and lets every agent
send its heartbeat every 5 seconds, as `wandb agent` does, each at a moment of its own. Prints how long heartbeats took
from when they were due (so that a client that falls behind shows), and the processor time of the hub. The agents live
in one process beside the hub and share its machine; each has a connection of its own, and sends a request that was made
beforehand, so that little of the time is theirs.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

from hub_process import serving

EVERY_SECONDS = 5.0
SWEEP = "{method: random, program: train.py, parameters: {x: {min: 0.0, max: 1.0}}}"
CREATE = 'mutation ($c: String!) { upsertSweep(input: {config: $c, projectName: "p"}) { sweep { name } } }'
JOIN = """mutation ($s: String!, $h: String!) {
  createAgent(input: {host: $h, sweep: $s, projectName: "p"}) { agent { id } } }"""
BEAT = "mutation ($a: ID!, $r: JSONString!) { agentHeartbeat(input: {id: $a, runState: $r}) { commands agent { id } } }"
START = 'mutation ($n: String!) { upsertBucket(input: {name: $n, modelName: "p", host: "h"}) { inserted } }'


class Line:
    """A connection that asks one question again and again."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self._request = request

    @classmethod
    async def opened(cls, url: str, key: str, query: str, **variables: str) -> Line:
        """Connect."""
        place = urlsplit(url)
        body = json.dumps({"query": query, "variables": variables}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
            f"Authorization: Basic {base64.b64encode(f'api:{key}'.encode()).decode()}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        return cls(reader, writer, head.encode() + body)

    async def ask(self) -> Any:
        """The answer."""
        self._writer.write(self._request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        size = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        answer = json.loads(await self._reader.readexactly(size))
        if "errors" in answer:
            raise SystemExit(f"the hub refused: {answer}")
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=500, help="agents (500)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (60)")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (url, key, process):
        figures = asyncio.run(measure(url, key, process, options.agents, options.seconds))
    for name, value in figures.items():
        print(f"{name:32} {value:10.3f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


async def measure(url: str, key: str, process: psutil.Process, agents: int, seconds: float) -> dict[str, float]:
    """Let the agents beat; gives the figures by name."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(base_url=url, auth=("api", key), timeout=60, limits=limits, trust_env=False) as http:

        async def ask(query: str, **variables: str) -> dict[str, dict[str, object]]:
            answer = (await http.post("/graphql", json={"query": query, "variables": variables})).json()
            if "errors" in answer:
                raise SystemExit(f"the hub refused: {answer}")
            data: dict[str, dict[str, object]] = answer["data"]
            return data

        sweep = str((await ask(CREATE, c=SWEEP))["upsertSweep"]["sweep"]["name"])  # type: ignore[index]
        joined = []
        for number in range(agents):
            agent = str((await ask(JOIN, s=sweep, h=f"host{number}"))["createAgent"]["agent"]["id"])  # type: ignore[index]
            (command,) = json.loads(str((await ask(BEAT, a=agent, r="{}"))["agentHeartbeat"]["commands"]))
            await ask(START, n=command["run_id"])
            joined.append((agent, json.dumps({command["run_id"]: "running"})))
    took: list[float] = []
    lines = [await Line.opened(url, key, BEAT, a=agent, r=running) for agent, running in joined]
    began = time.monotonic()

    async def live(line: Line, offset: float) -> None:
        due = began + offset
        while due < began + seconds:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            answer = await line.ask()
            took.append(time.monotonic() - due)
            if answer["data"]["agentHeartbeat"]["commands"] != "[]":
                raise SystemExit(f"an agent with a run was told {answer}")
            due += EVERY_SECONDS

    offsets = random.Random(0)
    before = sum(process.cpu_times()[:2])
    await asyncio.gather(*(live(line, offsets.uniform(0, EVERY_SECONDS)) for line in lines))
    cores = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)
    for line in lines:
        line.close()
    cuts = statistics.quantiles(took, n=100)
    return {
        "agents": agents,
        "heartbeats a second": len(took) / seconds,
        "p50, ms": cuts[49] * 1000,
        "p95, ms": cuts[94] * 1000,
        "p99, ms": cuts[98] * 1000,
        "worst, ms": max(took) * 1000,
        "processor of the hub, cores": cores,
        "memory of the hub, MiB": process.memory_info().rss / 2**20,
    }


if __name__ == "__main__":
    sys.exit(main())
