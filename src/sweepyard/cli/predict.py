"""`sweepyard predict`: classes and probabilities of images."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import load_backend, settings_now
from sweepyard.cli.images import Images
from sweepyard.cli.options import JSON
from sweepyard.cli.storing import STORE, opened
from sweepyard.cli.style import CONTEXT, examples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sweepyard.datasets.pictures import Picture
    from sweepyard.domain.classified import Added
    from sweepyard.services.predictions import PredictionsService
    from sweepyard.training.inference import Predictor


@click.command(
    "predict",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard predict outputs/sweepyard/ab12cd34/model.keras digit.png",
        "sweepyard predict ab12cd34 t10k-images-idx3-ubyte.gz --limit 5 --json",
        "sweepyard predict ab12cd34 t10k-images-idx3-ubyte.gz --true t10k-labels-idx1-ubyte.gz --store",
    ),
)
@click.argument("model")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", default=3, show_default=True, type=click.IntRange(1), help="How many classes to show.")
@click.option("--limit", type=click.IntRange(1), help="At most so many images of each IDX file.")
@click.option(
    "--true",
    "shown",
    metavar="CLASS|FILE",
    help="What the images show: one class, or an IDX file with a label for each.",
)
@STORE
@JSON
def command(
    model: str,
    images: tuple[Path, ...],
    top: int,
    limit: int | None,
    shown: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Classify PNG, JPEG or IDX images of any size and polarity with MODEL, a file or a run's id.

    A file that holds no picture to classify, or a picture that is blank, is told on standard error, and the others are
    classified. What is stored once is not stored again; `sweepyard predictions` looks at it.

    Exit codes: 0 all are classified; 1 some are not, there is no such model or run, or nothing could be stored.
    """
    from sweepyard.datasets.pictures import FRAME
    from sweepyard.domain.classified import ranked

    # Images first, and the database: what is wrong with them is told before the backend is loaded.
    read = Images(images, limit)
    read.fit(FRAME)
    if not read.pictures:
        return 1
    with opened(store) as predictions:
        load_backend()
        from sweepyard.cli.models import find_model
        from sweepyard.cli.output import print_json, print_table
        from sweepyard.training import inference

        predictor = inference.load(find_model(model, settings_now()))
        if predictor.image_shape != FRAME:
            read.fit(predictor.image_shape)
        if not read.pictures:
            return 1
        labels = read.labels(shown, predictor.class_names)
        probabilities = _classified(predictor, read.pictures, labels, predictions)
    rows = [ranked(predictor.class_names, row) for row in probabilities]
    results = list(zip(read.pictures, labels, rows, strict=True))
    if as_json:
        print_json(
            [
                {
                    "image": picture.name,
                    "class": classes[0][0],
                    **({"true": label} if shown else {}),
                    "probabilities": {**dict(classes)},
                }
                for picture, label, classes in results
            ]
        )
    else:
        print_table(
            ["image", "class", *(["shows"] if shown else []), "probabilities"],
            [
                [
                    picture.name,
                    classes[0][0],
                    *([str(label)] if shown else []),
                    "  ".join(f"{name} {share:.1%}" for name, share in classes[:top]),
                ]
                for picture, label, classes in results
            ],
        )
    return 1 if read.told else 0


def _classified(
    predictor: Predictor,
    pictures: Sequence[Picture],
    labels: Sequence[str | None],
    predictions: PredictionsService | None,
) -> NDArray[np.float32]:
    """The probabilities of the pictures' classes, which are stored if they are to be."""
    import numpy as np

    from sweepyard.clock import SystemClock
    from sweepyard.domain.classified import Classified

    clock, pixels = SystemClock(), np.stack([picture.pixels for picture in pictures])
    begun = clock.monotonic_seconds()
    probabilities = predictor.predict(pixels)
    seconds = clock.monotonic_seconds() - begun
    if predictions is not None:
        batch = Classified(
            model=predictor.version,
            images=pixels,
            probabilities=probabilities,
            true_labels=tuple(labels),
            latency_seconds=seconds / len(pictures),
            predicted_at=clock.now(),
        )
        _tell(predictions.store(batch), batch.model.name)
    return probabilities


def _tell(added: Added, model: str) -> None:
    from sweepyard.cli.output import counted

    told = f"stored {counted(added.predictions, 'prediction')} and {counted(added.images, 'image')} of {model}"
    before = added.received - added.predictions
    print(told + (f"; already there: {counted(before, 'prediction')}" if before else ""), file=sys.stderr)
