"""What lies between two runs: `python benchmarks/starts.py [--runs 20] [--model mlp] [--only stock-cold,...]`.

Runs the same small sweep (one epoch of `mnist5k`, one run at a time) on one hub in each of three ways, in turn, so that
what else the machine does meets them alike:

  stock-cold    the unmodified `wandb agent`, each run a process of its own
  stock-warm    the same agent, runs forked from the fork server
  ours-warm     `sweepyard agent`, runs forked from the fork server

Prints, as medians with the smallest and the largest value, the seconds from the start of a run's command to its first
training step, and from the end of a run to the first step of the next; then runs a minute of two agents, and the
memory of four runs at a time (summed PSS, fork server and wandb-core included). The first run of an agent, which finds
no fork server, is left out of the first two and counted in the others.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from hub_process import serving

WAYS = ("stock-cold", "stock-warm", "ours-warm")
# The run's command notes when it begins and ends; `exec` would lose the end.
STAMPED = (
    'date +%s.%N > "$STAMPS/$WANDB_RUN_ID.began"; "$@"; code=$?; '
    'date +%s.%N > "$STAMPS/$WANDB_RUN_ID.ended"; exit $code'
)
TURNS = 2  # for runs a minute
SWEEP = """
project: starts
method: grid
metric: {{name: epoch/val_loss, goal: minimize}}
parameters:
  seed.value: {{values: {seeds}}}
command: [{stamped}sweepyard, train, --parameters, "${{args_json_file}}", model={model}, data=mnist5k,
  trainer.epochs={epochs}, {each_step}tracking.mistakes=0, tracking.confusion_matrix=false,
  tracking.model_artifact=false, trainer.verbose=silent]
"""
FIRST_STEP = """query ($n: String!) { project(name: "starts", entityName: "local") { run(name: $n) {
  history(minStep: 0, maxStep: 5) } } }"""
RUNS = """query ($s: JSONString) { project(name: "starts", entityName: "local") {
  runs(first: 1000, filters: $s) { edges { node { name state } } } } }"""


@dataclass(frozen=True)
class Bench:
    """A hub, and where commands run."""

    url: str
    key: str
    folder: Path

    def environ(self, *, warm: bool) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "SWEEPYARD_"))}
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
            "HOME": str(self.folder),
            "SWEEPYARD_HOME": str(self.folder / "no-hub"),
            "SWEEPYARD_CACHE": str(self.folder / "cache"),
            "SWEEPYARD_WARM": "" if warm else "0",
            "SWEEPYARD_WARM_OWNER": str(os.getpid()),
            "STAMPS": str(self.folder / "stamps"),
            "WANDB_BASE_URL": self.url,
            "WANDB_API_KEY": self.key,
            "WANDB_ENTITY": "local",
            "WANDB_SILENT": "true",
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_DIR": str(self.folder),
            "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "2",
        }

    def ask(self, query: str, **variables: str) -> dict[str, object]:
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"{self.url}/graphql", json=body, auth=("api", self.key), timeout=60, trust_env=False)
        said: dict[str, dict[str, object]] = answer.json()
        if "errors" in said:
            raise SystemExit(f"the hub refused: {said}")
        return said["data"]

    def register(
        self, model: str, seeds: Sequence[int], *, epochs: int = 1, stamped: bool = False, each_step: bool = True
    ) -> str:
        """A sweep of so many runs; gives its path.

        Args:
            stamped: Whether there is a shell around each that notes its times.
            each_step: Whether runs log each step, so that the first one is known, or as conf/ has it.
        """
        around = f"sh, -c, '{STAMPED}', sh, " if stamped else ""
        logged = "tracking.batch_every_steps=1, " if each_step else ""
        text = SWEEP.format(seeds=list(seeds), stamped=around, model=model, epochs=epochs, each_step=logged)
        (self.folder / "sweep.yaml").write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["wandb", "sweep", "sweep.yaml"],
            env={**self.environ(warm=False), "WANDB_SILENT": "false"},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return next(word for word in (done.stdout + done.stderr).split() if word.startswith("local/starts/"))

    def agent(self, way: str, sweep: str, *options: str) -> subprocess.Popen[bytes]:
        """An agent at work in one of the ways."""
        agent = ["sweepyard", "agent", "--target", "wandb"] if way.startswith("ours") else ["wandb", "agent"]
        with (self.folder / "agents.log").open("ab") as log:
            return subprocess.Popen(
                [*agent, *options, sweep],
                env=self.environ(warm=way.endswith("warm")),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def run_ids(self, sweep: str) -> list[str]:
        """The sweep's runs; all must have finished."""
        found = self.ask(RUNS, s=json.dumps({"sweep": sweep.rpartition("/")[2]}))
        nodes = [edge["node"] for edge in found["project"]["runs"]["edges"]]  # type: ignore[index]
        if {node["state"] for node in nodes} != {"finished"}:
            raise SystemExit(f"not all runs finished: {nodes}; see {self.folder}/agents.log")
        return [node["name"] for node in nodes]

    def stamp(self, run_id: str, which: str) -> float:
        """When the run's command began or ended, in seconds since 1970."""
        return float((self.folder / "stamps" / f"{run_id}.{which}").read_text())

    def first_step(self, run_id: str) -> float:
        """When the run had its first training step behind it, in seconds since 1970."""
        run = self.ask(FIRST_STEP, n=run_id)["project"]["run"]  # type: ignore[index]
        rows = [json.loads(line) for line in run["history"]]
        return min(row["_timestamp"] for row in rows if "batch/loss" in row)


