"""`sweepyard evaluate`: a saved model's score on a split."""

from __future__ import annotations

import click

from sweepyard.cli.environment import load_backend, settings_now
from sweepyard.cli.options import JSON
from sweepyard.cli.style import CONTEXT, examples


@click.command(
    "evaluate",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard evaluate outputs/sweepyard/ab12cd34/model.keras --split test",
        "sweepyard evaluate ab12cd34 --note --json",
    ),
)
@click.argument("model")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="test",
    show_default=True,
    help="Of the data.",
)
@click.option("--data", "data_name", metavar="NAME", help="A data set; by default the one that MODEL was trained on.")
@click.option("--folder", metavar="DIR", help="A folder with IDX files, looked at first.")
@click.option("--note", is_flag=True, help="Add the scores to the summary of MODEL's run on the hub.")
@JSON
def command(model: str, split: str, data_name: str | None, folder: str | None, note: bool, as_json: bool) -> None:
    """Score MODEL, a file or a run's id, on a split of its data set.

    The test split is for the end: a choice that was made by it is no longer measured by it.

    Exit codes: 0 scored; 1 there is no such model or run, or its data cannot be had or have changed.
    """
    from sweepyard.cli.models import evaluate_model, find_model, note_with_run
    from sweepyard.cli.output import print_json, print_table

    load_backend()
    settings = settings_now()
    path = find_model(model, settings)
    scores = evaluate_model(path, split, settings, data_name=data_name, folder=folder)
    if note:
        note_with_run(path, scores, settings)
    if as_json:
        print_json(dict(scores))
    else:
        print_table(["metric", "value"], [[name, f"{value:.4f}"] for name, value in scores.items()])
