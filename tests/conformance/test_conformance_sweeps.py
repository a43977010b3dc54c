"""The real `wandb sweep` and real parallel `wandb agent` processes."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import json, sys
import wandb
with wandb.init() as run:
    run.log({"score": run.config["x"] * 10 + run.config["nested"]["y"]})
"""

SWEEP = """
name: a small grid
method: grid
metric: {name: score, goal: maximize}
program: train.py
parameters:
  x: {values: [1, 2, 3]}
  nested:
    parameters:
      y: {values: [0, 1]}
"""

BEGIN = """mutation ($id: ID, $project: String) {
  upsertSweep(input: {id: $id, projectName: $project, state: "RUNNING"}) { sweep { state } }
}"""

AGENT = """
import sys
import wandb.wandb_agent
from wandb.cli import cli
# The unmodified agent, polling faster than every 5 s so that the test is short.
wandb.wandb_agent.Agent.POLL_INTERVAL = 0.3
sys.argv = ["wandb", "agent", *sys.argv[1:]]
cli.cli()
"""

READING = """
import json, wandb
sweep = wandb.Api().sweep({path!r})
runs = list(sweep.runs)
best = sweep.best_run()
print("RESULT " + json.dumps({{
    "state": sweep.state, "name": sweep.name, "expected": sweep.expected_run_count,
    "points": [[run.config["x"], run.config["nested"]["y"]] for run in runs],
    "states": [run.state for run in runs],
    "scores": [run.summary["score"] for run in runs],
    "best": [best.config["x"], best.config["nested"]["y"]],
    "agents": sorted(len(list(agent.runs())) for agent in sweep.agents()),
}}))
"""


def register(client: Any, project: str, *options: str, text: str = SWEEP) -> str:
    """Registers a sweep with the real command; gives its path."""
    return registered(client, project, *options, text=text)[0]


def registered(client: Any, project: str, *options: str, text: str = SWEEP) -> tuple[str, str]:
    """As `register`, with what the command prints."""
    (client.folder / "sweep.yaml").write_text(text)
    (client.folder / "train.py").write_text(PROGRAM)
    output = client.run("wandb", "sweep", "--project", project, *options, "sweep.yaml", WANDB_SILENT="false")
    found = re.search(r"wandb agent (\S+)", output.replace("\x1b[0m", " "))
    assert found, output
    return re.sub(r"\x1b\[[0-9;]*m", "", found[1]), output


def state_of(client: Any, path: str) -> str:
    entity, project, sweep = path.split("/")
    query = f'{{ project(name: "{project}", entityName: "{entity}") {{ sweep(sweepName: "{sweep}") {{ state }} }} }}'
    return str(client.hub.graphql(query)["project"]["sweep"]["state"])


def test_two_agents_run_every_point_of_a_grid_exactly_once(client: Any, project: str) -> None:
    path = register(client, project)
    assert path.startswith(f"local/{project}/")
    agents = [client.start("python", "-c", AGENT, path, WANDB_SILENT="false") for _ in range(2)]
    outputs = []
    try:
        outputs = [agent.communicate(timeout=240)[0] for agent in agents]
    finally:
        for agent in agents:
            agent.kill()
    assert [agent.returncode for agent in agents] == [0, 0], "\n----\n".join(outputs)
    read = client.python(READING.format(path=path))
    assert read["state"] == "FINISHED"
    assert sorted(map(tuple, read["points"])) == sorted(itertools.product([1, 2, 3], [0, 1]))
    assert read["states"] == ["finished"] * 6
    assert sorted(read["scores"]) == [10, 11, 20, 21, 30, 31]
    assert read["best"] == [3, 1]
    assert read["name"] == "a small grid"
    assert read["expected"] == 6
    assert len(read["agents"]) == 2
    assert sum(read["agents"]) == 6


