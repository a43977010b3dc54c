"""`sweepyard predict`: classes and probabilities of images."""

from __future__ import annotations

from pathlib import Path

import click

from sweepyard.cli.environment import load_backend, settings_now
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.jsonvalue import JsonValue


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
def command(model: str, images: tuple[Path, ...], top: int, limit: int | None, as_json: bool) -> None:
    """Classify PNG, JPEG or IDX images of any size and polarity with MODEL, a file or a run's id."""
    import numpy as np

    from sweepyard.datasets.pictures import FRAME, read_pictures

    # Images first: a wrong file is told before the backend is loaded.
    pictures = [picture for path in images for picture in read_pictures(path)[:limit]]
    load_backend()
    from sweepyard.cli.models import find_model
    from sweepyard.cli.output import print_json, print_table
    from sweepyard.training import inference

    predictor = inference.load(find_model(model, settings_now()))
    if predictor.image_shape != FRAME:
        pictures = [picture for path in images for picture in read_pictures(path, frame=predictor.image_shape)[:limit]]
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
