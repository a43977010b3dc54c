"""Our tracker over the real client against a real hub, read back with our reader."""

from __future__ import annotations

import base64
import signal
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PROLOGUE = """
import json, os, signal, time
from pathlib import Path
import numpy as np
from sweepyard.config.schema import TrackingConfig
from sweepyard.domain.media import ConfusionMatrix, Image, Table
from sweepyard.errors import TrackingError
from sweepyard.tracking.opening import Server, open_tracker
from sweepyard.tracking.reader import Reader

server = Server({url!r}, {key!r}, "local")
project = {project!r}
output = Path("output").absolute()

def result(value):
    print("RESULT " + json.dumps(value), flush=True)

def open_it(run_id, mode="hub", resume=False, server=server):
    return open_tracker(TrackingConfig(mode=mode, project=project, tags=("tried",)), server=server, output=output,
                        run_id=run_id, name="a run", notes="", resume=resume, environ=os.environ)
"""

TRAINING = """
tracker = open_it("first")
tracker.configure({"model": {"name": "mlp", "units": [8, 4]}, "seed": {"value": 3, "deterministic": False}})
for epoch, accuracy in enumerate([0.5, 0.75, 0.625], 1):
    tracker.log({"epoch/epoch": epoch, "epoch/val_accuracy": accuracy}, step=10 * epoch)
tracker.log({"validation/confusion_matrix": ConfusionMatrix(np.array([[5, 1], [2, 7]]), ("cat", "dog")),
             "validation/mistakes": Table(("index", "image"), [(3, Image(np.full((4, 4), 9, np.uint8)))])}, step=31)
for name, alias in (("early", "best"), ("late", "latest")):
    (output / "model.keras").write_text(name)
    tracker.log_model(output / "model.keras", name="model-first", aliases=(alias,), metadata={"is": name})
stop = tracker.should_stop()
tracker.finish(0)
reader = Reader(server)
run = reader.run(f"{project}/first")
rows = reader.history(run.path, ["epoch/val_accuracy"])
whole = reader.history(run.path)
good = {"summary_metrics.best/val_accuracy": {"$gt": 0.7}}
(only,) = reader.runs(project, filters=good, order="-created_at", limit=5)
assert reader.runs(project, filters={"state": "crashed"}) == []
assert only == run
assert only.config["seed"] == {"value": 3, "deterministic": False}
import wandb
from PIL import Image as Pictures
api = wandb.Api()
models = {}
for alias in ("best", "latest"):
    artifact = api.artifact(f"local/{project}/model-first:{alias}", type="model")
    models[alias] = [Path(artifact.download(root=f"got-{alias}"), "model.keras").read_text(), artifact.metadata]
tables = {}
for artifact in api.run(f"local/{project}/first").logged_artifacts():
    if artifact.type == "run_table":
        for name in artifact.manifest.entries:
            if name.endswith(".table.json"):
                tables[name] = artifact.get(name.removesuffix(".table.json"))
matrix = tables["validation/confusion_matrix_table.table.json"]
((_, picture),) = tables["validation/mistakes.table.json"].data
result({"stop": stop, "state": run.state, "name": run.name, "tags": run.tags, "url": run.url,
        "model": run.config["model"],
        "summary": [run.summary[key] for key in ("epoch/val_accuracy", "best/val_accuracy")], "rows": rows,
        "steps": [row["_step"] for row in whole], "models": models, "matrix": matrix.data,
        "pixels": sorted(set(np.asarray(picture.image).ravel().tolist()))})
"""

AGENT = """
import sys
import wandb.wandb_agent
from wandb.cli import cli
wandb.wandb_agent.Agent.POLL_INTERVAL = 0.3  # the unmodified agent asks every 5 s
sys.argv = ["wandb", "agent", *sys.argv[1:]]
cli.cli()
"""


@pytest.fixture
def track(client: Any, project: str) -> Any:
    """Runs a script against the hub, without anything in its environment that names the hub; gives its result."""
    prologue = PROLOGUE.format(url=client.hub.url, key=client.hub.key, project=project)

    def run(script: str, **options: Any) -> Any:
        return client.python(prologue + script, **options)

    return run