def test_the_stock_agent_runs_one_point_and_leaves(client: Any, project: str) -> None:
    path = register(client, project)
    flags = ["--forward-signals", "--term-timeout", "5", "--max-consecutive-failed-runs", "2"]
    client.run("wandb", "agent", "--count", "1", "--project", project, "--entity", "local", *flags, path.split("/")[-1])
    query = f'{{ project(name: "{project}") {{ runs {{ edges {{ node {{ state sweepName }} }} }} }} }}'
    edges = client.hub.graphql(query)["project"]["runs"]["edges"]
    assert [edge["node"] for edge in edges] == [{"state": "finished", "sweepName": path.split("/")[-1]}]


def test_a_sweep_is_paused_resumed_stopped_and_canceled(client: Any, project: str) -> None:
    path = register(client, project)
    assert state_of(client, path) == "PENDING"
    # The client pauses no sweep that has not begun.
    client.hub.graphql(BEGIN, {"id": path.split("/")[-1], "project": project})
    for option, state in [("--pause", "PAUSED"), ("--resume", "RUNNING"), ("--cancel", "CANCELED")]:
        client.run("wandb", "sweep", option, path)
        assert state_of(client, path) == state
    client.run("wandb", "sweep", "--pause", path, expect=1)
    assert state_of(client, path) == "CANCELED"
    (client.folder / "sweep.yaml").write_text(SWEEP.replace("[1, 2, 3]", "[1]"))
    refused = client.run("wandb", "sweep", "--update", path, "sweep.yaml", expect=1)
    assert "is canceled; only a sweep that goes on can be edited" in refused


def test_a_sweep_is_named_updated_and_takes_runs_of_before(client: Any, project: str) -> None:
    config = '{"x": {"value": 1}, "nested": {"value": {"y": 0}}}'
    before = """mutation ($project: String, $config: JSONString) {
      upsertBucket(input: {name: "before", modelName: $project, host: "h", config: $config, summaryMetrics: "{}"}) {
        bucket { id } } }"""
    made = client.hub.graphql(before, {"project": project, "config": config})["upsertBucket"]["bucket"]["id"]
    client.hub.graphql(f'mutation {{ updateRunState(input: {{id: "{made}", state: "finished"}}) {{ success }} }}')
    options = ("--name", "as said", "--program", "train.py", "--prior_run", "before", "-R", "nope")
    path, output = registered(client, project, *options)
    assert f"local/{project} has no run 'nope'" in " ".join(output.split())
    assert "no run 'before'" not in output
    (client.folder / "sweep.yaml").write_text(SWEEP.replace("[1, 2, 3]", "[1]"))
    client.run("wandb", "sweep", "--update", path, "sweep.yaml")
    client.run("python", "-c", AGENT, path)
    query = """query ($project: String!, $sweep: String!) { project(name: $project) { sweep(sweepName: $sweep) {
      displayName state config runCountExpected priorRuns { edges { node { name } } }
      runs { edges { node { config state } } } } } }"""
    sweep = client.hub.graphql(query, {"project": project, "sweep": path.split("/")[-1]})["project"]["sweep"]
    assert (sweep["displayName"], sweep["state"]) == ("as said", "FINISHED")
    assert [edge["node"]["name"] for edge in sweep["priorRuns"]["edges"]] == ["before"]
    points = [json.loads(edge["node"]["config"])["nested"]["value"] for edge in sweep["runs"]["edges"]]
    assert points == [{"y": 1}], "x=1, y=0 had run before"
    refused = client.run("wandb", "sweep", "--update", path, "sweep.yaml", expect=0)
    assert "Traceback" not in refused


def test_an_agent_whose_runs_all_fail_gives_up(client: Any, project: str) -> None:
    path = register(client, project)
    (client.folder / "train.py").write_text("import wandb\nwith wandb.init():\n    raise SystemExit(3)\n")
    command = ["python", "-c", AGENT, "--max-consecutive-failed-runs", "2", path]
    assert "2 consecutive failed runs" in client.run(*command, WANDB_SILENT="false")
    query = f'{{ project(name: "{project}") {{ runs {{ edges {{ node {{ state }} }} }} }} }}'
    edges = client.hub.graphql(query)["project"]["runs"]["edges"]
    assert [edge["node"]["state"] for edge in edges] == ["failed", "failed"]


