"""What logged tables say of a classifier's predictions: confusion matrices, and single predictions with pictures.

They are known by their columns: those of W&B's confusion matrix, and those of the mistakes that training logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sweepyard.domain.logged_media import Picture, picture_in_cell
from sweepyard.domain.media import ConfusionMatrix
from sweepyard.jsonvalue import JsonValue, is_finite_number

_MATRIX = ("Actual", "Predicted", "nPredictions")
_PREDICTION = ("index", "true", "predicted")
MOST_CLASSES = 100

Row = Sequence[JsonValue]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model took an example for.

    Attributes:
        index: The example's place in its split.
        confidence: The probability that the model gave to it; None where that was not logged.
    """

    index: int
    true: str
    predicted: str
    confidence: float | None
    picture: Picture | None


def confusion_matrix_of(columns: Sequence[str], rows: Sequence[Row]) -> ConfusionMatrix | None:
    """The matrix that a table holds, a row a cell; None for another table, or more than `MOST_CLASSES` classes."""
    if set(columns) != set(_MATRIX) or len(columns) != len(_MATRIX):
        return None
    actual, predicted, count = (columns.index(name) for name in _MATRIX)
    counts = [row[count] for row in rows]
    numbers = [int(value) for value in counts if isinstance(value, int | float) and _is_count(value)]
    names = tuple(dict.fromkeys(str(row[place]) for place in (actual, predicted) for row in rows))
    if len(numbers) < len(counts) or not 0 < len(names) <= MOST_CLASSES:
        return None
    places = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)), np.int64)
    for row, number in zip(rows, numbers, strict=True):
        matrix[places[str(row[actual])], places[str(row[predicted])]] += number
    return ConfusionMatrix(matrix, names)


def predictions_of(columns: Sequence[str], rows: Sequence[Row]) -> list[Prediction] | None:
    """The predictions that a table holds, a row each; None for another table."""
    if not set(_PREDICTION) <= set(columns):
        return None
    index, true, predicted = (columns.index(name) for name in _PREDICTION)
    confidence = columns.index("confidence") if "confidence" in columns else None
    image = columns.index("image") if "image" in columns else None
    found = []
    for row in rows:
        place, sure = row[index], row[confidence] if confidence is not None else None
        if type(place) is not int:
            return None
        found.append(
            Prediction(
                index=place,
                true=str(row[true]),
                predicted=str(row[predicted]),
                confidence=float(sure) if isinstance(sure, int | float) and is_finite_number(sure) else None,
                picture=picture_in_cell(row[image]) if image is not None else None,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An example that not all runs are recorded to have taken for the same.

    Attributes:
        seen: What each run took it for; None where that run has no record of it.
    """

    index: int
    true: str
    seen: tuple[Prediction | None, ...]


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Where the predictions that runs recorded differ.

    Attributes:
        found: Those that most runs recorded first, then by index.
        agreed: How many examples all runs are recorded to have taken for the same.
        unlike: How many have other true classes in other runs' records: they are not the same examples.
    """

    found: tuple[Disagreement, ...]
    agreed: int
    unlike: int


def disagreements(recorded: Sequence[Sequence[Prediction]]) -> Disagreements:
    """Where the predictions of runs differ, each with what it recorded: of the same split of the same data."""
    by_run = [{prediction.index: prediction for prediction in of_run} for of_run in recorded]
    found, agreed, unlike = [], 0, 0
    for index in sorted({index for of_run in by_run for index in of_run}):
        seen = tuple(of_run.get(index) for of_run in by_run)
        known = [prediction for prediction in seen if prediction is not None]
        if len({prediction.true for prediction in known}) > 1:
            unlike += 1
        elif len(known) == len(seen) and len({prediction.predicted for prediction in known}) == 1:
            agreed += 1
        else:
            found.append(Disagreement(index, known[0].true, seen))
    found.sort(key=lambda each: sum(prediction is None for prediction in each.seen))
    return Disagreements(tuple(found), agreed, unlike)


def _is_count(value: float) -> bool:
    return 0 <= value < 2**53 and value == int(value)
