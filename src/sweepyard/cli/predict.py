"""`sweepyard predict`: classes and probabilities of images."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import load_backend, settings_now
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.errors import DataError
from sweepyard.jsonvalue import JsonValue

if TYPE_CHECKING:
    from sweepyard.datasets.pictures import Picture


@click.command(
    "predict",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard predict outputs/sweepyard/ab12cd34/model.keras digit.png",
        "sweepyard predict ab12cd34 t10k-images-idx3-ubyte.gz --limit 5 --json",
    ),
)
@click.argument("model")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", default=3, show_default=True, type=click.IntRange(1), help="How many classes to show.")
@click.option("--limit", type=click.IntRange(1), help="At most so many images of each IDX file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every class.")
def command(model: str, images: tuple[Path, ...], top: int, limit: int | None, as_json: bool) -> int:
    """Classify PNG, JPEG or IDX images of any size and polarity with MODEL, a file or a run's id.

    A file that holds no picture to classify is told on standard error, and the others are classified.

    Exit codes: 0 all are classified; 1 some are not, or there is no such model or run.
    """
    import numpy as np

    from sweepyard.datasets.pictures import FRAME

    # Images first: a wrong file is told before the backend is loaded.
    pictures, faults = _read(images, limit, FRAME)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if not pictures:
        return 1
    load_backend()
    from sweepyard.cli.models import find_model
    from sweepyard.cli.output import print_json, print_table
    from sweepyard.training import inference

    predictor = inference.load(find_model(model, settings_now()))
    if predictor.image_shape != FRAME:
        pictures, _ = _read(images, limit, predictor.image_shape)
    probabilities = predictor.predict(np.stack([picture.pixels for picture in pictures]))
    names = predictor.class_names
    results: list[JsonValue] = []
    rows = []
    for picture, row in zip(pictures, probabilities, strict=True):
        order = np.argsort(-row, kind="stable")
        results.append(
            {
                "image": picture.name,
                "class": names[order[0]],
                "probabilities": {names[index]: float(row[index]) for index in order},
            }
        )
        rows.append([picture.name, names[order[0]], "  ".join(f"{names[i]} {row[i]:.1%}" for i in order[:top])])
    if as_json:
        print_json(results)
    else:
        print_table(["image", "class", "probabilities"], rows)
    return 1 if faults else 0


def _read(paths: Sequence[Path], limit: int | None, frame: tuple[int, int]) -> tuple[list[Picture], list[DataError]]:
    """The pictures of these files, and what is wrong with those that hold none."""
    from sweepyard.datasets.pictures import read_pictures

    pictures: list[Picture] = []
    faults: list[DataError] = []
    for path in paths:
        try:
            pictures += read_pictures(path, frame=frame)[:limit]
        except DataError as error:
            faults.append(error)
    return pictures, faults
