"""`sweepyard push` from one real hub to another, with the real client, compared value by value over plain HTTP."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.parts import ready_client

pytestmark = pytest.mark.slow

_READY_SECONDS = 60.0
_COMMAND_SECONDS = 240
_RUN = """
query R($p: String!, $r: String!) { project(name: $p, entityName: "local") { run(name: $r) {
  displayName notes tags group jobType commit state exitcode config summaryMetrics sweepName updatedAt
  historyLineCount eventsLineCount logLineCount
  history(minStep: 0, maxStep: 1000000000, samples: 1000000) events(samples: 1000000)
  logLines(first: 100000) { edges { node { number line } } }
  files(first: 1000) { edges { node { name sizeBytes md5 } } }
  outputArtifacts(first: 1000) { edges { node { id versionIndex digest description metadata
    artifactSequence { name } artifactType { name } aliases { alias } tags { name }
    files(first: 1000) { edges { node { name md5 sizeBytes } } } } } }
  inputArtifacts(first: 1000) { edges { node { digest artifactSequence { name } } } }
} } }
"""


@dataclass
class Home:
    """A hub process over a home of its own."""

    folder: Path
    process: subprocess.Popen[bytes]
    url: str
    key: str

    def graphql(self, query: str, **variables: Any) -> Any:
        token = base64.b64encode(f"api:{self.key}".encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {token}"}
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", data=body, headers=headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            document = json.load(answer)
        assert "errors" not in document, document
        return document["data"]

    def run(self, project: str, run: str) -> dict[str, Any] | None:
        found = self.graphql(_RUN, p=project, r=run)["project"]
        return found and found["run"]


@dataclass
class Pair:
    """A source, a destination, and what a user has: a folder, a shell."""

    source: Home
    destination: Home
    folder: Path

    @property
    def key_file(self) -> Path:
        path = self.folder / "destination.key"
        path.touch(mode=0o600)
        path.write_text(self.destination.key + "\n")
        return path

    def environ(self, **changes: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "SWEEPYARD_"))}
        return {**kept, "HOME": str(self.folder), "SWEEPYARD_HOME": str(self.source.folder), **changes}

    def log(self, script: str, expect: int = 0, **changes: str) -> None:
        """Run a script of the plain client against the source."""
        client = {
            "WANDB_BASE_URL": self.source.url,
            "WANDB_API_KEY": self.source.key,
            "WANDB_DIR": str(self.folder),
            "WANDB_CACHE_DIR": str(self.folder / "cache"),
            "WANDB_DATA_DIR": str(self.folder / "data"),
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_SILENT": "true",
            "WANDB_CONSOLE": "wrap",
            "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1",
        }
        done = subprocess.run(
            ready_client.python("-c", script),
            env=self.environ(**client, **changes),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == expect, done.stderr

    def start(
        self, *arguments: str, to: str | None = None, ready: bool = False, **changes: str
    ) -> subprocess.Popen[str]:
        """A push, whose process has the client already if it is to be `ready`."""
        program = ("-P", "-m", "sweepyard", "push", *arguments, "--to", to or self.destination.url)
        return subprocess.Popen(
            ready_client.python(*program) if ready else [sys.executable, *program],
            env=self.environ(**changes),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def push(
        self, *arguments: str, expect: int = 0, to: str | None = None, with_key: bool = True, **changes: str
    ) -> tuple[str, str]:
        key = ("--key-file", str(self.key_file)) if with_key else ()
        process = self.start(*arguments, *key, to=to, ready=True, **changes)
        try:
            stdout, stderr = process.communicate(timeout=_COMMAND_SECONDS)
        finally:
            process.kill()
        assert process.returncode == expect, f"{stdout}\n{stderr}"
        assert self.destination.key not in stdout + stderr
        return stdout, stderr

    def report(self, *arguments: str, expect: int = 0) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.push(*arguments, "--json", expect=expect)[0])
        return document

    def assert_equal(self, project: str, run: str, *, at: str | None = None) -> dict[str, Any]:
        """The destination has every value that the source has; gives the destination's."""
        here, there = self.source.run(project, run), self.destination.run(at or project, run)
        assert here is not None
        assert there is not None
        assert comparable(there) == comparable(here)
        return there


