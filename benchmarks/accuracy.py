"""Accuracy on the test split over several seeds, each trained and scored by the commands that a user types.

    python benchmarks/accuracy.py --folder DIR -- model=convnet data=mnist trainer.epochs=15

trains once for each seed (`--seeds`, default 0 1 2) without tracking, scores each model once on the test
split, and prints a Markdown table with mean, spread and wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

SWEEPYARD = [sys.executable, "-m", "sweepyard"]


def main() -> int:
    """Measure, and print the table; `--json` adds the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--folder", type=Path, help="folder with the data set's IDX files")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    parser.add_argument("overrides", nargs="+", help="Hydra overrides, behind --")
    options = parser.parse_args()
    data = [] if options.folder is None else [f"data.folder={options.folder.absolute()}"]
    results = [measure([*options.overrides, *data], seed) for seed in options.seeds]
    print(report(results, options.overrides))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def measure(overrides: list[str], seed: int) -> dict[str, float]:
    """Train with one seed, score once; gives accuracies and the seconds that training took."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*SWEEPYARD, "train", *overrides, f"seed.value={seed}", "tracking=disabled", f"output={folder}"]
        started = time.monotonic()
        trained = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
        seconds = time.monotonic() - started
        found = re.search(r"^model:\s+(.+)$", trained.stdout, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"training named no model:\n{trained.stdout}")
        scoring = [*SWEEPYARD, "evaluate", found.group(1), "--split", "test", "--json"]
        scoring += [part for item in overrides if item.startswith("data.folder=") for part in ("--folder", item[12:])]
        scored = subprocess.run(scoring, check=True, capture_output=True, text=True)
        scores = json.loads(scored.stdout)
    print(f"seed {seed}: {scores['test/accuracy']:.4f} in {seconds:.0f} s", file=sys.stderr, flush=True)
    return {"seed": seed, "seconds": seconds, "accuracy": scores["test/accuracy"], "loss": scores["test/loss"]}


def report(results: list[dict[str, float]], overrides: list[str]) -> str:
    """The Markdown table, with the machine and the versions that it was measured with."""
    accuracies = [result["accuracy"] for result in results]
    spread = statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
    seconds = statistics.median(result["seconds"] for result in results)
    packages = ", ".join(f"{name} {version(name)}" for name in ("keras", "tensorflow-cpu", "numpy"))
    lines = [
        "| seed | test accuracy | test loss | wall time |",
        "|---|---|---|---|",
        *(f"| {r['seed']} | {r['accuracy']:.2%} | {r['loss']:.4f} | {r['seconds']:.0f} s |" for r in results),
        f"| mean | {statistics.mean(accuracies):.2%} ± {spread:.2%} | | median {seconds:.0f} s |",
        "",
        (
            f"`sweepyard train {' '.join(overrides)}`; {os.cpu_count()} cores ({platform.machine()}), "
            f"Python {platform.python_version()}, {packages}."
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
