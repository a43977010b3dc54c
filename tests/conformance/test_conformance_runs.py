"""Runs of the real client: logged, resumed, repeated, read back."""

from __future__ import annotations

import html
import json
import math
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.slow

LOGGING = """
import math, wandb
import numpy as np

class Figure:  # Plotly's as far as the client looks: it knows one by its name, and asks for its JSON.
    def to_plotly_json(self):
        return {{"data": [{{"type": "bar", "y": np.arange(3)}}], "layout": {{"title": {{"text": "three bars"}}}}}}

Figure.__module__ = "plotly.graph_objs._figure"
run = wandb.init(
    project={project!r}, id="whole", name="a name", group="g", job_type="train", tags=["x", "y"], notes="some notes",
    config={{"lr": 0.1, "model": {{"units": [64, 32], "name": "mlp"}}, "nothing": None, "text": "é 🌱", "a.b": 1}},
)
run.define_metric("epoch", hidden=True)
run.define_metric("by/*", step_metric="epoch", summary="max")
run.define_metric("many", summary="min,max,mean,first,last")
run.define_metric("quiet", summary="none")
for step in range(20):
    run.log({{"loss": 1.0 / (step + 1), "odd": math.nan if step == 3 else math.inf if step == 4 else step,
             "nested": {{"inner": step}}, "epoch": step // 5, "by/one": -abs(step - 7), "many": step, "quiet": step}})
run.log({{"image": wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8), caption="black"),
         "histogram": wandb.Histogram(np.arange(10)),
         "table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]]), "html": wandb.Html("<b>bold</b>"),
         "plotly": wandb.Plotly(Figure()),
         "line": wandb.plot.line(wandb.Table(columns=["x", "y"], data=[[1, 2]]), "x", "y", title="a line"),
         "confusion": wandb.plot.confusion_matrix(y_true=[0, 1], preds=[1, 1], class_names=["cat", "dog"])}})
run.summary["best/val"] = 0.5
run.config.update({{"late": True}})
run.summary["undefined"] = -math.inf
run.alert(title="look", text="at this", level=wandb.AlertLevel.WARN)
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
    "system": len(run.history(stream="system", pandas=False)),
    "charts": sorted(run.rawconfig["_wandb"]["visualize"]),
    "losses": [row["loss"] for row in run.scan_history(keys=["loss"])],
    "files": sorted(file.name for file in run.files()),
    "last": run.lastHistoryStep,
    "artifacts": [artifact.type for artifact in run.logged_artifacts()],
}}))
"""


@pytest.fixture
def whole(client: Any, project: str) -> str:
    # The client compresses what it streams where both sides want it.
    settings = {"WANDB_CONSOLE": "wrap", "WANDB_X_FILE_STREAM_NO_GZIP": "false"}
    client.run("python", "-c", LOGGING.format(project=project), **settings)
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
    assert not math.isfinite(float(read["summary"]["undefined"]))
    assert read["summary"]["many"] == {"min": 0, "max": 19, "mean": 9.5, "first": 0, "last": 19}
    assert read["summary"]["by/one"] == {"max": 0}
    assert "quiet" not in read["summary"]
    assert read["summary"]["html"]["_type"] == "html-file"
    assert read["charts"] == ["confusion", "line"]
    assert read["system"] >= 1
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
    assert any(name.startswith("media/html/") for name in read["files"])
    plotly = read["summary"]["plotly"]
    assert (plotly["_type"], plotly["path"] in read["files"]) == ("plotly-file", True)
    with client.hub.http() as http:
        figure = http.get(f"/files/{whole}/{plotly['path']}")
        assert figure.json() == {"data": [{"type": "bar", "y": [0, 1, 2]}], "layout": {"title": {"text": "three bars"}}}
        http.post("/login", data={"key": client.hub.key})
        page = http.get(
            f"/local/{whole.split('/')[1]}/runs/whole/media?key=plotly", headers={"Accept": "text/html"}
        ).text
    assert plotly["path"] in html.unescape(page)
    assert "It is not shown here" in page
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
state = wandb.Api().run(run.path).state
run.finish(exit_code=3)
print('RESULT ["%s", "%s", %d]' % (state, wandb.Api().run(run.path).state, begin))
"""
    assert client.python(script.format(project=project, resume="allow")) == ["running", "failed", 0]
    assert client.python(script.format(project=project, resume="must")) == ["running", "failed", 5]
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


def test_numbers_that_are_none_come_back_from_the_summary_as_far_as_the_client_sends_them(
    client: Any, project: str
) -> None:
    """The client makes a single NaN of `run.summary[key] = nan` a null, and then leaves the key out."""
    read = client.python(f"""
