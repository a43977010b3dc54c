"""Agents, fork servers, hubs and whole hosts are killed at random moments in a grid with `max_retries`.

The agents are stock and ours. A killed hub stays away for a while, longer than a run may be silent; a long chaos has it
away for two minutes once. Each point is finished once, with a whole history, and nobody is left.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

STOCK = ("wandb", "agent")
OURS = ("sweepyard", "agent", "--target", "wandb")
AGENTS = (STOCK, STOCK, OURS)
VICTIMS = {"agent": 4, "fork server": 2, "hub": 2, "host": 2}  # how often each, of ten
AWAY_SECONDS = (3.0, 15.0)  # around the timeout of the hub's heartbeats
LONG_ABSENCE_SECONDS, LONG_CHAOS = 120.0, 50
SWEEP = """
project: chaos
method: grid
metric: {{name: epoch/val_loss, goal: minimize}}
max_retries: 1000
parameters:
  seed.value: {{values: {seeds}}}
command: [sweepyard, train, --parameters, "${{args_json_file}}", model=lenet5, data.train_limit=64, trainer.epochs=2,
  trainer.batch_size=32, tracking.mistakes=0, tracking.confusion_matrix=false, tracking.model_artifact=false]
"""
LOOK = """query ($s: String!) { project(name: "chaos", entityName: "local") {
  sweep(sweepName: $s) { state } runs(first: 1000) { edges { node { name state config } } } } }"""
READER = """
import json, sys
import wandb

for name in sys.argv[1:]:
    rows = wandb.Api().run(f"local/chaos/{name}").scan_history(keys=["_step", "epoch/epoch"])
    print("RESULT", json.dumps([name, [row["epoch/epoch"] for row in rows]]))
"""


def test_killed_agents_leave_every_point_finished_once(
    hub,
    environ: dict[str, str],
    living: Callable[[], list[psutil.Process]],
    tmp_path: Path,
    rounds: int,
    chance: random.Random,
) -> None:
    points = max(2 * rounds, 24)  # Fewer may be over before everything has been killed.
    (tmp_path / "sweep.yaml").write_text(SWEEP.format(seeds=list(range(points))))
    registered = subprocess.run(
        ["wandb", "sweep", "sweep.yaml"],
        env={**environ, "WANDB_SILENT": "false"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    named = re.search(r"wandb agent (\S+)", registered.stdout + registered.stderr)
    assert named, registered
    sweep = named[1].rpartition("/")[2]
    log = (tmp_path / "agents.log").open("ab")

    def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*command, named[1]], env=environ, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    def fork_servers() -> list[psutil.Process]:
        """Not the runs that were forked from them, which have the same command line."""
        parents = {}
        for process in living():
            with suppress(psutil.NoSuchProcess):  # It has ended since.
                if "sweepyard.cli.forkserver" in process.cmdline():
                    parents[process] = process.ppid()
        pids = {process.pid for process in parents}
        return [process for process, parent in parents.items() if parent not in pids]

    def kill(victim: str) -> None:
        servers = fork_servers()
        if victim == "host":
            hub.kill()
            for process in living():
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            hub.start()
        elif victim == "hub":
            hub.kill()
            time.sleep(absences.pop() if absences else chance.uniform(*AWAY_SECONDS))
            hub.start()
        elif victim == "fork server" and servers:
            with suppress(psutil.NoSuchProcess):
                chance.choice(servers).kill()
        else:
            chance.choice(agents).kill()

    absences = [LONG_ABSENCE_SECONDS] if rounds >= LONG_CHAOS else []
    agents = [start(command) for command in AGENTS]
    try:
        kills = 0
        next_kill = time.monotonic() + 15
        deadline = time.monotonic() + 100 + 45 * rounds
        while (project := hub.graphql(LOOK, s=sweep)["project"])["sweep"]["state"] != "FINISHED":
            assert time.monotonic() < deadline, (project, (tmp_path / "agents.log").read_text()[-3000:])
            if kills < rounds and time.monotonic() > next_kill:
                kill(chance.choices([*VICTIMS], [*VICTIMS.values()])[0])
                kills += 1
                next_kill = time.monotonic() + chance.uniform(1, 6)
            for number, agent in enumerate(agents):
                if agent.poll() is not None:  # Killed, or it gave up after failures, as the stock agent does.
                    agents[number] = start(AGENTS[number])
            time.sleep(0.5)
        for agent in agents:
            agent.wait(timeout=60)
    finally:
        log.close()
        for agent in agents:
            agent.kill()
            agent.wait()
    assert kills == rounds
    nodes = [edge["node"] for edge in project["runs"]["edges"]]
    assert Counter(node["state"] for node in nodes) == {"finished": points}
    seeds = [json.loads(node["config"])["seed"]["value"]["value"] for node in nodes]
    assert sorted(seeds) == list(range(points))
    names = [node["name"] for node in nodes]
    done = subprocess.run(
        [sys.executable, "-c", READER, *names], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    epochs = dict(json.loads(line.removeprefix("RESULT ")) for line in done.stdout.splitlines() if "RESULT" in line)
    assert epochs == {name: [1, 2] for name in names}
    deadline = time.monotonic() + 30
    while left := living():
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