def test_what_a_run_tells_reads_back(track: Any, client: Any, project: str) -> None:
    assert track(TRAINING) == {
        "stop": False,
        "state": "finished",
        "name": "a run",
        "tags": ["tried"],
        "url": f"{client.hub.url}/local/{project}/runs/first",
        "model": {"name": "mlp", "units": [8, 4]},
        "summary": [0.625, 0.75],
        "rows": [
            {"_step": 10, "epoch/val_accuracy": 0.5},
            {"_step": 20, "epoch/val_accuracy": 0.75},
            {"_step": 30, "epoch/val_accuracy": 0.625},
        ],
        "steps": [10, 20, 30, 31],
        "models": {"best": ["early", {"is": "early"}], "latest": ["late", {"is": "late"}]},
        "matrix": [["cat", "cat", 5], ["cat", "dog", 1], ["dog", "cat", 2], ["dog", "dog", 7]],
        "pixels": [9],
    }


def test_the_server_given_wins_over_the_environment_s(track: Any, project: str) -> None:
    script = """
tracker = open_it("first")
tracker.finish(0)
result([tracker.url, sorted(str(path) for path in Path(os.environ["HOME"]).rglob("*netrc*"))])
"""
    url, written = track(script, WANDB_BASE_URL="http://127.0.0.1:9", WANDB_API_KEY="x" * 40, WANDB_MODE="disabled")
    assert url.endswith(f"/local/{project}/runs/first")
    assert written == []


@pytest.mark.parametrize(("exit_code", "state"), [(0, "finished"), (255, "killed"), (1, "failed")])
def test_how_a_run_ends(track: Any, exit_code: int, state: str) -> None:
    script = f"""
tracker = open_it("first", mode="wandb", server=None)
tracker.log({{"a": 1.0}}, step=0)
tracker.finish({exit_code})
result(Reader(None).run(f"local/{{project}}/first").state)
"""
    assert track(script) == state


def test_a_killed_run_goes_on_without_gap_or_double(track: Any) -> None:
    killed = """
tracker = open_it("first")
for step in range(1, 6):
    tracker.log({"epoch/epoch": step, "epoch/val_accuracy": 0.9 if step == 2 else 0.5}, step=step)
reader, deadline = Reader(server), time.monotonic() + 60
while len(reader.history(f"{project}/first")) < 5 and time.monotonic() < deadline:
    time.sleep(0.3)
tracker.log({"epoch/epoch": 6}, step=6)
os.kill(os.getpid(), signal.SIGKILL)
"""
    track(killed, expect=-signal.SIGKILL)
    resumed = """
tracker = open_it("first", resume=True)
last = tracker.last_logged_step
for step in range(1, 9):
    tracker.log({"epoch/epoch": step, "epoch/val_accuracy": 0.7}, step=step)
tracker.finish(0)
reader = Reader(server)
run = reader.run(f"{project}/first")
result([last, [row["_step"] for row in reader.history(run.path)], run.summary["best/val_accuracy"], run.state])
"""
    last, steps, best, state = track(resumed)
    assert last in {5, 6}
    assert steps == [1, 2, 3, 4, 5, 6, 7, 8]
    assert (best, state) == (0.9, "finished")


def test_a_run_that_is_started_again_without_resume_begins_anew(track: Any) -> None:
    script = """
for value in (1.0, 2.0):
    tracker = open_it("first")
    tracker.log({"a": value}, step=0)
    tracker.finish(0)
result([tracker.last_logged_step, Reader(server).history(f"{project}/first", ["a"])])
"""
    assert track(script) == [-1, [{"_step": 0, "a": 2.0}]]


def test_a_stop_asked_for_on_the_hub_is_seen(track: Any, client: Any, project: str) -> None:
    run_id = base64.b64encode(f"Run:v1:first:{project}:local".encode()).decode()
    script = f"""
import signal
signal.signal(signal.SIGINT, lambda *_: None)
from sweepyard.tracking.probe import check_server
import httpx
tracker = open_it("first")
tracker.log({{"a": 1.0}}, step=0)
before = tracker.should_stop()
query = 'mutation {{ stopRun(input: {{id: "{run_id}"}}) {{ success }} }}'
answer = httpx.post(server.url + "/graphql", json={{"query": query}}, auth=("api", server.api_key), trust_env=False)
assert "errors" not in answer.json(), answer.text
after = tracker.should_stop()
tracker.finish(255)
result([before, after, Reader(server).run(f"{{project}}/first").state])
"""
    assert track(script) == [False, True, "killed"]