def comparable(run: dict[str, Any]) -> dict[str, Any]:
    """What a push carries over: all but ids, times of the server's own, and the client's word on itself."""
    config = json.loads(run["config"])
    client = config.pop("_wandb", {"value": {}})["value"]
    kept = {key: value for key, value in run.items() if key not in {"config", "sweepName", "updatedAt"}}
    artifacts = [edge["node"] for edge in run["outputArtifacts"]["edges"]]
    return {
        **kept,
        "config": config,
        "environment": client.get("e"),
        "metrics": client.get("m"),
        "summaryMetrics": rewritten(run["summaryMetrics"]),
        "history": [rewritten(line) for line in run["history"]],
        "logLines": [(line["number"], line["line"].rstrip()) for line in nodes(run["logLines"])],
        "events": [rewritten(line, "_runtime") for line in run["events"]],
        "outputArtifacts": sorted(
            ({key: value for key, value in artifact.items() if key != "id"} for artifact in artifacts), key=str
        ),
        "inputArtifacts": sorted(map(str, run["inputArtifacts"]["edges"])),
    }


def rewritten(line: str, *without: str) -> str:
    """A line by value: NaN and infinities as texts, keys in order."""
    document = json.loads(line)
    return json.dumps({key: value for key, value in document.items() if key not in without}, sort_keys=True)


@pytest.fixture(scope="module")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Home]]:
    folders = [tmp_path_factory.mktemp("push") / name for name in ("source", "destination")]
    processes = [started(folder) for folder in folders]
    try:
        yield answering(folders[0], processes[0]), answering(folders[1], processes[1])
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


def started(folder: Path) -> subprocess.Popen[bytes]:
    folder.mkdir()
    environ = {**os.environ, "SWEEPYARD_HEARTBEAT_TIMEOUT": "3600"}
    command = [sys.executable, "-P", "-m", "sweepyard", "hub", "serve", "--port", "0", "--home", str(folder)]
    with (folder / "serve.log").open("wb") as log:
        return subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def answering(folder: Path, process: subprocess.Popen[bytes]) -> Home:
    wait_until(lambda: (folder / "hub.json").exists(), seconds=_READY_SECONDS)
    url = json.loads((folder / "hub.json").read_text())["url"]
    return Home(folder, process, url, json.loads((folder / "client.json").read_text())["api_key"])


def wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def pair(hubs: tuple[Home, Home], tmp_path: Path) -> Pair:
    return Pair(*hubs, tmp_path)


RICH = """
import math, os, pathlib, time
import numpy as np
import wandb
run = wandb.init(
    project="rich", id="rich", name="a name · 名", group="g", job_type="train", tags=["x", "y é"],
    notes="two\\nlines", config={"lr": 0.1, "m": {"u": [1, {"k": None}]}, "a.b": 1, "big": 1e300, "text": "🌱"},
)
run.define_metric("loss", step_metric="epoch")
run.define_metric("val/*", step_metric="epoch", summary="max")
for step in range(5):
    odd = [1.5, math.nan, math.inf, -math.inf, 2**53][step]
    run.log({"loss": 1 / (step + 1), "odd": odd, "nested": {"in": {"ner": step}}, "epoch": step, "val/acc": step / 10})
    print("line", step, "é")
for share in range(0, 101, 10):  # as tqdm does: one line again and again, padded over what stood there
    print(f"\\r{share}%|{'#' * (share // 10)}", end=" " * (20 - share // 10), flush=True)
    time.sleep(0.05)
print("\\rdone" + " " * 30)
picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
run.log(
    {
        "image": wandb.Image(picture, caption="a picture"),
        "histogram": wandb.Histogram(np.arange(10)),
        "table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, None]]),
    },
    step=10,
)
run.summary["best/val"] = 0.5
for number in range(2):
    artifact = wandb.Artifact("weights", type="model", metadata={"n": number, "deep": {"x": [1]}}, description="d")
    with artifact.new_file("model.bin", mode="wb") as file:
        file.write(b"weights" * (number + 1))
    with artifact.new_file("in folder/same.txt") as file:
        file.write("the same bytes in both")
    artifact.add_reference("http://127.0.0.1:9/elsewhere", name="far", checksum=False)
    run.log_artifact(artifact, aliases=["best", f"number-{number}"], tags=["t"]).wait()
run.use_artifact("weights:v0")
folder = pathlib.Path("saved/sub dir")
folder.mkdir(parents=True)
(folder / "file é.txt").write_text("saved")
run.save(str(folder / "file é.txt"), base_path="saved")
run.finish(exit_code=3)
"""