import json, math, wandb
def told():
    summary = wandb.Api().run("local/{project}/odd").summary
    return {{**{{key: summary.get(key) for key in KEYS}}, "nested": summary["nested"]["deep"]}}
KEYS = ["logged", "high", "low", "list", "text", "single", "later", "late"]
with wandb.init(project={project!r}, id="odd") as run:
    run.log({{"logged": math.nan, "high": 0}})
    run.summary["high"] = math.inf
    run.summary.update({{"low": -math.inf, "list": [1.5, math.nan], "nested": {{"deep": math.inf}}, "text": "NaN"}})
    run.summary["single"] = math.nan
summary = wandb.Api().run("local/{project}/odd").summary
before = told()
summary["later"] = -math.inf
summary["late"] = math.nan
summary.update()
print("RESULT " + json.dumps([before, told()]))
""")
    sent = {"high": math.inf, "low": -math.inf, "nested": math.inf, "text": "NaN", "single": None}
    for summary, later in zip(read, (None, -math.inf), strict=True):
        assert math.isnan(summary.pop("logged"))
        first, second = summary.pop("list")
        assert first == 1.5
        assert math.isnan(second)
        assert summary == {**sent, "later": later, "late": None}


def test_a_run_that_its_user_renames_while_it_goes_on_keeps_what_it_logged(client: Any, project: str) -> None:
    read = client.python(f"""
import json, time, wandb
path = "local/{project}/renamed"
def values():
    return [row["value"] for row in wandb.Api().run(path).scan_history()]
with wandb.init(project={project!r}, id="renamed") as run:
    for value in range(3):
        run.log({{"value": value}})
        deadline = time.monotonic() + 30
        while value not in values() and time.monotonic() < deadline:
            time.sleep(0.5)
        run.name, run.notes, run.tags = f"name {{value}}", f"note {{value}}", [f"tag {{value}}"]
run = wandb.Api().run(path)
print("RESULT " + json.dumps([values(), run.name, run.notes, run.tags, run.state]))
""")
    assert read == [[0, 1, 2], "name 2", "note 2", ["tag 2"], "finished"]


@pytest.mark.parametrize(
    "settings",
    ["", "host=''", "x_disable_machine_info=True", "host='', program=''"],
    ids=["stock", "no-host", "no-machine", "nothing"],
)
def test_a_run_runs_whatever_it_says_of_its_machine(client: Any, project: str, settings: str) -> None:
    states = client.python(f"""
import json, time, wandb
path = "local/{project}/one"
with wandb.init(project={project!r}, id="one", settings=wandb.Settings({settings})) as run:
    run.log({{"value": 1}})
    deadline = time.monotonic() + 30
    while (state := wandb.Api().run(path).state) == "pending" and time.monotonic() < deadline:
        time.sleep(0.5)
print("RESULT " + json.dumps([state, wandb.Api().run(path).state]))
""")
    assert states == ["running", "finished"]


def test_a_run_that_no_process_works_on_is_what_its_maker_says(client: Any, project: str) -> None:
    states = client.python(f"""
import json, wandb
from wandb.apis.public import Run
api = wandb.Api()
api.create_run(run_id="at-once", project={project!r})
Run.create(api, run_id="later", project={project!r}, state="pending")
made = [api.run("{project}/" + name).state for name in ("at-once", "later")]
with wandb.init(project={project!r}, id="later", resume="allow"):
    made.append(wandb.Api().run("{project}/later").state)