def test_a_hub_that_goes_away_cannot_say_whether_to_stop(
    client: Any, make_hub: Any, project: str, tmp_path: Any
) -> None:
    with make_hub(tmp_path / "other-home") as other:
        prologue = PROLOGUE.format(url=other.url, key=other.key, project=project)
        script = f"""
tracker = open_it("first")
os.kill({other.process.pid}, signal.SIGSTOP)
answer = tracker.should_stop()
os.kill({other.process.pid}, signal.SIGCONT)
tracker.finish(0)
result(answer)
"""
        assert client.python(prologue + script) is None


def test_the_reader_says_what_is_missing(track: Any) -> None:
    script = """
reader = Reader(server)
open_it("first").finish(0)
asked = [lambda: reader.run(f"{project}/none"), lambda: reader.runs("none"), lambda: reader.sweep(f"{project}/none"),
         lambda: reader.run("first"), lambda: reader.history("a/b/c/d"),
         lambda: Reader(Server(server.url, "k" * 40, "local"))]
said = []
for ask in asked:
    try:
        ask()
        said.append("nothing raised")
    except TrackingError as error:
        said.append(str(error))
result(said)
"""
    run, project, sweep, short, long, key = track(script)
    assert "has no run local/" in run
    assert project == "nothing raised"
    assert "has no sweep local/" in sweep
    assert short.endswith("named as entity/project/id or project/id; received 'first'")
    assert long.endswith("received 'a/b/c/d'")
    assert key.startswith("the API key must be one that")


def test_under_an_agent_the_agent_s_server_project_and_run_win(track: Any, client: Any, project: str) -> None:
    (client.folder / "sweep.yaml").write_text("""
method: grid
metric: {name: epoch/val_accuracy, goal: maximize}
program: train.py
command: ["${env}", "${interpreter}", "${program}", "${args_json_file}"]
parameters:
  model: {values: [mlp, convnet]}
  trainer.batch_size: {value: 32}
""")
    prologue = PROLOGUE.format(url="http://127.0.0.1:9", key="k" * 40, project="elsewhere")
    (client.folder / "train.py").write_text(
        prologue
        + """
import sys
given = json.loads(Path(sys.argv[1]).read_text())
tracker = open_it("not-this-one")
tracker.configure({"model": {"name": given["model"]}, "trainer": {"batch_size": given["trainer.batch_size"]}})
accuracy = given["trainer.batch_size"] / 100 + (given["model"] == "convnet") / 10
tracker.log({"epoch/epoch": 1, "epoch/val_accuracy": accuracy}, step=1)
tracker.finish(0)
"""
    )
    printed = client.run("wandb", "sweep", "--project", project, "sweep.yaml", WANDB_SILENT="false")
    sweep_id = printed.split("/sweeps/")[1].split()[0].removesuffix("\x1b[0m")
    client.run("python", "-c", AGENT, f"local/{project}/{sweep_id}")
    script = f"""
sweep = Reader(server).sweep(f"{{project}}/{sweep_id}")
best = sweep.best
result({{"state": sweep.state, "expected": sweep.expected_runs, "objective": sweep.objective.metric,
        "points": [[run.config["model"], run.config["trainer.batch_size"]] for run in sweep.runs],
        "resolved": [run.config["resolved"]["model"]["name"] for run in sweep.runs],
        "states": sorted({{run.state for run in sweep.runs}}), "sweeps": sorted({{run.sweep_id for run in sweep.runs}}),
        "best": [best.config["model"], best.config["trainer.batch_size"]], "ranked": len(sweep.ranked())}})
"""
    found = track(script)
    assert sorted(found.pop("points")) == [["convnet", 32], ["mlp", 32]]
    assert sorted(found.pop("resolved")) == ["convnet", "mlp"]
    assert found == {
        "state": "FINISHED",
        "expected": 2,
        "objective": "epoch/val_accuracy",
        "states": ["finished"],
        "sweeps": [sweep_id],
        "best": ["convnet", 32],
        "ranked": 2,
    }