def test_a_run_arrives_value_by_value(pair: Pair) -> None:
    pair.log(RICH)
    planned = pair.report("rich/rich", "--dry-run")
    assert [run["outcome"] for run in planned["runs"]] == ["to send"]
    assert pair.destination.graphql('{ project(name: "rich", entityName: "local") { name } }')["project"] is None

    sent = pair.report("rich/rich")
    there = pair.assert_equal("rich", "rich")
    (told,) = sent["runs"]
    assert sent["complete"] is True
    assert (told["outcome"], told["rows"], told["files"], told["artifacts"]) == ("sent", 6, len(names(there)), 3)
    assert told["notes"] == []
    assert (there["state"], there["exitcode"]) == ("failed", 3)
    assert {"sub dir/file é.txt", "output.log", "config.yaml", "wandb-summary.json"} < names(there)

    # What a row says of its table leads to the table, there as here.
    reference = json.loads(there["history"][5])["table"]["artifact_path"].split("/")[2]
    query = "query Q($c: ID!) { clientIDMapping(clientID: $c) { serverID } }"
    table = next(node for node in nodes(there["outputArtifacts"]) if node["artifactType"]["name"] == "run_table")
    assert pair.destination.graphql(query, c=reference)["clientIDMapping"]["serverID"] == table["id"]

    stdout, _ = pair.push("rich/rich")
    assert "nothing to send" in stdout
    assert pair.destination.run("rich", "rich") == there

    # Without its journal it compares all values anew, and comes to the same.
    for journal in pair.source.folder.glob("push/*/journal.json"):
        journal.unlink()
    assert [run["outcome"] for run in pair.report("rich/rich")["runs"]] == ["unchanged"]
    assert pair.destination.run("rich", "rich") == there


def test_what_changes_later_follows(pair: Pair) -> None:
    first = """
import wandb
run = wandb.init(project="grow", id="grow", tags=["old"], notes="first", config={"k": 1})
for step in range(20):
    run.log({"loss": step})
    print("first", step)
run.finish()
"""
    then = """
import wandb
run = wandb.init(project="grow", id="grow", resume="must")
for step in range(30):
    run.log({"loss": 100 + step})
    print("then", step)
run.config.update({"k": 2}, allow_val_change=True)
run.summary["more"] = 1
run.finish(exit_code=1)
"""
    pair.log(first)
    pair.push("grow/grow")
    pair.assert_equal("grow", "grow")
    pair.log(then)
    (told,) = pair.report("grow/grow")["runs"]
    assert (told["outcome"], told["rows"]) == ("extended", 30)
    assert pair.assert_equal("grow", "grow")["historyLineCount"] == 50

    # Only described anew, at the source: nothing is sent for that.
    change = 'mutation M($i: String!) { upsertBucket(input: {id: $i, tags: [], notes: "n2"}) { bucket { id } } }'
    node = pair.source.graphql('{ project(name: "grow", entityName: "local") { run(name: "grow") { id } } }')
    pair.source.graphql(change, i=node["project"]["run"]["id"])
    (told,) = pair.report("grow/grow")["runs"]
    assert (told["outcome"], told["rows"]) == ("extended", 0)
    there = pair.assert_equal("grow", "grow")
    assert (there["tags"], there["notes"]) == ([], "n2")


SWEPT = """
import wandb
# All write to one collection: v0 is the first's, v1 the second's, v2 and v1 again the third's.
for rate, versions, code in [(0.1, "one", 0), (0.2, "two", 255), (0.3, "three two", 4)]:
    run = wandb.init(project="swept", config={"lr": rate})
    for step in range(3):
        run.log({"loss": step * rate})
    for text in versions.split():
        artifact = wandb.Artifact("shared", type="model", metadata={"text": text})
        with artifact.new_file("f.txt") as file:
            file.write(text)
        run.log_artifact(artifact).wait()
    run.finish(exit_code=code)
"""
SWEEP_FILE = """# kept to the letter
method: grid
name: in the file
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.1, 0.2, 0.3]}
"""


