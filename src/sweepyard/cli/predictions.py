"""`sweepyard predictions`: what models took images for, as `sweepyard predict --store` has stored it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import settings_now
from sweepyard.cli.options import JSON
from sweepyard.cli.style import CONTEXT, CommandGroup, examples

if TYPE_CHECKING:
    from sweepyard.domain.classified import Accuracy, StoredPrediction
    from sweepyard.jsonvalue import JsonObject

STORE = click.option(
    "--store", metavar="URL", help="The database, in place of $SWEEPYARD_PREDICTIONS or the file in the home."
)
_MODEL = click.option("--model", metavar="VERSION", help="Of this model version alone: a run, a digest, or RUN:DIGEST.")
_LIMIT = click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="At most so many.")
_SHORT = 12


@click.group(
    "predictions",
    cls=CommandGroup,
    context_settings=CONTEXT,
    epilog=examples("sweepyard predictions accuracy --by day", "sweepyard predictions disagreements ab12cd34 ef56gh78"),
)
def command() -> None:
    """Look at stored predictions.

    A model version is named by its run, by the digest of its weights or its beginning, or as RUN:DIGEST.

    Exit codes: 0 done; 1 there is no such database or model version, or it cannot be used.
    """


@command.command(
    "list", epilog=examples("sweepyard predictions list --wrong", "sweepyard predictions list --model ab12cd34 --json")
)
@_MODEL
@click.option("--wrong", is_flag=True, help="Only those that are known to be wrong.")
@_LIMIT
@STORE
@JSON
def list_predictions(model: str | None, wrong: bool, limit: int, store: str | None, as_json: bool) -> None:
    """List predictions, the newest first."""
    from sweepyard.cli.output import print_json, print_table
    from sweepyard.wiring.predictions import open_predictions

    with open_predictions(settings_now(), store) as predictions:
        found = list(predictions.listed(model, only_wrong=wrong, limit=limit))
    if as_json:
        print_json([_prediction_json(each) for each in found])
        return
    print_table(
        ["image", "model", "shows", "predicted", "confidence", "time (UTC)"],
        [
            [
                each.image_digest[:_SHORT],
                each.model.name,
                each.true_label or "-",
                each.predicted,
                f"{each.confidence:.1%}",
                f"{each.predicted_at:%Y-%m-%d %H:%M:%S}",
            ]
            for each in found
        ],
    )


@command.command(epilog=examples("sweepyard predictions accuracy", "sweepyard predictions accuracy --by day --json"))
@click.option("--by", type=click.Choice(["hour", "day", "month"]), help="One figure for each, in UTC.")
@STORE
@JSON
def accuracy(by: str | None, store: str | None, as_json: bool) -> None:
    """Show how right each model version was, on the images of which it is known what they show; over time with --by."""
    from sweepyard.cli.output import number, print_json, print_table
    from sweepyard.domain.classified import Period
    from sweepyard.wiring.predictions import open_predictions

    with open_predictions(settings_now(), store) as predictions:
        found = predictions.accuracy(Period(by) if by else None)
    if as_json:
        print_json([_accuracy_json(each) for each in found])
        return
    print_table(
        ["model", *([by] if by else []), "predictions", "labelled", "correct", "accuracy", "first (UTC)", "last (UTC)"],
        [
            [
                each.model.name,
                *([each.period] if each.period else []),
                *(str(count) for count in (each.predictions, each.labelled, each.correct)),
                number(each.share),
                *(f"{moment:%Y-%m-%d %H:%M}" for moment in (each.first_at, each.last_at)),
            ]
            for each in found
        ],
    )


@command.command(
    epilog=examples("sweepyard predictions confusion ab12cd34", "sweepyard predictions confusion 9f3c --json")
)
@click.argument("version")
@STORE
@JSON
def confusion(version: str, store: str | None, as_json: bool) -> None:
    """Show what VERSION took for what: a row for what images show, a column for what was predicted."""
    from sweepyard.cli.output import print_json, print_table
    from sweepyard.wiring.predictions import open_predictions

    with open_predictions(settings_now(), store) as predictions:
        name, matrix = predictions.version(version).name, predictions.confusion(version)
    if as_json:
        print_json({"model": name, "classes": list(matrix.class_names), "counts": matrix.counts.tolist()})
        return
    rows = zip(matrix.class_names, matrix.counts.tolist(), strict=True)
    print_table(
        ["shows", *matrix.class_names], [[shown, *(str(count or ".") for count in counts)] for shown, counts in rows]
    )


@command.command(
    epilog=examples(
        "sweepyard predictions disagreements ab12cd34 ef56gh78",
        "sweepyard predictions disagreements ab12cd34:9f3c ab12cd34:07aa --json",
    )
)
@click.argument("first")
@click.argument("second")
@_LIMIT
@STORE
@JSON
def disagreements(first: str, second: str, limit: int, store: str | None, as_json: bool) -> None:
    """Show the images that two model versions took for different things, those first of which both were surest."""
    from sweepyard.cli.output import counted, print_json, print_table
    from sweepyard.wiring.predictions import open_predictions

    with open_predictions(settings_now(), store) as predictions:
        names = [predictions.version(each).name for each in (first, second)]
        found = predictions.disagreements(first, second, limit=limit)
    if as_json:
        print_json(
            {
                "models": [*names],
                "shared": found.shared,
                "differing": found.differing,
                "images": [
                    {
                        "image_digest": each.image_digest,
                        "true_label": each.true_label,
                        "predicted": [each.first[0], each.second[0]],
                        "confidence": [each.first[1], each.second[1]],
                    }
                    for each in found.found
                ],
            }
        )
        return
    print(f"both have seen {counted(found.shared, 'image')}, and took {found.differing} of them for different things")
    if found.found:
        print()
        print_table(
            ["image", "shows", *names],
            [
                [
                    each.image_digest[:_SHORT],
                    each.true_label or "-",
                    *(f"{label} {sure:.1%}" for label, sure in (each.first, each.second)),
                ]
                for each in found.found
            ],
        )


@command.command(
    epilog=examples("sweepyard predictions export all.parquet", "sweepyard predictions export one.csv --model ab12cd34")
)
@click.argument("file", type=click.Path(path_type=Path))
@_MODEL
@STORE
@JSON
def export(file: Path, model: str | None, store: str | None, as_json: bool) -> None:
    """Write predictions to FILE, as its suffix says: .csv, .parquet or .jsonl; a file that is there is replaced."""
    from sweepyard.cli.output import counted, print_json
    from sweepyard.wiring.predictions import export_predictions

    count = export_predictions(settings_now(), store, file, model)
    if as_json:
        print_json({"file": str(file), "rows": count})
    else:
        print(f"{counted(count, 'prediction')} in {file}")


@command.command(epilog=examples("sweepyard predictions image 06d1a2f4c83b digit.png"))
@click.argument("digest")
@click.argument("file", type=click.Path(path_type=Path))
@STORE
def image(digest: str, file: Path, store: str | None) -> None:
    """Write the stored image of DIGEST, or of a digest that begins so, as the model saw it, to FILE as PNG."""
    from sweepyard.cli.output import write_bytes
    from sweepyard.datasets.pictures import png_bytes
    from sweepyard.wiring.predictions import open_predictions

    with open_predictions(settings_now(), store) as predictions:
        pixels = predictions.image(digest)
    write_bytes(file, png_bytes(pixels))


def _prediction_json(made: StoredPrediction) -> JsonObject:
    from datetime import datetime

    from sweepyard.services.predictions import COLUMNS, row_of

    cells = zip(COLUMNS, row_of(made), strict=True)
    return {
        **{column.name: cell.isoformat() if isinstance(cell, datetime) else cell for column, cell in cells},
        "probabilities": dict(zip(made.model.class_names, made.probabilities, strict=True)),
    }


def _accuracy_json(found: Accuracy) -> JsonObject:
    return {
        "model": found.model.name,
        "run": found.model.run_id,
        "weights_digest": found.model.weights_digest,
        "period": found.period,
        "predictions": found.predictions,
        "labelled": found.labelled,
        "correct": found.correct,
        "accuracy": found.share,
        "first_at": found.first_at.isoformat(),
        "last_at": found.last_at.isoformat(),
    }
