"""What every predictions database promises."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.fakes.deterministic import START
from tests.fakes.memory_predictions import MemoryPredictions
from tests.parts.postgresql import PostgresServer

from sweepyard.domain.classified import Accuracy, Added, Classified, ModelVersion, Period, VersionDisagreement
from sweepyard.errors import Conflict
from sweepyard.services.ports.predictions import PredictionStore
from sweepyard.storage.predictions.opening import open_predictions

ONE = ModelVersion("one", "1" * 64, ("cat", "dog", "owl"), "animals", "d" * 64)
TWO = replace(ONE, run_id="two", weights_digest="2" * 64)
UNSURE = (0.25, 0.25, 0.5)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PredictionStore]:
    opened: PredictionStore
    if request.param == "memory":
        opened = MemoryPredictions()
    elif request.param == "sqlite":
        opened = open_predictions(tmp_path, to_store=True)
    else:
        server: PostgresServer = request.getfixturevalue("postgresql")
        opened = open_predictions(tmp_path, server.new_database(), to_store=True)
    yield opened
    opened.close()


def image(number: int) -> np.ndarray:
    """One of many images: (2, 3) uint8."""
    return np.array([[number % 256, number // 256, 2], [3, 4, 5]], np.uint8)


def batch(
    *rows: tuple[int, tuple[float, ...], str | None], model: ModelVersion = ONE, after: timedelta = timedelta()
) -> Classified:
    """Rows of image, probabilities and true label."""
    return Classified(
        model=model,
        images=np.stack([image(number) for number, _, _ in rows]),
        probabilities=np.array([probabilities for _, probabilities, _ in rows], np.float32),
        true_labels=tuple(label for _, _, label in rows),
        latency_seconds=0.125,
        predicted_at=START + after,
    )


def sure(name: str, confidence: float = 0.5) -> tuple[float, ...]:
    rest = (1 - confidence) / 2
    return tuple(confidence if name == other else rest for other in ONE.class_names)


def test_what_was_stored_is_read_back(store: PredictionStore) -> None:
    third = float(np.float32(1) / np.float32(3))
    made = batch((0, (third, third, third), None), (1, (0.1, 0.2, 0.7), "cat"))
    assert store.add(made) == Added(received=2, images=2, predictions=2)
    first, second = sorted(store.predictions(), key=lambda each: made.digests.index(each.image_digest))
    assert (first.model, first.image_digest, first.height, first.width) == (ONE, made.digests[0], 2, 3)
    assert (first.true_label, first.predicted, first.is_correct) == (None, "cat", None)
    assert (second.true_label, second.predicted, second.is_correct) == ("cat", "owl", False)
    assert second.confidence == max(second.probabilities) == pytest.approx(0.7)
    for stored, row in zip((first, second), made.probabilities, strict=True):
        np.testing.assert_array_equal(np.array(stored.probabilities, np.float32), row)
        assert (stored.latency_seconds, stored.predicted_at) == (0.125, START)
    found = store.image(first.image_digest)
    assert found is not None
    np.testing.assert_array_equal(found, image(0))
    assert store.image("0" * 64) is None
    assert store.versions() == [ONE]


def test_digests_are_found_by_how_they_begin(store: PredictionStore) -> None:
    made = batch(*((number, UNSURE, None) for number in range(40)))
    store.add(made)
    digests = sorted(made.digests)
    assert store.image_digests("", limit=100) == digests
    assert store.image_digests("", limit=3) == digests[:3]
    for beginning in (digests[0], digests[-1][:12], digests[20][:1], "f", "z", "%", "_"):
        assert store.image_digests(beginning, limit=100) == [each for each in digests if each.startswith(beginning)]


def test_what_is_there_stays_as_it_was(store: PredictionStore) -> None:
    store.add(batch((0, sure("cat"), "cat"), (1, sure("dog"), None)))
    again = batch((0, sure("owl"), "cat"), (1, sure("owl"), None), (2, sure("owl"), None), after=timedelta(days=1))
    assert store.add(again) == Added(received=3, images=1, predictions=1)
    assert store.add(again) == Added(received=3, images=0, predictions=0)
    found = {each.image_digest: (each.predicted, each.predicted_at) for each in store.predictions()}
    assert [found[digest] for digest in again.digests] == [
        ("cat", START),
        ("dog", START),
        ("owl", START + timedelta(days=1)),
    ]


def test_an_image_twice_in_a_batch_is_stored_once(store: PredictionStore) -> None:
    assert store.add(batch((0, UNSURE, None), (0, UNSURE, "owl"))) == Added(received=2, images=1, predictions=1)
    assert [each.true_label for each in store.predictions()] == ["owl"]


def test_two_versions_share_images(store: PredictionStore) -> None:
    store.add(batch((0, UNSURE, "cat"), (1, UNSURE, None)))
    assert store.add(batch((1, UNSURE, None), (2, UNSURE, None), model=TWO)) == Added(2, 1, 2)
    best = replace(ONE, weights_digest="3" * 64)
    assert store.add(batch((0, UNSURE, None), model=best)) == Added(1, 0, 1)
    assert store.versions() == [ONE, TWO, best]
    assert len(list(store.predictions())) == 5
    assert {each.true_label for each in store.predictions(best)} == {"cat"}


def test_a_label_becomes_known(store: PredictionStore) -> None:
    store.add(batch((0, UNSURE, None), (1, UNSURE, None)))
    assert store.add(batch((1, UNSURE, "dog"), (0, UNSURE, None))) == Added(2, 0, 0)
    assert sorted(each.true_label or "" for each in store.predictions()) == ["", "dog"]
    store.add(batch((1, UNSURE, None)))
    assert sorted(each.true_label or "" for each in store.predictions()) == ["", "dog"]


def test_another_true_label_is_refused_and_nothing_of_the_batch_is_kept(store: PredictionStore) -> None:
    store.add(batch(*((number, UNSURE, "cat") for number in range(7))))
    wrong = batch(*((number, UNSURE, "dog") for number in range(7)), (7, UNSURE, None), model=TWO)
    with pytest.raises(Conflict) as refused:
        store.add(wrong)
    lines = str(refused.value).splitlines()
    first = min(wrong.digests[:7])
    assert lines[0] == f"image {first[:8]}: an image has one true label; received 'dog', and 'cat' before it"
    assert lines[5:] == ["and 2 more such images"]
    assert store.versions() == [ONE]
    assert store.image(wrong.digests[7]) is None
    assert len(list(store.predictions())) == 7


def test_lists_are_the_newest_first_and_can_be_narrowed(store: PredictionStore) -> None:
    for day in range(3):
        after = timedelta(days=day)
        store.add(batch((2 * day, sure("cat"), "cat"), (2 * day + 1, sure("cat"), "dog"), after=after))
        store.add(batch((2 * day, sure("owl"), None), (9, sure("owl"), None), model=TWO, after=after))
    every = list(store.predictions())
    assert every == sorted(every, key=lambda each: (-each.predicted_at.timestamp(), each.image_digest, each.model.name))
    assert len(every) == 10
    assert list(store.predictions(limit=3)) == every[:3]
    assert [each.predicted_at.day for each in store.predictions(ONE, only_wrong=True)] == [23, 22, 21]
    assert {each.true_label for each in store.predictions(TWO, only_wrong=True)} == {"cat"}


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (None, [None]),
        (Period.MONTH, ["2026-11", "2026-12"]),
        (Period.DAY, ["2026-11-21", "2026-11-22", "2026-12-01"]),
        (Period.HOUR, ["2026-11-21 08", "2026-11-21 23", "2026-11-22 00", "2026-12-01 08"]),
    ],
)
def test_accuracy_over_time(store: PredictionStore, by: Period | None, names: list[str | None]) -> None:
    moments = [timedelta(), timedelta(hours=15.75), timedelta(hours=16), timedelta(days=10)]
    for number, after in enumerate(moments):
        labels = [("cat", "cat"), ("cat", "dog"), ("owl", None)][: 3 - number % 2]
        rows = [(number * 10 + place, sure(took), shows) for place, (took, shows) in enumerate(labels)]
        store.add(batch(*rows, after=after))
    store.add(batch((0, sure("cat"), None), model=TWO))
    of_one = [each for each in store.accuracy(by) if each.model == ONE]
    assert [each.period for each in of_one] == names
    assert sum(each.predictions for each in of_one) == 10
    assert (of_one[0].first_at, of_one[-1].last_at) == (START, START + moments[-1])
    assert {each.share for each in of_one} == {0.5}
    name = {None: None, Period.MONTH: "2026-11", Period.DAY: "2026-11-21", Period.HOUR: "2026-11-21 08"}[by]
    assert store.accuracy(by)[-1] == Accuracy(
        model=TWO, period=name, predictions=1, labelled=1, correct=1, first_at=START, last_at=START
    )


def test_what_nobody_labelled_has_no_accuracy(store: PredictionStore) -> None:
    assert store.accuracy() == []
    store.add(batch((0, UNSURE, None)))
    (found,) = store.accuracy()
    assert (found.predictions, found.labelled, found.share) == (1, 0, None)
    assert store.confusion(ONE) == {}


def test_confusion_counts_what_is_labelled(store: PredictionStore) -> None:
    store.add(batch((0, sure("cat"), "cat"), (1, sure("cat"), "dog"), (2, sure("cat"), "dog"), (3, sure("owl"), None)))
    store.add(batch((0, sure("owl"), None), model=TWO))
    assert store.confusion(ONE) == {("cat", "cat"): 1, ("dog", "cat"): 2}
    assert store.confusion(TWO) == {("cat", "owl"): 1}


def test_disagreements_of_two_versions_are_the_surest_first(store: PredictionStore) -> None:
    one = batch(*((number, sure("cat", 0.5), "dog" if number == 1 else None) for number in range(5)))
    store.add(one)
    took = {1: sure("dog", 0.5), 2: sure("cat", 0.9), 3: sure("owl", 0.75), 4: sure("owl", 0.5), 5: UNSURE}
    store.add(batch(*((number, row, None) for number, row in took.items()), model=TWO))
    found = store.disagreements(ONE, TWO)
    assert (found.shared, found.differing) == (4, 3)
    digests = one.digests
    assert found.found[0] == VersionDisagreement(digests[3], None, ("cat", 0.5), ("owl", 0.75))
    assert [each.image_digest for each in found.found[1:]] == sorted([digests[1], digests[4]])
    assert {each.true_label for each in found.found[1:]} == {None, "dog"}
    limited = store.disagreements(ONE, TWO, limit=1)
    assert (limited.differing, limited.found) == (3, found.found[:1])
    other_way = store.disagreements(TWO, ONE).found[0]
    assert (other_way.first, other_way.second) == (("owl", 0.75), ("cat", 0.5))
    assert store.disagreements(ONE, ONE) == replace(found, shared=5, differing=0, found=())
    assert store.disagreements(ONE, replace(TWO, run_id="unknown")).shared == 0


def test_writers_that_store_the_same_at_once_store_it_once(store: PredictionStore) -> None:
    several = batch(*((number, UNSURE, None) for number in range(300)))
    added: list[Added] = []
    threads = [threading.Thread(target=lambda: added.append(store.add(several))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(each.predictions for each in added) == [0, 0, 0, 300]
    assert len(list(store.predictions())) == 300


def test_every_thread_may_read_while_another_reads(store: PredictionStore) -> None:
    store.add(batch(*((number, UNSURE, None) for number in range(5))))
    going_on = store.predictions()
    next(going_on)
    counts: list[int] = []
    reader = threading.Thread(target=lambda: counts.append(len(list(store.predictions()))))
    reader.start()
    reader.join(20)
    assert counts == [5]
    assert len(list(going_on)) == 4
