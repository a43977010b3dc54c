"""The real `wandb sweep-scheduler` proposes the runs of a sweep, and real `wandb agent` processes run them.

The client's schedulers search with packages that are none of ours (`sweeps`, `optuna`, `ax`). So the engine here is a
small stand-in for `sweeps` in the scheduler's folder; all that speaks to the hub is the client's own.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from typing import Any

import pytest
from tests.conformance.test_conformance_sweeps import AGENT, register, state_of

pytestmark = pytest.mark.slow

SWEEP = """
name: proposed elsewhere
method: grid
metric: {name: score, goal: maximize}
program: train.py
scheduler: {engine: wandb}
parameters:
  x: {values: [1, 2, 3]}
  nested:
    parameters:
      y: {values: [0, 1]}
"""

# What the client asks of the package `sweeps`: points of a grid. The client sets what it is told of a run, the history
# last of all; each time that is written down.
ENGINE = """
import enum, json

class RunState(str, enum.Enum):
    running = "running"
    pending = "pending"
    finished = "finished"
    killed = "killed"
    crashed = "crashed"
    failed = "failed"
    preempting = "preempting"
    preempted = "preempted"

class SweepRun:
    def __init__(self, name=None, config=None, state=RunState.pending):
        self.name, self.config, self.state = name, config, state
        self.summary_metrics = {}

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name == "history":
            with open("told.jsonl", "a") as file:
                print(json.dumps([self.config, self.state.value, self.summary_metrics.get("score"), value]), file=file)

def next_runs(config, runs, n):
    points = [
        {"x": {"value": x}, "nested": {"value": {"y": y}}}
        for x in config["parameters"]["x"]["values"]
        for y in config["parameters"]["nested"]["parameters"]["y"]["values"]
    ]
    return [SweepRun(config=point) for point in points if point not in [run.config for run in runs]][:n]

def stop_runs(config, runs):
    return []
"""

# With `-c` the folder itself is the first place where modules are looked for.
SCHEDULER = """
import sys
from wandb.cli import cli
sys.argv = ["wandb", "sweep-scheduler", "--batch-size", sys.argv[1], "--poll-interval", "1", sys.argv[2]]
cli.cli()
"""

RUNS = """query ($project: String!, $sweep: String!) { project(name: $project) { sweep(sweepName: $sweep) {
  state runCountExpected controllerRunName
  runs { edges { node { name config state summaryMetrics } } }
  agents { edges { node { totalRuns } } } } } }"""
ENQUEUE = """mutation ($id: ID!, $config: JSONString!) {
  enqueueSweepRun(input: {id: $id, config: $config}) { id runQueueItemId } }"""


def start_scheduler(client: Any, path: str, *, batch: int) -> Any:
    (client.folder / "sweeps.py").write_text(ENGINE)
    return client.start("python", "-c", SCHEDULER, str(batch), path, WANDB_SILENT="false")


def read(client: Any, path: str) -> dict[str, Any]:
    _, project, sweep = path.split("/")
    found: dict[str, Any] = client.hub.graphql(RUNS, {"project": project, "sweep": sweep})["project"]["sweep"]
    return found


def told(client: Any) -> dict[tuple[int, int], tuple[str, int | None, list[Any]]]:
    """What the engine heard last of each point: the state, the score and the history of its run."""
    lines = map(json.loads, (client.folder / "told.jsonl").read_text().splitlines())
    return {point_of(config): (state, score, history) for config, state, score, history in lines}


def point_of(config: Any) -> tuple[int, int]:
    return config["x"]["value"], config["nested"]["value"]["y"]


def test_what_a_scheduler_enqueues_is_run_exactly_once_and_it_is_told_of_every_result(
    client: Any, project: str
) -> None:
    path = register(client, project, text=SWEEP)
    agents = [client.start("python", "-c", AGENT, path, WANDB_SILENT="false") for _ in range(2)]
    scheduler = start_scheduler(client, path, batch=3)
    processes = [scheduler, *agents]
    outputs: list[str] = []
    try:
        outputs = [process.communicate(timeout=240)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0, 0], "\n----\n".join(outputs)
    assert "the search space is exhausted" in outputs[0]
    sweep = read(client, path)
    nodes = [edge["node"] for edge in sweep["runs"]["edges"]]
    expected = sorted(itertools.product([1, 2, 3], [0, 1]))
    assert sorted(point_of(json.loads(node["config"])) for node in nodes) == expected
    assert [node["state"] for node in nodes] == ["finished"] * 6
    assert (sweep["state"], sweep["runCountExpected"]) == ("FINISHED", None)
    assert sum(edge["node"]["totalRuns"] for edge in sweep["agents"]["edges"]) == 6
    heard = told(client)
    assert {point: (state, score) for point, (state, score, _) in heard.items()} == {
        (x, y): ("finished", x * 10 + y) for x, y in expected
    }
    assert [[row["score"] for row in rows] for _, score, rows in heard.values()] == [
        [score] for _, score, _ in heard.values()
    ]


def test_a_scheduler_that_is_started_again_goes_on_with_what_waits(client: Any, project: str) -> None:
    path = register(client, project, text=SWEEP)
    first = start_scheduler(client, path, batch=6)
    deadline = time.monotonic() + 60
    while len(read(client, path)["runs"]["edges"]) < 6:
        assert time.monotonic() < deadline, first.communicate(timeout=5)
        time.sleep(0.2)
    first.kill()
    first.communicate()
    assert state_of(client, path) == "PENDING"
    waiting = [edge["node"] for edge in read(client, path)["runs"]["edges"]]
    assert {node["state"] for node in waiting} == {"pending"}
    # What the scheduler stops before an agent has had it is not run.
    stopped = waiting[0]
    query = f'{{ project(name: "{project}") {{ run(name: "{stopped["name"]}") {{ id }} }} }}'
    run_id = client.hub.graphql(query)["project"]["run"]["id"]
    client.hub.graphql("mutation ($id: ID!) { stopRun(input: {id: $id}) { success } }", {"id": run_id})
    again = start_scheduler(client, path, batch=6)
    agent = client.start("python", "-c", AGENT, path, WANDB_SILENT="false")
    try:
        output, _ = again.communicate(timeout=120)
        agent.communicate(timeout=60)
    finally:
        again.kill()
        agent.kill()
    assert (again.returncode, agent.returncode) == (0, 0), output
    nodes = [edge["node"] for edge in read(client, path)["runs"]["edges"]]
    assert sorted(node["name"] for node in nodes) == sorted(node["name"] for node in waiting)
    states = {node["name"]: node["state"] for node in nodes}
    assert states.pop(stopped["name"]) == "killed"
    assert set(states.values()) == {"finished"}
    assert sorted(state for state, _, _ in told(client).values()) == ["finished"] * 5 + ["killed"]


def test_a_sweep_without_a_scheduler_takes_no_points_from_outside(client: Any, project: str) -> None:
    path = register(client, project)
    query = f'{{ project(name: "{project}") {{ sweep(sweepName: "{path.split("/")[-1]}") {{ id }} }} }}'
    sweep_id = client.hub.graphql(query)["project"]["sweep"]["id"]
    with client.hub.http() as http:
        answer = http.post("/graphql", json={"query": ENQUEUE, "variables": {"id": sweep_id, "config": "{}"}}).json()
    assert re.search("its file has no `scheduler`", answer["errors"][0]["message"])
