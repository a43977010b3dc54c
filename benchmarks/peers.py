"""The same work given to the hub and to other tracking servers: `python benchmarks/peers.py --peers DIR`.

DIR is a virtual environment of its own with the packages `mlflow` and `openwandb` (`python -m venv DIR`, then
`DIR/bin/python -m pip install mlflow openwandb`); neither is a dependency of Sweepyard. Each server runs as its own
command starts it, over a database of its own in a fresh folder, and is alone at work. Two kinds of work that all do:

  chunks   8 raw HTTP clients at once, each sending 10 rows of 5 metrics a request, as fast as they are answered:
           `file_stream` for the hub and openwandb, `runs/log-batch` (50 metrics) for MLflow
  read     a run of so many rows of 5 metrics, asked for whole, until the last byte is here: one GraphQL answer of the
           hub, one answer of openwandb, five of MLflow (one a metric); every value is compared with what was sent

Prints a JSON object a figure, the servers in turns.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any, Protocol

import httpx

import hub_process
from ingest import METRICS, PROJECT, Raw, chunk, lines_of, quantile, show, spread_of, together

ROWS = 10
_OPENWANDB_KEY = "local" + "0" * 40  # What its own banner tells every user to take.
_CREATE = 'mutation($r: String!) { upsertBucket(input: {name: $r, modelName: "bench"}) { inserted } }'
_HISTORY = """query($r: String!, $n: Int64!, $s: Int!) { project(name: "bench") { run(name: $r) {
  history(minStep: 0, maxStep: $n, samples: $s) } } }"""
Rows = list[dict[str, float]]


class Server(Protocol):
    """A tracking server, up and running."""

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def key(self) -> str: ...

    def create(self, run: str) -> str:
        """Make a run; gives what the server calls it."""

    def request(self, run: str, begin: int, lines: Sequence[str]) -> tuple[str, bytes]:
        """Path and body of the request that stores rows of a run, the first of which is row `begin`."""

    def read(self, run: str, rows: int) -> Rows:
        """All of a run's rows."""


@dataclass(frozen=True)
class Sweepyard:
    """The hub."""

    url: str
    key: str
    name: str = "sweepyard"

    def create(self, run: str) -> str:
        self._ask(_CREATE, r=run)
        return run

    def request(self, run: str, begin: int, lines: Sequence[str]) -> tuple[str, bytes]:
        return f"/files/local/{PROJECT}/{run}/file_stream", chunk(begin, lines)

    def read(self, run: str, rows: int) -> Rows:
        history = self._ask(_HISTORY, r=run, n=rows, s=rows)["project"]["run"]["history"]
        return [{name: row[name] for name in METRICS} for row in map(json.loads, history)]

    def _ask(self, query: str, **variables: object) -> Any:
        body = {"query": query, "variables": variables}
        answer = _post(f"{self.url}/graphql", body, ("api", self.key))
        if "errors" in answer:
            raise SystemExit(f"{self.name} refused: {answer['errors']}")
        return answer["data"]


@dataclass(frozen=True)
class OpenWandb(Sweepyard):
    """W&B's protocol as far as it has it; histories over its own API."""

    name: str = "openwandb"

    def request(self, run: str, begin: int, lines: Sequence[str]) -> tuple[str, bytes]:
        return f"/files/default/{PROJECT}/{run}/file_stream", chunk(begin, lines)

    def read(self, run: str, rows: int) -> Rows:
        found = _get(f"{self.url}/api/v2/runs/{run}/metrics", {}, ("api", self.key))["metrics_by_key"]
        return _rows({name: {point["step"]: point["value"] for point in found[name]} for name in METRICS})


@dataclass(frozen=True)
class MLflow:
    """MLflow's REST API."""

    url: str
    key: str = "none"
    name: str = "mlflow"

    def create(self, run: str) -> str:
        made = _post(f"{self.url}/api/2.0/mlflow/runs/create", {"experiment_id": "0", "run_name": run})
        return str(made["run"]["info"]["run_id"])

    def request(self, run: str, begin: int, lines: Sequence[str]) -> tuple[str, bytes]:
        rows = [json.loads(line) for line in lines]
        metrics = [
            {"key": name, "value": row[name], "step": row["_step"] + begin - rows[0]["_step"], "timestamp": 1}
            for row in rows
            for name in METRICS
        ]
        return "/api/2.0/mlflow/runs/log-batch", json.dumps({"run_id": run, "metrics": metrics}).encode()

    def read(self, run: str, rows: int) -> Rows:
        return _rows({name: dict(self._history(run, name)) for name in METRICS})

    def _history(self, run: str, metric: str) -> Iterator[tuple[int, float]]:
        asked = {"run_id": run, "metric_key": metric, "max_results": "25000"}
        while True:
            page = _get(f"{self.url}/api/2.0/mlflow/metrics/get-history", asked)
            yield from ((point["step"], point["value"]) for point in page["metrics"])
            if not page.get("next_page_token"):
                return
            asked["page_token"] = page["next_page_token"]


def _rows(columns: dict[str, dict[int, float]]) -> Rows:
    return [{name: columns[name][step] for name in METRICS} for step in sorted(columns[METRICS[0]])]


