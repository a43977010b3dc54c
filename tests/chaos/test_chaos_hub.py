"""The hub is killed at random moments while real clients log: nothing is lost, nothing doubled, all clients finish."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

CLIENTS = 4
WRITER = """
import sys, time
from pathlib import Path
import wandb

run = wandb.init(project="chaos", id=sys.argv[1])
number = 0
while not Path(sys.argv[2]).exists():
    run.log({"number": number, "half": number / 2, "name": f"row {number}"})
    number += 1
    time.sleep(0.004)
run.finish()
print("LOGGED", number)
"""
READER = """
import json, sys
import wandb

for name in sys.argv[1:]:
    rows = list(wandb.Api().run(f"local/chaos/{name}").scan_history(keys=["_step", "number", "half", "name"]))
    print("RESULT", json.dumps([name, [[row["_step"], row["number"], row["half"], row["name"]] for row in rows]]))
"""


def test_a_killed_hub_loses_and_doubles_nothing(
    hub,
    environ: dict[str, str],
    living: Callable[[], list[psutil.Process]],
    tmp_path: Path,
    rounds: int,
    chance: random.Random,
) -> None:
    end = tmp_path / "end"
    names = [f"client{number}" for number in range(CLIENTS)]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name, str(end)],
            env=environ,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in names
    ]
    try:
        await_rows(hub, names)
        for _ in range(rounds):
            time.sleep(chance.uniform(0.2, 2.0))
            hub.kill()
            time.sleep(chance.uniform(0.0, 1.0))
            hub.start()
        end.touch()
        outputs = [writer.communicate(timeout=100)[0] for writer in writers]
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    assert [writer.returncode for writer in writers] == [0] * CLIENTS, outputs
    logged = {name: int(output.rsplit("LOGGED ", 1)[1].split()[0]) for name, output in zip(names, outputs, strict=True)}
    done = subprocess.run(
        [sys.executable, "-c", READER, *names], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    found = dict(json.loads(line.removeprefix("RESULT ")) for line in done.stdout.splitlines() if "RESULT" in line)
    for name in names:
        assert len(found[name]) == logged[name]
        assert found[name] == [[number, number, number / 2, f"row {number}"] for number in range(logged[name])]
    states = hub.graphql('query { project(name: "chaos", entityName: "local") { runs { edges { node { state } } } } }')
    assert json.dumps(states).count('"finished"') == CLIENTS, states
    deadline = time.monotonic() + 20
    while living():
        assert time.monotonic() < deadline, living()
        time.sleep(0.1)


def await_rows(hub, names: list[str]) -> None:
    """Wait until every run has history, so that no client is killed in its first breath."""
    query = 'query ($n: String!) { project(name: "chaos", entityName: "local") { run(name: $n) { historyLineCount } } }'
    deadline = time.monotonic() + 90
    for name in names:
        while (
            '"historyLineCount": 0' in (seen := json.dumps(hub.graphql(query, n=name)))
            or '"run": null' in seen
            or ('"project": null' in seen)
        ):
            assert time.monotonic() < deadline, seen
            time.sleep(0.2)