def main() -> int:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="runs that count, in each way (20)")
    parser.add_argument("--model", default="mlp", help="model=... (mlp)")
    parser.add_argument("--rounds", type=int, default=4, help="in so many turns (4)")
    parser.add_argument(
        "--throughput", type=int, default=40, help="runs for runs a minute, two agents; 0: not that (40)"
    )
    parser.add_argument("--no-memory", action="store_true", help="do not measure memory")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    figures: dict[str, object] = {"model": options.model, "load_before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as (url, key, _):
        bench = Bench(url, key, Path(name))
        (bench.folder / "stamps").mkdir()
        figures["starts"] = starts(bench, options.model, options.runs, options.rounds)
        if options.throughput:
            figures["runs a minute, two agents"] = throughput(bench, options.model, options.throughput)
        if not options.no_memory:
            figures["MiB of four runs"] = {
                way: memory(bench, options.model, way) for way in ("stock-cold", "ours-warm")
            }
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def starts(bench: Bench, model: str, runs: int, rounds: int) -> dict[str, Mapping[str, object]]:
    """Seconds to the first step, in each way, in turns."""
    each = -(-runs // rounds)
    to_step: dict[str, list[float]] = {way: [] for way in WAYS}
    between: dict[str, list[float]] = {way: [] for way in WAYS}
    for turn in range(rounds):
        for way in WAYS:
            sweep = bench.register(model, range(turn * 1000, turn * 1000 + each + 1), stamped=True)
            bench.agent(way, sweep).wait()
            ids = sorted(bench.run_ids(sweep), key=lambda run: bench.stamp(run, "began"))
            steps = [bench.first_step(run) for run in ids]
            to_step[way] += [step - bench.stamp(run, "began") for run, step in zip(ids[1:], steps[1:], strict=True)]
            between[way] += [step - bench.stamp(run, "ended") for run, step in zip(ids, steps[1:], strict=False)]
            print(f"{way:12} turn {turn + 1}: {spread(to_step[way])}", file=sys.stderr, flush=True)
    return {
        "command to first step, s": {way: spread(values) for way, values in to_step.items()},
        "end of a run to first step of the next, s": {way: spread(values) for way, values in between.items()},
    }


def throughput(bench: Bench, model: str, runs: int) -> dict[str, object]:
    """Runs a minute of two agents (or two places of ours), first start included, in each way, in turns."""
    rates: dict[str, list[float]] = {"stock-cold": [], "ours-warm": []}
    for turn in range(TURNS):
        for way, found in rates.items():
            sweep = bench.register(model, range(5000 + turn * 1000, 5000 + turn * 1000 + runs), each_step=False)
            began = time.monotonic()
            ours = way.startswith("ours")
            agents = [bench.agent(way, sweep, "--cpus", "1")] if ours else [bench.agent(way, sweep) for _ in range(2)]
            for agent in agents:
                agent.wait()
            found.append(runs / (time.monotonic() - began) * 60)
            print(f"{way:12} turn {turn + 1}: {found[-1]:.1f} runs a minute", file=sys.stderr, flush=True)
            if len(bench.run_ids(sweep)) != runs:
                raise SystemExit(f"not all of {runs} runs ran; see {bench.folder}/agents.log")
    ratio = statistics.median(rates["ours-warm"]) / statistics.median(rates["stock-cold"])
    return {**{way: spread(found) for way, found in rates.items()}, "ratio": ratio}


def memory(bench: Bench, model: str, way: str) -> float:
    """Summed PSS of all that four runs at work need, in MiB."""
    sweep = bench.register(model, range(9000, 9004), epochs=400)
    before = {process.pid for process in psutil.process_iter()}
    # Four devices by name: on processors they only make four places.
    ours = way.startswith("ours")
    agents = [bench.agent(way, sweep, "--gpus", "0,1,2,3")] if ours else [bench.agent(way, sweep) for _ in range(4)]
    deadline = time.monotonic() + 300
    while sum(_has_step(bench, run) for run in _begun(bench, sweep)) < 4:
        if time.monotonic() > deadline:
            raise SystemExit(f"four runs did not begin; see {bench.folder}/agents.log")
        time.sleep(1)
    total = 0
    for process in psutil.process_iter():
        if process.pid in before or process.pid in {agent.pid for agent in agents}:
            continue
        total += process.memory_full_info().pss
    # The shells around the runs would outlive their agents, and so would the runs.
    started = [child for agent in agents for child in psutil.Process(agent.pid).children(recursive=True)]
    for process in (*agents, *started):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    for agent in agents:
        agent.wait()
    return total / 2**20


def _begun(bench: Bench, sweep: str) -> list[str]:
    found = bench.ask(RUNS, s=json.dumps({"sweep": sweep.rpartition("/")[2]}))
    return [edge["node"]["name"] for edge in found["project"]["runs"]["edges"]]  # type: ignore[index]


def _has_step(bench: Bench, run_id: str) -> bool:
    run = bench.ask(FIRST_STEP, n=run_id)["project"]["run"]  # type: ignore[index]
    return bool(run["history"])


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and greatest."""
    return {"median": statistics.median(values), "least": min(values), "greatest": max(values), "n": len(values)}


if __name__ == "__main__":
    raise SystemExit(main())
