"""Runs of the real client: logged, resumed, repeated, read back."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

pytestmark = pytest.mark.slow

LOGGING = """
import math, wandb
import numpy as np
run = wandb.init(
    project={project!r}, id="whole", name="a name", group="g", job_type="train", tags=["x", "y"], notes="some notes",
    config={{"lr": 0.1, "model": {{"units": [64, 32], "name": "mlp"}}, "nothing": None, "text": "é 🌱", "a.b": 1}},
)
for step in range(20):
    run.log({{"loss": 1.0 / (step + 1), "odd": math.nan if step == 3 else math.inf if step == 4 else step,
             "nested": {{"inner": step}}}})
run.log({{"image": wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8), caption="black"),
         "histogram": wandb.Histogram(np.arange(10)),
         "table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])}})
run.summary["best/val"] = 0.5
run.config.update({{"late": True}})
run.alert(title="look", text="at this")
print("hello from the console")
run.finish()
"""

READING = """
import json, wandb
api = wandb.Api()
run = api.run({path!r})
print("RESULT " + json.dumps({{
    "state": run.state, "name": run.name, "group": run.group, "tags": run.tags, "notes": run.notes,
    "job_type": run.job_type, "config": run.config, "summary": dict(run.summary._json_dict),
    "history": run.history(samples=1000, pandas=False),
    "scan": list(run.scan_history()),
    "losses": [row["loss"] for row in run.scan_history(keys=["loss"])],
    "files": sorted(file.name for file in run.files()),
    "last": run.lastHistoryStep,
    "artifacts": [artifact.type for artifact in run.logged_artifacts()],
}}))
"""


@pytest.fixture
def whole(client: Any, project: str) -> str:
    client.run("python", "-c", LOGGING.format(project=project), WANDB_CONSOLE="wrap")
    return f"local/{project}/whole"


def test_everything_that_a_run_logs_is_read_back(client: Any, whole: str) -> None:
    read = client.python(READING.format(path=whole))
    assert read["state"] == "finished"
    assert (read["name"], read["group"], read["job_type"]) == ("a name", "g", "train")
    assert (read["tags"], read["notes"]) == (["x", "y"], "some notes")
    assert read["config"] == {
        "lr": 0.1,
        "model": {"units": [64, 32], "name": "mlp"},
        "nothing": None,
        "text": "é 🌱",
        "a.b": 1,
        "late": True,
    }
    assert read["summary"]["best/val"] == 0.5
    assert read["summary"]["loss"] == 0.05
    assert read["summary"]["image"]["_type"] == "image-file"
    assert read["last"] == 20
    assert [row["_step"] for row in read["scan"]] == list(range(21))
    assert [row["_step"] for row in read["history"]] == list(range(21))
    assert read["losses"] == [1.0 / (step + 1) for step in range(20)]
    odd = [row.get("odd") for row in read["scan"][:6]]
    assert odd[:3] == [0, 1, 2]
    assert not math.isfinite(float(odd[3]))
    assert not math.isfinite(float(odd[4]))
    assert read["scan"][5]["nested"]["inner"] == 5
    assert {"config.yaml", "output.log", "wandb-metadata.json", "wandb-summary.json"} <= set(read["files"])
    assert any(name.startswith("media/images/") for name in read["files"])
    assert any(name.startswith("media/table/") for name in read["files"])
    assert "run_table" in read["artifacts"]
    alerts = [line for line in client.hub.log().splitlines() if "Traceback" in line]
    assert not alerts, client.hub.log()


def test_a_resumed_run_goes_on_without_gap_or_double(client: Any, project: str) -> None:
    script = """
import wandb
run = wandb.init(project={project!r}, id="again", resume={resume!r})
begin = run.starting_step
for step in range(5):
    run.log({{"value": begin + step}})
run.finish()
print("RESULT " + str(begin))
"""
    assert client.python(script.format(project=project, resume="allow")) == 0
    assert client.python(script.format(project=project, resume="must")) == 5
    rows = client.python(
        f"""
import json, wandb
run = wandb.Api().run("local/{project}/again")
print("RESULT " + json.dumps([[row["_step"], row["value"]] for row in run.scan_history()]))
"""
    )
    assert rows == [[step, step] for step in range(10)]


def test_using_an_id_again_without_resume_begins_anew(client: Any, project: str) -> None:
    script = """
import wandb
run = wandb.init(project={project!r}, id="same")
for step in range({count}):
    run.log({{"value": {count}}})
run.finish()
"""
    client.python(script.format(project=project, count=7))
    client.python(script.format(project=project, count=3))
    rows = client.python(
        f"""
import json, wandb
run = wandb.Api().run("local/{project}/same")
print("RESULT " + json.dumps([row["value"] for row in run.scan_history()]))
"""
    )
    assert rows == [3, 3, 3]


def test_must_resume_of_an_unknown_run_fails(client: Any, project: str) -> None:
    script = f"import wandb\nwandb.init(project={project!r}, id='nobody', resume='must')"
    assert "nobody" in client.run("python", "-c", script, expect=1, WANDB_SILENT="false")


def test_a_script_that_fails_leaves_a_failed_run(client: Any, project: str) -> None:
    script = (
        f"import wandb\nrun = wandb.init(project={project!r}, id='bad')\nrun.log({{'a': 1}})\nraise ValueError('x')"
    )
    client.run("python", "-c", script, expect=1)
    data = client.hub.graphql(
        f'{{ project(name: "{project}", entityName: "local") {{ run(name: "bad") {{ state exitcode }} }} }}'
    )
    assert data["project"]["run"] == {"state": "failed", "exitcode": 1}


ROWS = """query ($project: String!, $run: String!) {
  project(name: $project) { run(name: $run) { state historyLineCount history(minStep: 0, maxStep: 100) } }
}"""
CREATE = """mutation ($name: String!, $project: String!, $config: JSONString) {
  upsertBucket(input: {name: $name, modelName: $project, host: "h", config: $config}) {
    inserted bucket { id historyLineCount }
  }
}"""


def test_a_chunk_that_is_sent_again_doubles_nothing(hub: Any, project: str) -> None:
    made = hub.graphql(CREATE, {"name": "raw", "project": project, "config": '{"_wandb": {"value": {"t": {}}}}'})[
        "upsertBucket"
    ]
    assert made["inserted"] is True
    url = f"/files/local/{project}/raw/file_stream"
    lines = [json.dumps({"_step": step, "value": step}) for step in range(6)]
    chunks = [
        {"offset": 0, "content": lines[:3]},
        {"offset": 3, "content": lines[3:]},
    ]
    with hub.http() as http:
        for chunk in [chunks[1], chunks[0], chunks[0], chunks[1]]:
            answer = http.post(url, json={"files": {"wandb-history.jsonl": chunk}})
            assert answer.json() == {"exitcode": None, "limits": {}, "stopped": False}
        bad = http.post(url, json={"files": {"wandb-history.jsonl": {"offset": 6, "content": ["{"]}}})
        assert bad.status_code == 400
        unknown = http.post(f"/files/local/{project}/none/file_stream", json={})
        assert unknown.status_code == 404
        done = http.post(url, json={"complete": True, "exitcode": 0})
        assert done.status_code == 200
    run = hub.graphql(ROWS, {"project": project, "run": "raw"})["project"]["run"]
    assert run["state"] == "finished"
    assert run["historyLineCount"] == 6
    assert run["history"] == lines


def test_an_offline_run_is_synced_twice_without_doubling(client: Any, project: str) -> None:
    script = f"""
import wandb
run = wandb.init(project={project!r}, id="later", mode="offline")
for step in range(8):
    run.log({{"value": step}})
run.finish()
"""
    client.python(script)
    (folder,) = (client.folder / "wandb").glob("offline-run-*")
    for _ in range(2):
        client.run("wandb", "sync", "--entity", "local", "--include-synced", str(folder))
    run = client.hub.graphql(ROWS, {"project": project, "run": "later"})["project"]["run"]
    assert [json.loads(line)["value"] for line in run["history"]] == list(range(8))
    assert run["state"] == "finished"