def test_a_sweep_goes_with_its_runs(pair: Pair) -> None:
    make = (
        'mutation M($c: String!) { upsertSweep(input: {config: $c, entityName: "local", projectName: "swept", '
        'displayName: "shown", description: "described"}) { sweep { id name } } }'
    )
    sweep = pair.source.graphql(make, c=SWEEP_FILE)["upsertSweep"]["sweep"]
    pair.log(SWEPT, WANDB_SWEEP_ID=sweep["name"], WANDB_PROJECT="swept")
    # The first to write to the collection goes alone before the others, so that versions keep their numbers.
    names_of_runs = [run["node"]["name"] for run in runs_of(pair.source, "swept", sweep["name"], order="+created_at")]
    end = 'mutation M($i: ID) { upsertSweep(input: {id: $i, state: "FINISHED"}) { sweep { id } } }'

    alone = pair.report(f"swept/{names_of_runs[0]}", "--project", "elsewhere")
    assert alone["sweeps"][0]["state"] == "PAUSED"
    pair.source.graphql(end, i=sweep["id"])
    sent = pair.report(f"swept/{sweep['name']}", "--project", "elsewhere")
    assert sent["sweeps"][0]["to"] == alone["sweeps"][0]["to"]
    assert sent["sweeps"][0]["state"] == "FINISHED"
    assert sorted(run["outcome"] for run in sent["runs"]) == ["sent", "sent", "unchanged"]

    identity = sent["sweeps"][0]["to"].rpartition("/")[2]
    query = (
        'query Q($s: String!) { project(name: "elsewhere", entityName: "local") { sweep(sweepName: $s) '
        "{ displayName description state config } } }"
    )
    there = pair.destination.graphql(query, s=identity)["project"]["sweep"]
    assert there == {
        "displayName": "shown",
        "description": "described",
        "state": "FINISHED",
        "config": SWEEP_FILE,
    }
    arrived = runs_of(pair.destination, "elsewhere", identity)
    assert {run["node"]["name"] for run in arrived} == set(names_of_runs)
    for name in names_of_runs:
        here, goal = pair.source.run("swept", name), pair.destination.run("elsewhere", name)
        assert here is not None
        assert goal is not None
        if name != names_of_runs[0]:
            assert comparable(goal) == comparable(here)
    again = pair.report(f"swept/{sweep['name']}", "--project", "elsewhere")
    assert {run["outcome"] for run in again["runs"]} == {"unchanged"}
    assert again["sweeps"] == sent["sweeps"]
    # Without its journal it finds the sweep by the runs.
    for journal in pair.source.folder.glob("push/*/journal.json"):
        journal.unlink()
    afresh = pair.report(f"swept/{sweep['name']}", "--project", "elsewhere")
    assert afresh["sweeps"] == sent["sweeps"]
    assert {run["outcome"] for run in afresh["runs"]} == {"unchanged"}


def test_a_registration_that_was_cut_off_is_found_again(pair: Pair) -> None:
    make = (
        'mutation M($c: String!) { upsertSweep(input: {config: $c, entityName: "local", projectName: "empty"}) '
        "{ sweep { name } } }"
    )
    name = pair.source.graphql(make, c=SWEEP_FILE)["upsertSweep"]["sweep"]["name"]
    first = pair.report(f"empty/{name}")
    assert first["runs"] == []
    (path,) = (
        path for path in pair.source.folder.glob("push/*/journal.json") if name in path.read_text(encoding="utf-8")
    )
    document = json.loads(path.read_text())
    document["sweeps"][f"local/empty/{name}"] = {}  # what is there between the registration and its answer
    path.write_text(json.dumps(document))
    again = pair.report(f"empty/{name}")
    assert again["sweeps"] == first["sweeps"]
    query = '{ project(name: "empty", entityName: "local") { sweeps(first: 9) { edges { node { name } } } } }'
    assert len(pair.destination.graphql(query)["project"]["sweeps"]["edges"]) == 1


def runs_of(home: Home, project: str, sweep: str, order: str | None = None) -> list[Any]:
    query = (
        'query Q($p: String!, $f: JSONString!, $o: String) { project(name: $p, entityName: "local") { '
        "runs(filters: $f, order: $o, first: 100) { edges { node { name state } } } } }"
    )
    found: list[Any] = home.graphql(query, p=project, f=json.dumps({"sweep": sweep}), o=order)["project"]["runs"][
        "edges"
    ]
    return found


LONG = """
import wandb
run = wandb.init(project="long", id="long")
for step in range(8_000):
    run.log({"a": step, "b": step * 0.1, "c": -step, "d": 1 / (step + 1), "e": {"f": step % 7}})
run.finish()
"""