def _post(url: str, body: object, auth: tuple[str, str] | None = None) -> Any:
    return _said(httpx.post(url, json=body, auth=auth, timeout=60, trust_env=False))


def _get(url: str, asked: dict[str, str], auth: tuple[str, str] | None = None) -> Any:
    return _said(httpx.get(url, params=asked, auth=auth, timeout=60, trust_env=False))


def _said(answer: httpx.Response) -> Any:
    if answer.status_code != 200:
        raise SystemExit(f"{answer.url} answered {answer.status_code}: {answer.text[:300]}")
    return answer.json()


# ---------------------------------------------------------------------------------------------- servers


@contextlib.contextmanager
def sweepyard(_: Path, folder: Path) -> Iterator[Server]:
    """The hub in a fresh home."""
    with hub_process.serving(folder) as (url, key, _process):
        yield Sweepyard(url, key)


@contextlib.contextmanager
def openwandb(peers: Path, folder: Path) -> Iterator[Server]:
    """`openwandb serve`, as its own documentation starts it but for the address."""
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder / "data")]
    with _process([str(peers / "bin" / "openwandb"), "serve", *options], folder, port):
        yield OpenWandb(f"http://127.0.0.1:{port}", _OPENWANDB_KEY)


@contextlib.contextmanager
def mlflow(peers: Path, folder: Path) -> Iterator[Server]:
    """`mlflow server` with its default number of workers, over SQLite as the hub is."""
    port = free_port()
    store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "files")]
    options = ["--host", "127.0.0.1", "--port", str(port), *store]
    with _process([str(peers / "bin" / "mlflow"), "server", *options], folder, port):
        yield MLflow(f"http://127.0.0.1:{port}")


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _process(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """A server in a process group of its own, answering on the port."""
    names = {"HOME": str(folder), "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **names}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/", timeout=10, trust_env=False)
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} did not come up:\n{(folder / 'server.log').read_text()[-2000:]}")
            time.sleep(0.2)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(timeout=30)


SERVERS: dict[str, Callable[[Path, Path], contextlib.AbstractContextManager[Server]]] = {
    "sweepyard": sweepyard,
    "mlflow": mlflow,
    "openwandb": openwandb,
}

# ------------------------------------------------------------------------------------------------- work


def send(server: Server, run: str, seconds: float, gate: Any, out: Queue[Any]) -> None:
    """One client: chunk after chunk for `seconds`; puts out what each took."""
    raw = Raw(server.url, server.key)
    rows = lines_of(0, ROWS)
    latencies: list[float] = []
    gate.wait()
    end = time.perf_counter() + seconds
    begin = 0
    while time.perf_counter() < end:
        request = raw.prepare(*server.request(run, begin, rows))
        at = time.perf_counter()
        raw.send(request)
        latencies.append(time.perf_counter() - at)
        begin += ROWS
    raw.close()
    out.put(latencies)


def measure_chunks(server: Server, clients: int, seconds: float) -> None:
    """Requests a second, and how long they take."""
    runs = [server.create(f"chunks-{index}") for index in range(clients)]
    found = [
        latency for latencies in together([(send, (server, run, seconds)) for run in runs]) for latency in latencies
    ]
    show(
        "chunks",
        server=server.name,
        clients=clients,
        requests_per_second=round(len(found) / seconds),
        points_per_second=round(len(found) * ROWS * len(METRICS) / seconds),
        p50_ms=quantile(found, 0.5),
        p95_ms=quantile(found, 0.95),
    )


def measure_read(server: Server, rows: int, times: int) -> None:
    """A whole run read back, all of it compared."""
    run = server.create("whole")
    with contextlib.closing(Raw(server.url, server.key)) as raw:
        sent: Rows = []
        for begin in range(0, rows, ROWS * 10):
            lines = lines_of(begin, ROWS * 10)
            sent += [{name: json.loads(line)[name] for name in METRICS} for line in lines]
            raw.post(*server.request(run, begin, lines))
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        found = server.read(run, rows)
        seconds.append(time.perf_counter() - began)
    same = sum(a == b for a, b in zip(sent, found, strict=False))
    show(
        "read",
        server=server.name,
        rows=rows,
        rows_read=len(found),
        rows_the_same=same,
        times=times,
        **spread_of(seconds),
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, required=True, help="the virtual environment with the other servers")
    parser.add_argument("--only", default=",".join(SERVERS), help=f"servers, of {', '.join(SERVERS)} (all)")
    parser.add_argument("--clients", type=int, default=8, help="chunks: clients (8)")
    parser.add_argument("--seconds", type=float, default=10.0, help="chunks: how long (10)")
    parser.add_argument("--rows", type=int, default=20_000, help="read: rows (20000)")
    parser.add_argument("--times", type=int, default=5, help="read: repeats (5)")
    parser.add_argument("--rounds", type=int, default=2, help="of all that, in turns (2)")
    options = parser.parse_args()
    for _ in range(options.rounds):
        for name in options.only.split(","):
            with (
                tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
                SERVERS[name](options.peers.absolute(), Path(folder)) as server,
            ):
                measure_chunks(server, options.clients, options.seconds)
                measure_read(server, options.rows, options.times)


if __name__ == "__main__":
    main()