def test_a_sweep_that_is_stopped_hands_out_nothing_more(client: Any, project: str) -> None:
    path = register(client, project)
    client.hub.graphql(BEGIN, {"id": path.split("/")[-1], "project": project})
    client.run("wandb", "sweep", "--stop", path)
    assert state_of(client, path) == "FINISHED"
    client.run("python", "-c", AGENT, path)
    query = f'{{ project(name: "{project}") {{ runCount }} }}'
    assert client.hub.graphql(query)["project"]["runCount"] == 0


def test_an_agent_of_a_canceled_sweep_leaves(client: Any, project: str) -> None:
    path = register(client, project)
    client.run("wandb", "sweep", "--cancel", path)
    client.run("python", "-c", AGENT, path)
    query = f'{{ project(name: "{project}", entityName: "local") {{ runCount }} }}'
    assert client.hub.graphql(query)["project"]["runCount"] == 0


def test_a_function_agent_runs_a_random_sweep_up_to_its_cap(client: Any, project: str) -> None:
    script = """
import json, wandb
from wandb.agents import pyagent
pyagent.Agent.HEARTBEAT_SLEEP_SECONDS = 0.3
def train():
    with wandb.init() as run:
        run.log({{"loss": run.config["lr"]}})
sweep = wandb.sweep({{"method": "random", "run_cap": 3, "metric": {{"name": "loss", "goal": "minimize"}},
    "parameters": {{"lr": {{"min": 0.001, "max": 0.1, "distribution": "log_uniform_values"}}}}}}, project={project!r})
wandb.agent(sweep, function=train, project={project!r})
runs = list(wandb.Api().sweep("local/{project}/" + sweep).runs)
print("RESULT " + json.dumps([run.summary["loss"] for run in runs]))
"""
    losses = client.python(script.format(project=project))
    assert len(losses) == 3
    assert len(set(losses)) == 3
    assert all(0.001 <= loss <= 0.1 for loss in losses)


def test_a_sweep_file_with_a_typo_is_refused_with_the_reason(client: Any, project: str) -> None:
    (client.folder / "sweep.yaml").write_text(SWEEP.replace("maximize", "maximise"))
    output = client.run("wandb", "sweep", "--project", project, "sweep.yaml", expect=1, WANDB_SILENT="false")
    assert "maximise" in output
    query = f'{{ project(name: "{project}", entityName: "local") {{ totalSweeps }} }}'
    assert (client.hub.graphql(query)["project"] or {"totalSweeps": 0})["totalSweeps"] == 0


def test_a_sweep_with_a_method_that_is_not_served_says_so(client: Any, project: str, tmp_path: Path) -> None:
    (client.folder / "sweep.yaml").write_text(SWEEP.replace("method: grid", "method: custom"))
    output = client.run("wandb", "sweep", "--project", project, "sweep.yaml", expect=1, WANDB_SILENT="false")
    assert "custom" in output


LONG_PROGRAM = """
import time
import wandb
with wandb.init() as run:
    x = run.config["x"]
    for _ in range(3 if x == 2 else 180):
        run.log({"score": x})
        time.sleep(0.5)
"""

EARLY = """
method: grid
metric: {name: score, goal: maximize}
early_terminate: {type: hyperband, min_iter: 2}
program: train.py
parameters:
  x: {values: [2, 1]}
"""


def test_a_run_that_falls_behind_is_stopped_by_its_client(client: Any, project: str) -> None:
    """The stock client looks every 15 s whether its run is to stop, and then ends it as Ctrl-C would."""
    path = register(client, project, text=EARLY)
    (client.folder / "train.py").write_text(LONG_PROGRAM)
    client.run("python", "-c", AGENT, path, WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL="1")
    reading = READING.replace(', run.config["nested"]["y"]', "").replace(', best.config["nested"]["y"]', "")
    output = client.run("python", "-c", reading.format(path=path))
    found = json.loads(output.rpartition("RESULT ")[2])
    assert (found["state"], found["points"], found["states"]) == ("FINISHED", [[2], [1]], ["finished", "killed"])
    assert found["best"] == [2]