print("RESULT " + json.dumps(made))
""")
    assert states == ["running", "pending", "running"]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("id='nobody', resume='must'", "nobody"),
        ("id='there', resume='never'", "there"),
        ("id='new', fork_from='there?_step=1'", "does not rewind or fork runs"),
        ("id='there', resume_from='there?_step=1'", "does not rewind or fork runs"),
    ],
)
def test_a_beginning_that_cannot_be_is_refused_with_the_reason(client: Any, project: str, how: str, said: str) -> None:
    client.hub.graphql(CREATE, {"name": "there", "project": project, "config": STARTED})
    script = f"import wandb\nwandb.init(project={project!r}, settings=wandb.Settings(init_timeout=30), {how})"
    assert said in client.run("python", "-c", script, expect=1, WANDB_SILENT="false")
    query = f'{{ project(name: "{project}") {{ runs {{ edges {{ node {{ name }} }} }} }} }}'
    assert [edge["node"]["name"] for edge in client.hub.graphql(query)["project"]["runs"]["edges"]] == ["there"]


def test_auto_resumes_what_was_killed(client: Any, project: str) -> None:
    script = f"""
import json, os, signal, sys, time, wandb
run = wandb.init(project={project!r}, resume="auto")
first = run.starting_step
for step in range(3):
    run.log({{"value": first + step}})
if len(sys.argv) > 1:
    rows, deadline = [], time.monotonic() + 60
    while len(rows) < 3 and time.monotonic() < deadline:
        time.sleep(0.3)
        rows = list(wandb.Api().run(run.path).scan_history())
    os.kill(os.getpid(), signal.SIGKILL)
run.finish()
print("RESULT " + json.dumps([row["value"] for row in wandb.Api().run(run.path).scan_history()]))
"""
    client.run("python", "-c", script, "kill", expect=-signal.SIGKILL)
    assert client.python(script) == list(range(6))


def beside(folder: Path) -> list[psutil.Process]:
    """The living processes that were started with this folder as their home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get("HOME") == str(folder):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_a_killed_run_that_is_synced_loses_nothing(client: Any, project: str) -> None:
    script = f"""
import glob, os, signal, time, wandb
run = wandb.init(project={project!r}, id="killed")
for step in range(40):
    run.log({{"value": step}})
    if step == 20:
        time.sleep(1.5)
rows, deadline = [], time.monotonic() + 60
while len(rows) < 40 and time.monotonic() < deadline:
    time.sleep(0.3)
    rows = list(wandb.Api().run(run.path).scan_history())
# The client writes its own file now and then; one without a run in it cannot be synced.
while os.path.getsize(glob.glob("wandb/run-*-killed/run-killed.wandb")[0]) < 100 and time.monotonic() < deadline:
    time.sleep(0.1)
os.kill(os.getpid(), signal.SIGKILL)
"""
    client.run("python", "-c", script, expect=-signal.SIGKILL)
    # What the client has running beside the script outlives it for a moment, and still speaks for the run.
    deadline = time.monotonic() + 60
    while beside(client.folder):
        assert time.monotonic() < deadline, beside(client.folder)
        time.sleep(0.1)
    (folder,) = (client.folder / "wandb").glob("run-*-killed")
    client.run("wandb", "sync", "--yes", "--include-online", str(folder))
    run = client.hub.graphql(ROWS, {"project": project, "run": "killed"})["project"]["run"]
    # The client's own file may end before what it had sent.
    assert [json.loads(line)["value"] for line in run["history"]] == list(range(40))
    assert run["state"] == "failed"


def test_names_of_all_scripts_and_ten_thousand_keys_survive(client: Any, project: str) -> None:
    name = "🌱 طوق عربي " + "x" * 4000
    read = client.python(f"""
import json, math, wandb
config = {{f"key{{n}}": n for n in range(10_000)}} | {{"nan": math.nan, "infinite": [math.inf, -math.inf]}}
run = wandb.init(project={project!r}, id="big", name={name!r}, notes={name!r}, tags=["🌱"], group="طوق", config=config)
run.log({{f"m{{n}}": n for n in range(1000)}})
run.finish()
run = wandb.Api().run("local/{project}/big")
odd = [str(run.config["nan"]), *map(str, run.config["infinite"])]
print("RESULT " + json.dumps([run.name, run.notes, run.tags, run.group, len(run.config), odd,
                              len(list(run.scan_history())[0])]))
""")
    assert read[:4] == [name, name, ["🌱"], "طوق"]
    assert read[4] == 10_002
    # The client itself sends null for a NaN in the config.
    assert [text.lower()[:4] for text in read[5]] == ["none", "inf", "-inf"]
    assert read[6] >= 1000


