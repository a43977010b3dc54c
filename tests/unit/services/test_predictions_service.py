"""What one asks of stored predictions, and what a batch has to be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.fakes.deterministic import START
from tests.fakes.memory_predictions import MemoryPredictions

from sweepyard.domain.classified import Classified, ModelVersion, Period, ranked
from sweepyard.errors import Conflict, InvalidInput, NotFound
from sweepyard.jsonvalue import loads
from sweepyard.services.predictions import COLUMNS, PredictionsService

ONE = ModelVersion("one", "1234" + "a" * 60, ("cat", "dog"), "animals", "d" * 64)
BEST = replace(ONE, weights_digest="1234" + "b" * 60)
LETTERS = ModelVersion("letters", "9" * 64, ("x", "y"), "letters", "e" * 64)


def batch(model: ModelVersion, *labels: str | None) -> Classified:
    """An image for each label, all taken for the model's first class."""
    count = len(labels)
    return Classified(
        model=model,
        images=np.arange(4 * count, dtype=np.uint8).reshape(count, 2, 2),
        probabilities=np.tile(np.array([0.75, 0.25], np.float32), (count, 1)),
        true_labels=labels,
        latency_seconds=0.5,
        predicted_at=START,
    )


@pytest.fixture
def service() -> PredictionsService:
    service = PredictionsService(MemoryPredictions())
    service.store(batch(ONE, "cat", "dog", None))
    return service


@pytest.mark.parametrize("name", ["one", "1234", "1234aaaa", "one:1234", "one:", ONE.weights_digest, ONE.name])
def test_a_version_is_named_by_its_run_or_its_digest(service: PredictionsService, name: str) -> None:
    assert service.version(name) == ONE


@pytest.mark.parametrize("name", ["two", "on", "123", "1234ab", "two:1234", "one:9", ""])
def test_an_unknown_version_is_told_with_those_there_are(service: PredictionsService, name: str) -> None:
    with pytest.raises(NotFound, match=r"there are of: one:1234aaaa$"):
        service.version(name)


def test_where_there_are_none_that_is_told() -> None:
    with pytest.raises(NotFound, match=r"there are of: none$"):
        PredictionsService(MemoryPredictions()).confusion("one")


def test_a_name_of_several_versions_is_refused_with_their_names(service: PredictionsService) -> None:
    service.store(batch(BEST, None))
    for name in ("one", "1234", "one:1234"):
        with pytest.raises(Conflict, match="several model versions: one:1234aaaa, one:1234bbbb"):
            service.listed(name)
    assert service.version("1234b") == BEST


def test_lists_are_of_one_version_or_of_all(service: PredictionsService) -> None:
    service.store(batch(BEST, None))
    assert len(list(service.listed())) == 4
    assert [each.model for each in service.listed("1234b")] == [BEST]
    assert [each.true_label for each in service.listed("1234a", only_wrong=True)] == ["dog"]
    assert len(list(service.listed(limit=2))) == 2


def test_classes_are_ranked_by_probability_the_first_of_equals_first() -> None:
    probabilities = np.array([0.25, 0.5, 0.25], np.float32)
    assert ranked(("a", "b", "c"), probabilities) == [("b", 0.5), ("a", 0.25), ("c", 0.25)]


def test_rows_have_a_cell_for_each_column(service: PredictionsService) -> None:
    rows = [dict(zip((column.name for column in COLUMNS), row, strict=True)) for row in service.rows("one")]
    assert sorted(str(row["correct"]) for row in rows) == ["False", "None", "True"]
    assert rows[0]["run"] == "one"
    assert (rows[0]["height"], rows[0]["width"], rows[0]["confidence"]) == (2, 2, 0.75)
    assert loads(str(rows[0]["probabilities"])) == {"cat": 0.75, "dog": 0.25}
    assert (rows[0]["latency_seconds"], rows[0]["predicted_at"]) == (0.5, START)