@pytest.mark.timeout(600)
def test_a_push_that_is_killed_goes_on(pair: Pair) -> None:
    pair.log(LONG)
    key = ("--key-file", str(pair.key_file))
    moments: list[Callable[[], bool]] = [
        lambda: any(pair.source.folder.glob("push/*/staging/run-0/run-0.wandb")),
        lambda: any(pair.source.folder.glob("push/*/client/sync.log")),
        lambda: pair.destination.run("long", "long") is not None,
    ]
    for moment in moments:
        process = pair.start("long/long", *key)
        wait_until(lambda process=process, moment=moment: process.poll() is not None or moment(), seconds=120)
        commands = [" ".join(found.info["cmdline"] or ()) for found in psutil.process_iter(["cmdline"])]
        assert not any(pair.destination.key in command for command in commands)
        started_by_it = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.send_signal(signal.SIGKILL)
        process.communicate()
        # What it started dies with it, or the next push would meet it.
        _, alive = psutil.wait_procs(started_by_it, timeout=30)
        assert alive == []
    # Ctrl-C leaves by the door, with a word on how to go on.
    process = pair.start("long/long", *key)
    wait_until(lambda: process.poll() is not None or bool(psutil.Process(process.pid).children()), seconds=120)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=_COMMAND_SECONDS)
    assert process.returncode == 130, stderr
    assert "goes on from there" in stderr

    pair.push("long/long")
    there = pair.assert_equal("long", "long")
    assert there["historyLineCount"] == len(there["history"]) == 8_000
    assert "nothing to send" in pair.push("long/long")[0]


def test_what_is_refused_or_left_out(pair: Pair) -> None:
    done = "import wandb\nwith wandb.init(project='refused', id='ID') as run:\n    run.log({'loss': VALUE})\n"
    pair.log(done.replace("ID", "mine").replace("VALUE", "1"))
    pair.log("import os, wandb\nrun = wandb.init(project='refused', id='live')\nrun.log({'loss': 1})\nos._exit(0)\n")

    # A run that goes on.
    (told,) = pair.report("refused/live", expect=1)["runs"]
    assert told["outcome"] == "left out"
    assert "--running" in told["notes"][0]
    assert pair.destination.graphql('{ project(name: "refused", entityName: "local") { name } }')["project"] is None
    (told,) = pair.report("refused/live", "--running")["runs"]
    assert told["outcome"] == "sent"
    there = pair.assert_equal("refused", "live")
    assert there["state"] == "running"
    # The destination learns of an end that the source knows by silence alone in the same way.
    crash = 'mutation M($i: ID!) { updateRunState(input: {id: $i, state: "crashed"}) { success } }'
    node = pair.source.graphql('{ project(name: "refused", entityName: "local") { run(name: "live") { id } } }')
    pair.source.graphql(crash, i=node["project"]["run"]["id"])
    assert [run["outcome"] for run in pair.report("refused/live")["runs"]] == ["unchanged"]

    # Another run of that id.
    swapped = Pair(pair.destination, pair.source, pair.folder)
    swapped.log(done.replace("ID", "mine").replace("VALUE", "2"))
    before = pair.destination.run("refused", "mine")
    (told,) = pair.report("refused/mine", expect=1)["runs"]
    assert told["outcome"] == "taken"
    assert "another run of this id" in told["notes"][0]
    assert pair.destination.run("refused", "mine") == before

    # Nothing of that name, a wrong key, the same place.
    assert "neither a run nor a sweep" in pair.push("refused/none", expect=1)[1]
    wrong = {"SWEEPYARD_PUSH_API_KEY": "local-" + "0" * 40}
    assert "refuses the present one" in pair.push("refused/mine", expect=1, with_key=False, **wrong)[1]
    own = {"SWEEPYARD_PUSH_API_KEY": pair.source.key}
    same = pair.push("refused/mine", expect=1, to=pair.source.url, with_key=False, **own)[1]
    assert "another server, entity or project" in same


def test_a_login_of_the_client_is_enough(pair: Pair) -> None:
    pair.log("import wandb\nwith wandb.init(project='login', id='in') as run:\n    run.log({'loss': 1})\n")
    netrc = pair.folder / ".netrc"
    host = pair.destination.url.removeprefix("http://")
    text = f"machine {host}\n  login user\n  password {pair.destination.key}\n"
    netrc.touch(mode=0o600)
    netrc.write_text(text)
    pair.push("login/in", with_key=False)
    pair.assert_equal("login", "in")
    assert netrc.read_text() == text
    # From any server that the user is logged in to, not from this home's hub alone.
    login = {"WANDB_BASE_URL": pair.source.url, "WANDB_API_KEY": pair.source.key}
    pair.push("local/login/in", "--from", "wandb", "--project", "from-wandb", with_key=False, **login)
    pair.assert_equal("login", "in", at="from-wandb")
    assert netrc.read_text() == text


def names(run: dict[str, Any]) -> set[str]:
    return {node["name"] for node in nodes(run["files"])}


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]
