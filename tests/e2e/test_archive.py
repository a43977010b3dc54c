"""Backups, restorations, exports and cleanings of a hub that serves while real clients write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.parts import ready_client

from sweepyard.hub.places import HubPlaces

pytestmark = pytest.mark.slow

LOG = """
import os, sys, time, wandb
run = wandb.init(project="digits", id=sys.argv[1], config={"lr": 0.1, "nested": {"a": None}})
step = 0
while not os.path.exists(sys.argv[2]):
    run.log({"loss": 1 / (step + 1), "odd": float("nan") if step % 7 == 0 else step, "name": "é" * (step % 3)})
    if step % 100 == 0:
        # Its own: the client maps a file while it hashes it, and who truncates it then ends the client with SIGBUS.
        with open(sys.argv[1] + ".bin", "wb") as stream:
            stream.write(bytes([step % 251]) * 300_000)
        artifact = wandb.Artifact("model-" + sys.argv[1], type="model")
        artifact.add_file(sys.argv[1] + ".bin", name="file.bin")
        run.log_artifact(artifact).wait()
        print("step", step, flush=True)
    step += 1
    time.sleep(0.01)
run.finish()
print(step)
"""
READ = """
import json, sys, wandb
api = wandb.Api()
run = api.run("digits/" + sys.argv[1])
rows = list(run.scan_history())
api.artifact("digits/model-" + sys.argv[1] + ":latest").download(root=sys.argv[2])
print(json.dumps({"rows": [[row["_step"], row["loss"]] for row in rows], "config": run.config}))
"""
DELETE = """
import wandb
[artifact] = wandb.Api().artifacts("model", "digits/model-one")
artifact.delete(delete_aliases=True)
"""
LOG_ONE = """
import wandb
with open("file.bin", "wb") as stream:
    stream.write(b"the same bytes" * 1000)
run = wandb.init(project="digits", id="one", resume="allow")
artifact = wandb.Artifact("model-one", type="model", metadata={"turn": wandb.env.os.environ["TURN"]})
artifact.add_file("file.bin")
run.log_artifact(artifact).wait()
run.finish()
print("{}")
"""


@pytest.fixture
def serve(commands, wait: Callable[..., None]) -> Iterator[Callable[[Path], dict[str, str]]]:
    """Starts a home's hub, and gives the variables that make clients reach it."""
    served = []

    def start(home: Path) -> dict[str, str]:
        served.append(commands.start("hub", "serve", "--port", "0", SWEEPYARD_HOME=str(home)))
        wait(lambda: HubPlaces(home).address_file.exists(), seconds=60)
        shown = commands.run("hub", "env", "--json", SWEEPYARD_HOME=str(home))
        assert shown.returncode == 0, shown.stderr
        return json.loads(shown.stdout)

    yield start
    for process in served:
        process.send_signal(signal.SIGKILL)


