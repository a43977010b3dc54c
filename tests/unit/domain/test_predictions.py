from __future__ import annotations

from typing import Any

import pytest

from sweepyard.domain.logged_media import Picture
from sweepyard.domain.predictions import (
    MOST_CLASSES,
    Disagreement,
    Disagreements,
    Prediction,
    confusion_matrix_of,
    disagreements,
    predictions_of,
)

MATRIX = ["Actual", "Predicted", "nPredictions"]


def test_a_confusion_matrix_in_any_order_of_columns() -> None:
    rows: Any = [[2, "cat", "cat"], [1.0, "cat", "dog"], [3, "dog", "dog"]]
    matrix = confusion_matrix_of(["nPredictions", "Actual", "Predicted"], rows)
    assert matrix is not None
    assert matrix.class_names == ("cat", "dog")
    assert matrix.counts.tolist() == [[2, 1], [0, 3]]


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (["Actual", "Predicted"], []),
        ([*MATRIX, "more"], [["a", "b", 1, 2]]),
        (MATRIX, []),
        (MATRIX, [["a", "b", "many"]]),
        (MATRIX, [["a", "b", -1]]),
        (MATRIX, [["a", "b", 0.5]]),
        (MATRIX, [["a", "b", float("nan")]]),
        (MATRIX, [["a", "b", 2**60]]),
        (MATRIX, [[str(place), "0", 1] for place in range(MOST_CLASSES + 1)]),
    ],
)
def test_what_is_no_confusion_matrix(columns: list[str], rows: Any) -> None:
    assert confusion_matrix_of(columns, rows) is None


def test_predictions_with_their_pictures() -> None:
    image = {"_type": "image-file", "path": "a.png"}
    columns = ["index", "image", "true", "predicted", "confidence"]
    found = predictions_of(columns, [[3, image, "7", "1", 0.5], [4, "Image", 7, 2, float("nan")]])
    assert found == [Prediction(3, "7", "1", 0.5, Picture("a.png")), Prediction(4, "7", "2", None, None)]
    assert predictions_of(["predicted", "index", "true"], [["1", 3, "7"]]) == [Prediction(3, "7", "1", None, None)]


@pytest.mark.parametrize(
    ("columns", "rows"), [(["index", "true"], []), (["index", "true", "predicted"], [["a", "1", "2"]])]
)
def test_what_holds_no_predictions(columns: list[str], rows: Any) -> None:
    assert predictions_of(columns, rows) is None


def prediction(index: int, predicted: str, true: str = "7") -> Prediction:
    return Prediction(index, true, predicted, None, None)


def test_examples_that_runs_took_for_different_things() -> None:
    first = [prediction(1, "1"), prediction(2, "1"), prediction(3, "2"), prediction(9, "1", true="5")]
    second = [prediction(2, "1"), prediction(3, "4"), prediction(9, "1", true="6")]
    assert disagreements([first, second]) == Disagreements(
        found=(
            Disagreement(3, "7", (prediction(3, "2"), prediction(3, "4"))),
            Disagreement(1, "7", (prediction(1, "1"), None)),
        ),
        agreed=1,
        unlike=1,
    )
    assert disagreements([[], []]) == Disagreements((), 0, 0)
