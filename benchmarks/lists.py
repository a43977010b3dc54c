"""How long lists of runs take over HTTP: `python benchmarks/lists.py [--runs 10000]`.

Fills the database of a fresh home with one sweep of so many runs, starts a real hub process over it, and sends the
documents that `wandb.Api().runs(...)` and `sweep.best_run()` of the client 0.31 send: filters, orders and pages drawn
from a seeded generator, with one run changed before each request, as beside a sweep that goes on. The first requests
are told apart: the first one that names a field reads that field of every run once.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

from hub_process import serving
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.domain.sweep import Sweep, SweepPath, SweepState
from sweepyard.jsonvalue import JsonObject
from sweepyard.storage.unit_of_work import open_database

SWEEP = """
method: random
metric: {name: val_loss, goal: minimize}
parameters:
  lr: {distribution: log_uniform_values, min: 0.0001, max: 0.1}
"""
FIELDS = """
  id tags name displayName sweepName state group jobType commit readOnly createdAt heartbeatAt description notes
  historyLineCount user { name username }
"""
WHOLE = FIELDS + " config systemMetrics summaryMetrics historyKeys"
RUNS = """
query Runs($project: String!, $entity: String!, $cursor: String, $perPage: Int = 50, $order: String,
    $filters: JSONString) {
  project(name: $project, entityName: $entity) {
    internalId runCount(filters: $filters) readOnly
    runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
      edges { node { projectId %s } cursor } pageInfo { endCursor hasNextPage }
    }
  }
}"""
UPSERT = """
mutation ($name: String!, $summary: JSONString) {
  upsertBucket(input: {name: $name, modelName: "p", entityName: "local", summaryMetrics: $summary}) { inserted }
}"""
ORDERS = ["-summary_metrics.val_loss", "+summary_metrics.acc", "+config.lr", "-created_at", "+display_name"]


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000, help="runs in the project (10000)")
    parser.add_argument("--requests", type=int, default=200, help="requests of each kind (200)")
    parser.add_argument("--first", type=int, default=40, help="requests that come before those (40)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill(home, options.runs)
        with serving(home) as (url, key, hub), httpx.Client(base_url=url, auth=("api", key), timeout=60) as http:
            draw = random.Random(0)
            measure(http, hub, "runs: filter and sort, pages of 50", options, draw, listing(draw, options.runs))
            measure(
                http, hub, "the same, with configs and summaries", options, draw, listing(draw, options.runs, WHOLE)
            )
            measure(http, hub, "runs: newest first, pages of 50", options, draw, newest())
            measure(http, hub, "sweep.best_run()", options, draw, best())
            measure(http, hub, "sweep.best_run() by another metric", options, draw, best("-summary_metrics.acc"))
    return 0


def fill(home: Path, count: int) -> None:
    """A project of so many finished runs, all of one sweep."""
    draw = random.Random(1)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    database = open_database(home)
    with database.writing() as unit:
        unit.projects.ensure("local", "p", begin)
        path = SweepPath("local", "p", "sweep001")
        unit.sweeps.add(
            Sweep(path=path, state=SweepState.RUNNING, config_yaml=SWEEP, seed=0, created_at=begin, updated_at=begin)
        )
        for number in range(count):
            at = begin + timedelta(seconds=number)
            config: JsonObject = {"lr": draw.random(), "model": {"name": draw.choice(["mlp", "cnn"]), "units": [1]}}
            config |= {f"option_{index}": draw.random() for index in range(15)}
            summary: JsonObject = {"val_loss": draw.random(), "acc": draw.random(), "_step": 100, "_runtime": 12.5}
            summary |= {f"metric_{index}": draw.random() for index in range(15)}
            unit.runs.add(
                Run(
                    path=RunPath("local", "p", f"run{number:05}"),
                    state=draw.choice([RunState.FINISHED, RunState.FAILED]),
                    created_at=at,
                    updated_at=at,
                    display_name=f"{draw.choice(['calm', 'brisk'])}-{number}",
                    config=config,
                    wandb_config={"t": {"1": [1, 2, 3]}},
                    summary=summary,
                    tags=tuple(draw.sample(["a", "b", "c"], 2)),
                    sweep_id="sweep001",
                )
            )
    database.close()


def listing(
    draw: random.Random, count: int, fields: str = FIELDS
) -> Generator[dict[str, object], dict[str, Any], None]:
    """Requests for filtered and sorted lists, half of them for a second page."""
    cursor = None
    while True:
        low = draw.random() / 2
        filters: dict[str, object] = draw.choice(
            [
                {"config.lr": {"$gt": low, "$lt": low + 0.5}},
                {"$and": [{"state": "finished"}, {"config.model.name": "mlp"}]},
                {"$or": [{"tags": "a"}, {"summary_metrics.acc": {"$gte": low}}]},
                {"display_name": {"$regex": f"calm-.*{draw.randrange(10)}$"}},
                {},
            ]
        )
        order = draw.choice(ORDERS)
        variables = {"project": "p", "entity": "local", "order": order, "filters": json.dumps(filters)}
        answer = yield {"query": RUNS % fields, "variables": variables}
        page = answer["data"]["project"]["runs"]["pageInfo"]
        if page["hasNextPage"]:
            cursor = page["endCursor"]
            yield {"query": RUNS % fields, "variables": {**variables, "cursor": cursor}}


def newest() -> Generator[dict[str, object], dict[str, Any], None]:
    """Requests for the first page as the client asks without arguments."""
    while True:
        variables = {"project": "p", "entity": "local", "order": "+created_at", "filters": "{}"}
        yield {"query": RUNS % FIELDS, "variables": variables}


def best(order: str = "+summary_metrics.val_loss") -> Generator[dict[str, object], dict[str, Any], None]:
    """Requests as `sweep.best_run()` sends them."""
    filters = json.dumps({"$and": [{"sweep": "sweep001"}]})
    while True:
        variables = {"project": "p", "entity": "local", "order": order, "filters": filters, "perPage": 1}
        yield {"query": RUNS % FIELDS, "variables": variables}


def measure(
    http: httpx.Client,
    hub: psutil.Process,
    what: str,
    options: argparse.Namespace,
    draw: random.Random,
    requests: Generator[dict[str, Any], dict[str, Any], None],
) -> None:
    """Send the requests, one after the other, and print their times and what they cost the hub, in milliseconds."""
    times: list[float] = []
    request = next(requests)
    spent = 0.0
    for number in range(-options.first, options.requests):
        changed = {"name": f"run{draw.randrange(options.runs):05}", "summary": json.dumps({"val_loss": draw.random()})}
        http.post("/graphql", json={"query": UPSERT, "variables": changed}).raise_for_status()
        before = sum(hub.cpu_times()[:2])
        begin = time.perf_counter()
        response = http.post("/graphql", json=request)
        took = (time.perf_counter() - begin) * 1000
        answer = response.raise_for_status().json()
        if "errors" in answer:
            raise SystemExit(f"the hub refused: {answer}")
        request = requests.send(answer)
        if number >= 0:
            times.append(took)
            spent += (sum(hub.cpu_times()[:2]) - before) * 1000
        elif number == -options.first:
            first = took
    cuts = statistics.quantiles(times, n=100)
    wall = f"first {first:6.1f}  p50 {cuts[49]:6.1f}  p95 {cuts[94]:6.1f}  worst {max(times):6.1f}"
    print(f"{what:40} {wall} ms; processor time {spent / len(times):5.1f} ms a request", flush=True)


if __name__ == "__main__":
    sys.exit(main())
