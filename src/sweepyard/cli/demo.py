"""`sweepyard demo`: the main job, from an empty machine to predictions."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import load_backend, settings_now
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.settings import own_command
from sweepyard.wiring.joining import join_hub
from sweepyard.wiring.sweep_files import plan_sweep

if TYPE_CHECKING:
    from sweepyard.settings import Settings
    from sweepyard.tracking.records import RunRecord
    from sweepyard.tracking.server import Server

_FILE = "first.yaml"
_AGENTS = 2
_PREDICTIONS = 8
_CLOSING_SECONDS = 5.0


@click.command(
    "demo", context_settings=CONTEXT, epilog=examples("sweepyard demo", "SWEEPYARD_HOME=/tmp/try sweepyard demo")
)
def command() -> int:
    """See it work: a hub, a sweep on real digits with two stock agents, the best model, its predictions.

    Everything stays in this home ($SWEEPYARD_HOME); the second time adds a second sweep. Ctrl-C ends it all.

    Exit codes: 0 every run finished; 1 one did not, or something is not there; 130 interrupted.
    """
    from sweepyard.agents.sweeping import AgentPlan
    from sweepyard.cli.leaderboard import print_leaderboard
    from sweepyard.cli.output import duration
    from sweepyard.cli.sweeping import interruptible, run_shown, verdict
    from sweepyard.config.locations import sweeps_folder
    from sweepyard.hub import embedded
    from sweepyard.hub.places import HubPlaces

    began = time.monotonic()
    settings = settings_now()
    HubPlaces(settings.home).make_home()  # the agents' working folder
    # One hub for all of it, and runs below the home, wherever this is called.
    with interruptible() as register, join_hub(settings) as server:
        print(f"hub: {server.url}, state in {settings.home}")
        work = AgentPlan(agents=_AGENTS, output=settings.home / "outputs", working_folder=settings.home)
        plan, _ = plan_sweep(sweeps_folder() / _FILE, work, target="hub")
        print(f"$ wandb sweep {_shown(plan.file)}   and {_AGENTS} times   $ wandb agent ...")
        outcome = run_shown(plan, target="hub", on_registered=register)
        print()
        print_leaderboard(outcome.sweep)
        # A sweep may have failed runs and be fine; the demo may not.
        all_finished = all(run.state == "finished" for run in outcome.sweep.runs)
        code = verdict(outcome, to_the_end=True) or int(not all_finished)
        best = outcome.sweep.best
        if best is not None:
            print()
            _show_best(best, settings, server)
    if not embedded.closes_within(settings, _CLOSING_SECONDS):
        print("\nthe hub goes on: others use it")
    again = own_command(os.environ)
    print(f"\n{duration(time.monotonic() - began)} in all. Look again with:")
    print(f"  {again} runs list\n  {again} hub serve   for the pages")
    return code


def _show_best(best: RunRecord, settings: Settings, server: Server) -> None:
    """Score the best run's saved model once on the test split, and predict with it after loading it back."""
    load_backend()
    from sweepyard.cli.models import evaluate_model, model_in
    from sweepyard.cli.output import print_table
    from sweepyard.config.schema import DataConfig
    from sweepyard.datasets.loading import load
    from sweepyard.tracking.scores import note_scores
    from sweepyard.training import inference

    path = model_in(settings.home / "outputs" / best.path.project / best.path.run_id)
    scores = evaluate_model(path, "test", settings)
    note_scores(best.path, scores, server=server)
    print(f"best run: {best.path.run_id}")
    print("on the test split, looked at once: " + ", ".join(f"{name} {value:.4f}" for name, value in scores.items()))
    print(f"model:    {path}")
    predictor = inference.load(path)
    test = load(DataConfig(name=predictor.trained_on[0]), settings).test.first(_PREDICTIONS)
    probabilities = predictor.predict(test.images)
    names = predictor.class_names
    print()
    print_table(
        ["test image", "is", "predicted", "probability"],
        [
            [str(index), names[label], names[row.argmax()], f"{row.max():.1%}"]
            for index, (label, row) in enumerate(zip(test.labels, probabilities, strict=True))
        ],
    )


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
