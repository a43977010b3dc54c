"""How fast the hub takes in what runs log, and gives it back.

    python benchmarks/ingest.py client               one real wandb client, 20,000 steps of 5 metrics, beside a server
                                                     that stores nothing; every point read back through scan_history
    python benchmarks/ingest.py requests             8 raw HTTP clients, 10-line chunks: requests a second, latencies
    python benchmarks/ingest.py sustained            points a second for a minute, and a heartbeat's latency beside
    python benchmarks/ingest.py reads                exact read of a run, sampled chart of 100 runs
    python benchmarks/ingest.py memory               the hub's memory after a million points

The hub is the real one, `sweepyard hub serve` in a process and a home of its own; the clients are other processes on
the same machine, and take their share of its cores. A point is a value of a metric: a line of 5 metrics (and _step,
_runtime, _timestamp) is 5 points. Prints one JSON object a figure. Needs Linux for the hub's processor time.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import http.server
import json
import multiprocessing as mp
import os
import queue
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

import hub_process

ENTITY, PROJECT = "local", "bench"
METRICS = [f"metric_{index}" for index in range(5)]
STEPS = 20_000
_CREATE = 'mutation($r: String!) { upsertBucket(input: {name: $r, modelName: "bench", host: "h"}) { inserted } }'


@dataclass(frozen=True)
class Hub:
    """A running hub."""

    url: str
    key: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Processor time of the hub so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> dict[str, float]:
        """Memory of the hub, in MB."""
        info = self.process.memory_full_info()
        return {"rss_mb": round(info.rss / 1e6, 1), "pss_mb": round(info.pss / 1e6, 1)}

    def graphql(self, query: str, variables: dict[str, Any]) -> Any:
        """The data that a query gets."""
        with contextlib.closing(Raw(self.url, self.key)) as raw:
            answer = json.loads(raw.post("/graphql", json.dumps({"query": query, "variables": variables}).encode()))
        if "errors" in answer:
            raise RuntimeError(answer["errors"])
        return answer["data"]

    def create(self, run_id: str) -> str:
        """Make a run, and give the address of its stream."""
        self.graphql(_CREATE, {"r": run_id})
        return f"/files/{ENTITY}/{PROJECT}/{run_id}/file_stream"


@contextlib.contextmanager
def serving(home: Path) -> Iterator[Hub]:
    """A hub over `home`, in a process of its own."""
    home.mkdir(parents=True, exist_ok=True)
    with hub_process.serving(home) as (url, key, process):
        yield Hub(url, key, process)


class Raw:
    """The least HTTP client: requests made beforehand, one connection."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._head = (
            f"Host: {parts.netloc}\r\nAuthorization: Basic {base64.b64encode(f'api:{key}'.encode()).decode()}\r\n"
            "Content-Type: application/json\r\n"
        )
        self._socket = socket.create_connection((parts.hostname, parts.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def prepare(self, path: str, body: bytes) -> bytes:
        """A POST request as bytes."""
        head = f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def send(self, request: bytes) -> bytes:
        """The body of the answer.

        Raises:
            RuntimeError: The status is not 200.
        """
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise RuntimeError(received[:500].decode())
        size = next(int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: "))
        pieces, got = [body], len(body)
        while got < size:
            pieces.append(self._receive())
            got += len(pieces[-1])
        return b"".join(pieces)

    def post(self, path: str, body: bytes) -> bytes:
        """Prepare and send."""
        return self.send(self.prepare(path, body))

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _receive(self) -> bytes:
        piece = self._socket.recv(1 << 20)
        if not piece:
            raise RuntimeError("the hub closed the connection")
        return piece


def lines_of(begin: int, count: int, seed: int = 0) -> list[str]:
    """History lines as the client writes them."""
    draw = random.Random(f"{seed}:{begin}")
    lines = []
    for step in range(begin, begin + count):
        row = {name: draw.random() for name in METRICS}
        lines.append(json.dumps({**row, "_runtime": step * 0.01 + draw.random(), "_timestamp": 1.7e9, "_step": step}))
    return lines


def chunk(begin: int, lines: Sequence[str]) -> bytes:
    """A request of the file stream."""
    return json.dumps({"files": {"wandb-history.jsonl": {"offset": begin, "content": lines}}}).encode()


def quantile(values: Sequence[float], share: float) -> float:
    """A quantile, in milliseconds."""
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1e3, 2)


def show(name: str, **figures: Any) -> None:
    """Print a figure."""
    print(json.dumps({"figure": name, **figures, "load_average": round(os.getloadavg()[0], 1)}), flush=True)


# ------------------------------------------------------------------------------------------- raw clients


def stream(hub_url: str, key: str, path: str, lines: int, seconds: float, gate: Any, out: Queue[Any]) -> None:
    """One client: chunks of `lines` lines one after the other, as fast as they are answered, for `seconds`."""
    raw = Raw(hub_url, key)
    # One body for all, with room for the line numbers: what makes requests must not cost the cores that answer them.
    ready = [raw.prepare(path, chunk(index * lines, lines_of(index * lines, lines))) for index in range(200)]
    latencies: list[float] = []
    gate.wait()
    end = time.perf_counter() + seconds
    begin = 0
    while (now := time.perf_counter()) < end:
        index = begin % len(ready)
        if begin >= len(ready):
            body = ready[index].partition(b"\r\n\r\n")[2]
            offset = b'"offset": %d' % (index * lines)
            request = raw.prepare(path, body.replace(offset, b'"offset": %d' % (begin * lines), 1))
            now = time.perf_counter()
        else:
            request = ready[index]
        raw.send(request)
        latencies.append(time.perf_counter() - now)
        begin += 1
    raw.close()
    out.put(latencies)


def heartbeat(hub_url: str, key: str, path: str, seconds: float, gate: Any, out: Queue[Any]) -> None:
    """A client that says every 50 ms that it lives."""
    raw = Raw(hub_url, key)
    request = raw.prepare(path, b"{}")
    latencies: list[float] = []
    gate.wait()
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        raw.send(request)
        latencies.append(time.perf_counter() - now)
        time.sleep(0.05)
    raw.close()
    out.put(latencies)


def together(targets: Sequence[tuple[Callable[..., None], tuple[Any, ...]]]) -> list[Any]:
    """What processes put out that begin at one moment, in any order but that of their kinds.

    Raises:
        RuntimeError: One of them ended without a word.
    """
    gate = mp.Barrier(len(targets) + 1)
    queues: list[Queue[Any]] = [mp.Queue() for _ in targets]
    processes = [
        mp.Process(target=target, args=(*arguments, gate, out))
        for (target, arguments), out in zip(targets, queues, strict=True)
    ]
    for process in processes:
        process.start()
    gate.wait()
    results = [_put_out(process, out) for process, out in zip(processes, queues, strict=True)]
    for process in processes:
        process.join()
    return results


def _put_out(process: mp.Process, out: Queue[Any]) -> Any:
    while True:
        with contextlib.suppress(queue.Empty):
            return out.get(timeout=1)
        if not process.is_alive() and out.empty():
            raise RuntimeError(f"{process.name} ended with {process.exitcode} and gave nothing")


def measure_requests(hub: Hub, options: argparse.Namespace) -> None:
    """Figure (b)."""
    paths = [hub.create(f"requests-{index}") for index in range(options.clients)]
    before = hub.cpu_seconds()
    targets = [(stream, (hub.url, hub.key, path, 10, options.seconds)) for path in paths]
    found = [latency for latencies in together(targets) for latency in latencies]
    show(
        "requests",
        clients=options.clients,
        seconds=options.seconds,
        requests_per_second=round(len(found) / options.seconds),
        p50_ms=quantile(found, 0.5),
        p95_ms=quantile(found, 0.95),
        p99_ms=quantile(found, 0.99),
        hub_cores=round((hub.cpu_seconds() - before) / options.seconds, 2),
    )


def measure_sustained(hub: Hub, options: argparse.Namespace) -> None:
    """Figure (d)."""
    paths = [hub.create(f"sustained-{index}") for index in range(options.writers)]
    beats = hub.create("beats")
    before = hub.cpu_seconds()
    targets: list[Any] = [(stream, (hub.url, hub.key, path, options.lines, options.seconds)) for path in paths]
    *written, heartbeats = together([*targets, (heartbeat, (hub.url, hub.key, beats, options.seconds))])
    requests = [latency for latencies in written for latency in latencies]
    show(
        "sustained",
        writers=options.writers,
        lines_a_chunk=options.lines,
        seconds=options.seconds,
        points_per_second=round(len(requests) * options.lines * len(METRICS) / options.seconds),
        chunk_p95_ms=quantile(requests, 0.95),
        heartbeat_p50_ms=quantile(heartbeats, 0.5),
        heartbeat_p99_ms=quantile(heartbeats, 0.99),
        heartbeats=len(heartbeats),
        hub_cores=round((hub.cpu_seconds() - before) / options.seconds, 2),
        **hub.memory(),
    )


# ------------------------------------------------------------------------------------------------ reads


def fill(hub_url: str, key: str, paths: Sequence[str], gate: Any, out: Queue[Any]) -> None:
    """Whole runs, in chunks of 500 lines, and their end."""
    raw = Raw(hub_url, key)
    gate.wait()
    for seed, path in enumerate(paths):
        for begin in range(0, STEPS, 500):
            raw.post(path, chunk(begin, lines_of(begin, 500, seed)))
        raw.post(path, b'{"complete": true, "exitcode": 0}')
    raw.close()
    out.put(None)


def fill_runs(hub: Hub, count: int) -> list[str]:
    """That many whole runs; their ids."""
    names = [f"whole-{index}" for index in range(count)]
    paths = [hub.create(name) for name in names]
    together([(fill, (hub.url, hub.key, paths[part::2])) for part in range(min(2, count))])
    return names


_EXACT = """query($r: String!) { project(name: "bench") { run(name: $r) {
  history(minStep: 0, maxStep: 20000, samples: 20000) } } }"""
_CHART = """query($spec: JSONString!, $first: Int!) { project(name: "bench") { runs(first: $first) { edges { node {
  name sampledHistory(specs: [$spec]) } } } } }"""
_KEYS = 'query($r: String!) { project(name: "bench") { run(name: $r) { historyKeys } } }'


def timed(hub: Hub, query: str, variables: dict[str, Any], times: int) -> tuple[list[float], Any]:
    """Seconds that a query takes over HTTP, until the last byte is here; and its last answer."""
    raw = Raw(hub.url, hub.key)
    request = raw.prepare("/graphql", json.dumps({"query": query, "variables": variables}).encode())
    seconds, answer = [], b""
    for _ in range(times):
        begin = time.perf_counter()
        answer = raw.send(request)
        seconds.append(time.perf_counter() - begin)
    raw.close()
    body = json.loads(answer)
    if "errors" in body:
        raise RuntimeError(body["errors"])
    return seconds, body["data"]["project"]


def measure_reads(hub: Hub, options: argparse.Namespace) -> None:
    """Figure (c)."""
    begin = time.perf_counter()
    names = fill_runs(hub, options.runs)
    show("filled", runs=options.runs, seconds=round(time.perf_counter() - begin, 1))
    time.sleep(options.settle)
    seconds, data = timed(hub, _EXACT, {"r": names[0]}, options.times)
    written = [line for at in range(0, STEPS, 500) for line in lines_of(at, 500, 0)]
    if data["run"]["history"] != written:
        raise RuntimeError("the lines read back are not those that were written")
    show("exact read", lines=STEPS, times=options.times, **spread_of(seconds))
    seconds, data = timed(hub, _KEYS, {"r": names[0]}, options.times)
    show("history keys", times=options.times, **spread_of(seconds))
    for samples in (100, 500):
        spec = json.dumps({"keys": ["_step", METRICS[0]], "samples": samples})
        seconds, data = timed(hub, _CHART, {"spec": spec, "first": options.runs}, options.times)
        points = sum(len(edge["node"]["sampledHistory"][0]) for edge in data["runs"]["edges"])
        show("chart", runs=options.runs, samples=samples, points=points, times=options.times, **spread_of(seconds))


def spread_of(seconds: Sequence[float]) -> dict[str, float]:
    """Least, median and greatest, in milliseconds."""
    return {"min_ms": quantile(seconds, 0), "median_ms": quantile(seconds, 0.5), "max_ms": quantile(seconds, 1)}


def measure_memory(hub: Hub, options: argparse.Namespace) -> None:
    """Figure (e)."""
    fresh = hub.memory()
    fill_runs(hub, options.points // (STEPS * len(METRICS)))
    show("memory", points=options.points, fresh=fresh, after=hub.memory())


# ---------------------------------------------------------------------------------------- the real client

_LOGGING = """
import json, random, sys, time
import wandb
begin = time.perf_counter()
run = wandb.init(project="bench", id=sys.argv[1])
draw = random.Random(7)
for step in range(int(sys.argv[2])):
    run.log({f"metric_{index}": draw.random() for index in range(5)})
run.finish()
print("SECONDS", time.perf_counter() - begin)
"""
_SCANNING = """
import json, random, sys
import wandb
draw = random.Random(7)
rows = list(wandb.Api(timeout=60).run(sys.argv[1]).scan_history())
wanted = [{f"metric_{index}": draw.random() for index in range(5)} for _ in range(int(sys.argv[2]))]
found = [{key: row[key] for key in row if not key.startswith("_")} for row in rows]
assert [row["_step"] for row in rows] == list(range(int(sys.argv[2]))), len(rows)
assert found == wanted
print("SAME", sum(map(len, found)))
"""


class _Nothing(http.server.BaseHTTPRequestHandler):
    """A server that stores nothing, and says to all of the client's questions what lets it go on."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        query, asked = body.get("query", ""), body.get("variables") or {}
        answer: Any = {"exitcode": None, "limits": {}, "stopped": False}
        if "viewer" in query:
            answer = {"data": {"viewer": {"id": "v", "entity": ENTITY, "username": ENTITY, "flags": "{}"}}}
        elif "upsertBucket" in query:
            name = asked.get("name") or asked.get("id")
            project = {"id": "p", "name": PROJECT, "entity": {"id": "e", "name": ENTITY}}
            bucket = {"id": "r", "name": name, "displayName": name, "sweepName": None, "historyLineCount": 0}
            answer = {"data": {"upsertBucket": {"bucket": {**bucket, "project": project}, "inserted": True}}}
        elif "createRunFiles" in query:
            files = [{"name": name, "uploadUrl": f"{self.server.url}/put"} for name in asked["files"]]  # type: ignore[attr-defined]
            answer = {"data": {"createRunFiles": {"runID": "r", "uploadHeaders": [], "files": files}}}
        elif self.path == "/graphql":
            answer = {"data": {"serverInfo": {"features": []}, "entity": {"organization": None}, "viewer": None}}
        self._answer(json.dumps(answer).encode())

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _serve_nothing(out: Queue[str]) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Nothing)
    server.url = f"http://127.0.0.1:{server.server_address[1]}"  # type: ignore[attr-defined]
    out.put(server.url)  # type: ignore[attr-defined]
    server.serve_forever()


def _run_client(script: str, url: str, key: str, folder: Path, *arguments: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    folders = {f"WANDB_{name}_DIR": str(folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA", "ARTIFACT")}
    quiet = {"WANDB_SILENT": "true", "WANDB_CONSOLE": "off", "WANDB_ERROR_REPORTING": "false", "HOME": str(folder)}
    names = {"WANDB_BASE_URL": url, "WANDB_API_KEY": key, "WANDB_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**kept, **folders, **quiet, **names},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{done.stdout}\n{done.stderr}")
    return done.stdout.splitlines()[-1].split()[1]


def measure_client(hub: Hub, options: argparse.Namespace) -> None:
    """Figure (a): in turns, so that what else the machine does falls on both."""
    out: Queue[str] = mp.Queue()
    nothing = mp.Process(target=_serve_nothing, args=(out,), daemon=True)
    nothing.start()
    url = out.get()
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.pairs + 1):
            pair = [(bare, url), (ours, hub.url)]
            for times, server in pair if number % 2 else reversed(pair):
                arguments = (f"client-{number}", str(STEPS))
                seconds = float(_run_client(_LOGGING, server, hub.key, Path(folder), *arguments))
                if number:  # The first pair warms up.
                    times.append(seconds)
            run = f"{ENTITY}/{PROJECT}/client-{number}"
            points = _run_client(_SCANNING, hub.url, hub.key, Path(folder), run, str(STEPS))
    nothing.terminate()
    nothing.join()
    ratios = sorted(a / b for a, b in zip(ours, bare, strict=True))
    show(
        "client",
        pairs=options.pairs,
        hub_seconds=[round(seconds, 2) for seconds in ours],
        nothing_seconds=[round(seconds, 2) for seconds in bare],
        median_ratio=round(ratios[len(ratios) // 2], 3),
        points_read_back=int(points),
    )


FIGURES: dict[str, Callable[[Hub, argparse.Namespace], None]] = {
    "client": measure_client,
    "requests": measure_requests,
    "sustained": measure_sustained,
    "reads": measure_reads,
    "memory": measure_memory,
}


def main() -> None:
    """Measure one figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", choices=FIGURES)
    parser.add_argument("--seconds", type=float, default=20.0, help="requests, sustained: how long")
    parser.add_argument("--clients", type=int, default=8, help="requests: how many")
    parser.add_argument("--writers", type=int, default=4, help="sustained: how many clients write")
    parser.add_argument("--lines", type=int, default=250, help="sustained: lines a chunk")
    parser.add_argument("--runs", type=int, default=100, help="reads: runs of 20,000 steps")
    parser.add_argument("--settle", type=float, default=40.0, help="reads: seconds until what is quiet is packed")
    parser.add_argument("--times", type=int, default=9, help="reads: repeats of each query")
    parser.add_argument("--pairs", type=int, default=5, help="client: pairs of runs")
    parser.add_argument("--points", type=int, default=1_000_000, help="memory: points beforehand")
    parser.add_argument("--home", type=Path, help="where the hub keeps its state; a temporary folder by default")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        FIGURES[options.figure](stack.enter_context(serving(home / "home")), options)


if __name__ == "__main__":
    main()