def test_a_confusion_matrix_has_the_model_s_classes_and_those_that_its_images_have_beside(
    service: PredictionsService,
) -> None:
    matrix = service.confusion("one")
    assert matrix.class_names == ("cat", "dog")
    assert matrix.counts.tolist() == [[1, 0], [1, 0]]
    service.store(batch(LETTERS, None, None, "y"))
    matrix = service.confusion("letters")
    assert matrix.class_names == ("x", "y", "cat", "dog")
    assert matrix.counts.tolist() == [[0] * 4, [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]


def test_accuracy_is_over_what_is_labelled(service: PredictionsService) -> None:
    (found,) = service.accuracy(Period.DAY)
    assert (found.period, found.predictions, found.labelled, found.correct, found.share) == ("2026-11-21", 3, 2, 1, 0.5)


def test_versions_are_compared_by_name(service: PredictionsService) -> None:
    service.store(batch(LETTERS, None, None))
    found = service.disagreements("one", "letters", limit=1)
    assert (found.shared, found.differing, len(found.found)) == (2, 2, 1)
    assert (found.found[0].first, found.found[0].second) == (("cat", 0.75), ("x", 0.75))
    with pytest.raises(NotFound, match="'three'"):
        service.disagreements("one", "three")


def test_an_image_is_had_by_its_digest_or_the_beginning_of_it(service: PredictionsService) -> None:
    digest = batch(ONE, None).digests[0]
    for name in (digest, digest[:12]):
        assert service.image(name).tolist() == [[0, 1], [2, 3]]
    with pytest.raises(NotFound, match="there is no image '1234'"):
        service.image("1234")


def test_what_begins_several_digests_is_refused_with_two_of_them(service: PredictionsService) -> None:
    first, second, _ = sorted(batch(ONE, None, None, None).digests)
    with pytest.raises(Conflict, match=f"'' begins the digests of several images, such as {first} and {second}$"):
        service.image("")


def test_digests_tell_shapes_apart() -> None:
    square = batch(ONE, None)
    line = replace(square, images=square.images.reshape(1, 1, 4))
    assert square.digests != line.digests
    assert replace(square, images=np.asfortranarray(square.images)).digests == square.digests


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"images": np.zeros((2, 2, 2), np.int16)}, "images must be uint8"),
        ({"images": np.zeros((2, 4), np.uint8)}, r"received uint8 \(2, 4\) for 2 labels"),
        ({"images": np.zeros((3, 2, 2), np.uint8)}, r"received uint8 \(3, 2, 2\) for 2 labels"),
        ({"images": np.zeros((2, 0, 2), np.uint8)}, "images must be"),
        ({"probabilities": np.ones((2, 2), np.float64)}, r"float32 of shape \(2, 2\).*received float64"),
        ({"probabilities": np.ones((2, 3), np.float32)}, r"received float32 \(2, 3\)"),
        ({"probabilities": np.array([[0.5, 0.5], [0.5, 0.6]], np.float32)}, r"add up to 1; received .* in row 1"),
        ({"probabilities": np.array([[-1, 2], [0.5, 0.5]], np.float32)}, r"between 0 and 1.*\[-1.0, 2.0\] in row 0"),
        ({"probabilities": np.full((2, 2), np.nan, np.float32)}, "in row 0"),
        ({"latency_seconds": -1.0}, "a latency must be a number of seconds, 0 or more; received -1.0"),
        ({"latency_seconds": float("nan")}, "received nan"),
        ({"predicted_at": START.replace(tzinfo=None)}, "must have a time zone"),
        ({"true_labels": ("owl", None)}, "must be a class of the model; received 'owl'. Its: cat, dog"),
        ({"true_labels": ("", None)}, "must be a class of the model; received ''"),
        ({"images": np.zeros((2, 2, 2), np.uint8), "true_labels": ("cat", "dog")}, "one true label; received 'dog'"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        replace(batch(ONE, "cat", None), **changes)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        replace(batch(ONE, None, None), latency_seconds=-1.0, true_labels=("owl", "emu"))
    assert len(refused.value.violations) == 3


def test_one_image_twice_with_one_label_is_no_contradiction() -> None:
    same = np.zeros((3, 2, 2), np.uint8)
    assert len(set(replace(batch(ONE, "cat", None, "cat"), images=same).digests)) == 1