@pytest.fixture
def client(commands) -> Callable[..., subprocess.Popen[str]]:
    """Starts a Python script as a client of a hub."""

    def start(variables: dict[str, str], script: str, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        quiet = {"WANDB_SILENT": "true", "WANDB_CONSOLE": "off", "WANDB_DIR": str(commands.folder)}
        process = subprocess.Popen(
            ready_client.python("-c", script, *arguments),
            env={**commands.environ, **variables, **quiet, **environ},
            cwd=commands.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        commands.started.append(process)
        return process

    return start


def answer_of(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=200)
    assert process.returncode == 0, output + errors
    return output


def report(commands, *arguments: str, expect: int = 0, **environ: str) -> dict[str, object]:
    done = commands.run("hub", *arguments, "--json", **environ)
    assert done.returncode == expect, done.stdout + done.stderr
    return json.loads(done.stdout)


def tables_of(folder: Path) -> dict[str, list[str]]:
    return {path.name: sorted(path.read_text().splitlines()) for path in folder.glob("*.jsonl")}


def test_a_hub_that_serves_is_backed_up_exported_and_moved(commands, serve, client, tmp_path: Path) -> None:
    variables = serve(commands.home)
    enough, target = tmp_path / "enough", tmp_path / "backups"
    writers = [client(variables, LOG, name, str(enough)) for name in ("one", "two")]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline().startswith("step 0")

    # While they write: each backup is whole, by itself.
    for turn in range(2):
        made = report(commands, "backup", str(target))
        assert made["snapshot"]["blobs"]["missing"] == []
        assert report(commands, "gc", "--grace", "1")["missing"] == []
        exported = report(commands, "export", str(tmp_path / f"export-{turn}"), "--format", "csv")
        assert exported["tables"]["runs"]["rows"] == 2
    enough.touch()
    steps = [int(answer_of(writer).splitlines()[-1]) for writer in writers]
    checked = report(commands, "backup", "--verify", str(target))
    assert (checked["sound"], len(checked["snapshots"])) == (True, 2)
    for name in checked["snapshots"]:
        part = tmp_path / f"home-{name}"
        report(commands, "restore", str(target), "--snapshot", name, SWEEPYARD_HOME=str(part))
        assert report(commands, "gc", "--dry-run", SWEEPYARD_HOME=str(part))["missing"] == []
        exported = report(commands, "export", str(part / "out"), "--format", "jsonl", SWEEPYARD_HOME=str(part))
        for line in (part / "out" / "history.jsonl").read_text().splitlines():
            row = json.loads(line)
            assert row["row"]["loss"] == 1 / (row["step"] + 1)

    # Afterwards: the last one brings all of it back, elsewhere.
    report(commands, "backup", str(target), "--keep", "1")
    moved = tmp_path / "moved"
    restored = report(commands, "restore", str(target), SWEEPYARD_HOME=str(moved))
    assert restored["aside"] is None
    for home, out in ((commands.home, "before"), (moved, "after")):
        exported = report(commands, "export", str(tmp_path / out), "--format", "jsonl", SWEEPYARD_HOME=str(home))
        assert exported["tables"]["history"]["rows"] == sum(steps)
    assert tables_of(tmp_path / "before") == tables_of(tmp_path / "after")

    new = serve(moved)
    assert new["WANDB_API_KEY"] != variables["WANDB_API_KEY"]
    # A key that was good before is good there, and so is what it reads.
    for key in (variables["WANDB_API_KEY"], new["WANDB_API_KEY"]):
        reading = client({**new, "WANDB_API_KEY": key}, READ, "one", str(tmp_path / "artifact"))
        seen = json.loads(answer_of(reading).splitlines()[-1])
        assert seen["rows"] == [[step, 1 / (step + 1)] for step in range(steps[0])]
        assert seen["config"]["lr"] == 0.1
    refused = commands.run("hub", "restore", str(target), "--force", SWEEPYARD_HOME=str(moved))
    assert refused.returncode == 1
    assert "stop it first" in refused.stderr


def test_gc_frees_deleted_artifacts_and_their_bytes_can_come_again(commands, serve, client, tmp_path: Path) -> None:
    variables = serve(commands.home)
    answer_of(client(variables, LOG_ONE, TURN="1"))
    kept = report(commands, "gc", "--dry-run")["kept"]["count"]
    answer_of(client(variables, DELETE))
    assert report(commands, "gc", "--grace", "1")["recent"]["count"] > 0  # it was stored a moment ago
    for path in commands.home.glob("blobs/??/*"):
        os.utime(path, (time.time() - 7200,) * 2)
    said, done = report(commands, "gc", "--dry-run"), report(commands, "gc")
    assert said["removed"] == done["removed"]
    assert done["removed"]["count"] == 2  # the file and the manifest
    assert done["kept"]["count"] == kept - 2
    assert done["missing"] == []
    # Neither the client's memory nor the hub's takes what is gone for there.
    answer_of(client(variables, LOG_ONE, TURN="2"))
    reading = client(variables, READ, "one", str(tmp_path / "artifact"), WANDB_CACHE_DIR=str(tmp_path / "cache"))
    assert json.loads(answer_of(reading).splitlines()[-1])["rows"] == []
    assert (tmp_path / "artifact" / "file.bin").read_bytes() == b"the same bytes" * 1000
    assert report(commands, "gc")["missing"] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_backup_and_an_export_that_are_interrupted_leave_nothing_half_written(
    commands, serve, client, tmp_path: Path, number: signal.Signals
) -> None:
    variables = serve(commands.home)
    answer_of(client(variables, LOG_ONE, TURN="1"))
    target, out = tmp_path / "backups", tmp_path / "export"
    report(commands, "backup", str(target))
    before = sorted(path for path in target.iterdir())
    for arguments in (("backup", str(target)), ("export", str(out), "--format", "csv")):
        # Stopped where it can only be in the middle: the target's lock, and the home's database, are held.
        working = commands.start("hub", *arguments)
        assert working.stderr is not None
        assert working.stderr.readline() in {"rows ...\n", "keys ...\n"}
        working.send_signal(number)
        working.wait(60)
        assert working.returncode in {0, 130}  # 0: it was done by then
        if working.returncode == 130:
            assert not out.exists()
    complete = [path for path in target.iterdir() if path not in before]
    assert all((path / "manifest.json").exists() for path in complete)
    assert not list(tmp_path.glob("**/*.part"))
    assert report(commands, "backup", "--verify", str(target))["sound"] is True