def test_a_script_that_fails_leaves_a_failed_run(client: Any, project: str) -> None:
    # A moment, since a client that leaves while its service answers it does not hear the end, and hangs (0.31): the
    # service breaks off at the closed socket before it has read that it is to stop.
    script = (
        f"import time, wandb\nrun = wandb.init(project={project!r}, id='bad')\nrun.log({{'a': 1}})\n"
        "time.sleep(1)\nraise ValueError('x')"
    )
    client.run("python", "-c", script, expect=1)
    data = client.hub.graphql(
        f'{{ project(name: "{project}", entityName: "local") {{ run(name: "bad") {{ state exitcode }} }} }}'
    )
    assert data["project"]["run"] == {"state": "failed", "exitcode": 1}


STARTED = '{"_wandb": {"value": {"t": {}}}}'
ROWS = """query ($project: String!, $run: String!) {
  project(name: $project) { run(name: $run) { state historyLineCount history(minStep: 0, maxStep: 100) } }
}"""
CREATE = """mutation ($name: String!, $project: String!, $config: JSONString) {
  upsertBucket(input: {name: $name, modelName: $project, host: "h", config: $config}) {
    inserted bucket { id historyLineCount }
  }
}"""


def test_many_upserts_of_one_run_at_once_make_one_run(hub: Any, project: str) -> None:
    def upsert(number: int) -> dict[str, Any]:
        config = json.dumps({"_wandb": {"value": {"t": {}}}, "number": {"value": number}})
        body = {"query": CREATE, "variables": {"name": "same", "project": project, "config": config}}
        with hub.http() as http:
            answer = http.post("/graphql", json=body)
        assert answer.status_code == 200
        assert "errors" not in answer.json()
        made: dict[str, Any] = answer.json()["data"]["upsertBucket"]
        return made

    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(upsert, range(48)))
    assert [item["inserted"] for item in made].count(True) == 1
    assert len({item["bucket"]["id"] for item in made}) == 1
    query = f'{{ project(name: "{project}") {{ runCount run(name: "same") {{ config }} }} }}'
    stored = hub.graphql(query)["project"]
    assert stored["runCount"] == 1
    assert json.loads(stored["run"]["config"])["number"]["value"] in range(48)


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


def test_an_offline_run_of_a_sweep_is_synced_twice_without_doubling(client: Any, project: str) -> None:
    made = client.hub.graphql(
        """mutation ($config: String!, $project: String!) {
             upsertSweep(input: {config: $config, projectName: $project}) { sweep { name } } }""",
        {"config": "method: grid\nparameters: {value: {values: [1, 2]}}", "project": project},
    )["upsertSweep"]["sweep"]["name"]
    script = f"""
import wandb
run = wandb.init(project={project!r}, config={{"value": 1}})
for step in range(8):
    run.log({{"value": step, "table": wandb.Table(columns=["a"], data=[[step]])}} if step == 7 else {{"value": step}})
artifact = wandb.Artifact("made-offline", "data")
with artifact.new_file("a.txt") as file:
    file.write("a")
run.log_artifact(artifact)
run.finish()
"""
    client.python(script, WANDB_MODE="offline", WANDB_SWEEP_ID=made, WANDB_PROJECT=project, WANDB_ENTITY="local")
    (folder,) = (client.folder / "wandb").glob("offline-run-*")
    for _ in range(2):
        client.run("wandb", "sync", "--yes", "--entity", "local", "--include-synced", str(folder))
    query = f"""{{ project(name: "{project}") {{ sweep(sweepName: "{made}") {{ runCount runs {{ edges {{ node {{
      name state outputArtifacts {{ edges {{ node {{ versionIndex artifactType {{ name }} }} }} }} }} }} }} }} }} }}"""
    sweep = client.hub.graphql(query)["project"]["sweep"]
    assert sweep["runCount"] == 1
    synced = sweep["runs"]["edges"][0]["node"]
    rows = client.hub.graphql(ROWS, {"project": project, "run": synced["name"]})["project"]["run"]["history"]
    assert [json.loads(line)["value"] for line in rows] == list(range(8))
    assert synced["state"] == "finished"
    artifacts = [edge["node"] for edge in synced["outputArtifacts"]["edges"]]
    assert sorted((item["artifactType"]["name"], item["versionIndex"]) for item in artifacts) == [
        ("data", 0),
        ("run_table", 0),
    ]
