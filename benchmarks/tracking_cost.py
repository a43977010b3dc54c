"""What tracking costs a fit.

    python benchmarks/tracking_cost.py --pairs 30 --model convnet --data mnist --folder DIR --epochs 1

runs pairs of the same fit, bare and instrumented, in turns (every other pair begins with the instrumented
one), all in one process behind a warm-up. It prints, as Markdown and as JSON, (a) the time inside the
tracking hooks over the fit's time, and (b) the median over the pairs of instrumented over bare fit time, with
a bootstrap interval. Initialising the tracker, media and artifacts at the end, and finishing are apart.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sweepyard.clock import SystemClock
from sweepyard.config.compose import compose
from sweepyard.config.schema import ExperimentConfig
from sweepyard.datasets.dataset import Dataset
from sweepyard.datasets.loading import load
from sweepyard.jsonvalue import JsonObject
from sweepyard.settings import Settings
from sweepyard.tracking.memory import NoopTracker
from sweepyard.tracking.opening import open_tracker
from sweepyard.tracking.server import Server
from sweepyard.tracking.tracker import Tracker
from sweepyard.training.loop import fit
from sweepyard.training.result import FitResult
from sweepyard.training.stopping import StopSignal
from sweepyard.wiring.joining import open_server

BAR = 0.02
RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Pair:
    """One bare and one instrumented fit; all in seconds."""

    bare: float
    instrumented: float
    hooks: float
    opening: float
    media: float
    finishing: float


class Bench:
    """Fits one config again and again, each time in a folder of its own."""

    def __init__(self, config: ExperimentConfig, resolved: JsonObject, dataset: Dataset, server: Server | None) -> None:
        self._config = config
        self._resolved = resolved
        self._dataset = dataset
        self._server = server

    def bare(self) -> FitResult:
        """A fit that tracks nothing."""
        config = replace(self._config, tracking=replace(self._config.tracking, mode="disabled"))
        with tempfile.TemporaryDirectory() as folder:
            return self._fit(config, NoopTracker("bare"), Path(folder))

    def instrumented(self) -> tuple[FitResult, float, float]:
        """A fit with the real W&B client; also the seconds for opening and for finishing the run."""
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            tracker = open_tracker(
                self._config.tracking,
                server=self._server,
                output=Path(folder),
                run_id=None,
                name=None,
                notes="",
                resume=False,
                environ=os.environ,
            )
            opened = time.monotonic()
            result = self._fit(self._config, tracker, Path(folder))
            fitted = time.monotonic()
            tracker.finish(result.exit_code)
            return result, opened - began, time.monotonic() - fitted

    def pair(self, *, bare_first: bool) -> Pair:
        """Both fits, in the order asked for."""
        bare = self.bare() if bare_first else None
        result, opening, finishing = self.instrumented()
        bare = bare or self.bare()
        timing = result.timing
        return Pair(
            bare.timing.fit_seconds, timing.fit_seconds, timing.hook_seconds, opening, timing.media_seconds, finishing
        )

    def _fit(self, config: ExperimentConfig, tracker: Tracker, folder: Path) -> FitResult:
        return fit(
            config, self._dataset, tracker, folder, resolved=self._resolved, stop=StopSignal(), clock=SystemClock()
        )


def main() -> int:
    """Measure and print; gives 1 if the hooks take more than the bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--model", default="convnet")
    parser.add_argument("--data", default="mnist5k")
    parser.add_argument("--folder", type=Path, help="folder with the data set's IDX files")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--mode", choices=["offline", "hub"], default="offline")
    parser.add_argument("overrides", nargs="*", help="further Hydra overrides")
    options = parser.parse_args()
    overrides = [
        f"model={options.model}",
        f"data={options.data}",
        f"trainer.epochs={options.epochs}",
        f"tracking={options.mode}",
        "trainer.verbose=silent",
        "trainer.checkpoint.enabled=false",
        *([] if options.folder is None else [f"data.folder={options.folder.absolute()}"]),
        *options.overrides,
    ]
    os.environ["WANDB_SILENT"] = "true"
    composition = compose(overrides)
    dataset = load(composition.config.data, Settings.from_environment(os.environ))
    with tempfile.TemporaryDirectory() as home:
        settings = Settings.from_environment({**os.environ, "SWEEPYARD_HOME": home})
        with open_server(options.mode, settings, os.environ) as server:
            bench = Bench(composition.config, composition.resolved, dataset, server)
            bench.pair(bare_first=True)
            pairs = [_measured(bench, number, options.pairs) for number in range(options.pairs)]
    values = summary(pairs)
    print(report(values, overrides))
    print()
    print(json.dumps({"overrides": overrides, **values}, indent=1))
    return 0 if values["hook_share"] <= BAR else 1


def _measured(bench: Bench, number: int, total: int) -> Pair:
    pair = bench.pair(bare_first=number % 2 == 0)
    print(f"pair {number + 1}/{total}: {pair.instrumented / pair.bare:.4f}", file=sys.stderr, flush=True)
    return pair


def summary(pairs: list[Pair]) -> dict[str, float]:
    """The figures, by name: shares and ratios without unit, times in seconds."""
    ratios = np.array([pair.instrumented / pair.bare for pair in pairs])
    random = np.random.default_rng(0)
    medians = np.median(random.choice(ratios, (RESAMPLES, len(ratios))), axis=1)
    low, high = np.quantile(medians, [0.025, 0.975])
    return {
        "pairs": len(pairs),
        "hook_share": sum(pair.hooks for pair in pairs) / sum(pair.instrumented for pair in pairs),
        "hook_share_worst": max(pair.hooks / pair.instrumented for pair in pairs),
        "ratio_median": float(np.median(ratios)),
        "ratio_low": float(low),
        "ratio_high": float(high),
        "fit_seconds": statistics.median(pair.instrumented for pair in pairs),
        "bare_seconds": statistics.median(pair.bare for pair in pairs),
        "opening_seconds": statistics.median(pair.opening for pair in pairs),
        "media_seconds": statistics.median(pair.media for pair in pairs),
        "finishing_seconds": statistics.median(pair.finishing for pair in pairs),
    }


def report(values: dict[str, float], overrides: list[str]) -> str:
    """The figures as a Markdown table."""
    interval = f"{values['ratio_low']:.4f} to {values['ratio_high']:.4f}"
    shown = " ".join(override for override in overrides if not override.startswith("data.folder="))
    return "\n".join(
        [
            "| figure | value |",
            "|---|---|",
            f"| time inside tracking hooks over the fit's time | {values['hook_share']:.3%} (bar {BAR:.0%}) |",
            f"| the same, worst of {values['pairs']} fits | {values['hook_share_worst']:.3%} |",
            f"| instrumented over bare, median of {values['pairs']} interleaved pairs | {values['ratio_median']:.4f} |",
            f"| 95% bootstrap interval of that median | {interval} |",
            f"| fit, bare and instrumented | {values['bare_seconds']:.1f} s, {values['fit_seconds']:.1f} s |",
            f"| apart: opening the run | {values['opening_seconds']:.2f} s |",
            f"| apart: media and artifact | {values['media_seconds']:.2f} s |",
            f"| apart: finishing the run | {values['finishing_seconds']:.2f} s |",
            "",
            f"`{shown}`, {os.cpu_count()} processors",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
