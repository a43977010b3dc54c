"""`sweepyard convert`: a saved model in the other file format."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from sweepyard.cli.environment import load_backend, settings_now
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.errors import InvalidInput, Violation


@click.command(
    "convert",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard convert ab12cd34 digits.h5", "sweepyard convert outputs/sweepyard/ab12cd34/model.keras old/digits.h5"
    ),
)
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def command(model: str, file: Path, force: bool) -> None:
    """Write MODEL, a file or a run's id, to FILE: `.keras`, or `.h5` for programs that read nothing newer.

    The logits stay the same. An `.h5` file has no optimiser state: training cannot go on from it.

    Exit codes: 0 written; 1 there is no such model or run, or FILE is there already or cannot be written.
    """
    if file.exists() and not force:
        raise InvalidInput(
            [Violation("the file to write must not exist", str(file), "--force overwrites it", "convert")]
        )
    from sweepyard.cli.models import find_model

    load_backend()
    logging.getLogger("absl").setLevel(logging.ERROR)  # Keras advises against HDF5, which is what was asked for.
    from sweepyard.training import inference

    path = find_model(model, settings_now())
    inference.load(path).save(file)
    print(f"{file}: the model of {path}")
