"""Splits, data sets and scaling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.datasets.dataset import Dataset, Split
from sweepyard.datasets.scaling import Scaler
from sweepyard.datasets.split import stratified
from sweepyard.errors import DataError


def split(count: int, label: int = 0, side: int = 2) -> Split:
    return Split(np.zeros((count, side, side), np.uint8), np.full(count, label, np.int64))


def dataset(**changes: Split) -> Dataset:
    splits = {"train": split(3), "validation": split(2, 1), "test": split(1)} | changes
    return Dataset("made-up", ("a", "b"), splits["train"], splits["validation"], splits["test"], "d")


@given(labels=st.lists(st.integers(0, 5), min_size=2, max_size=120), data=st.data())
def test_parts_are_disjoint_whole_and_in_proportion(labels: list[int], data: st.DataObject) -> None:
    array = np.array(labels, np.int64)
    cut = data.draw(st.integers(0, len(labels)))
    first, second = stratified(array, (len(labels) - cut, cut))
    assert sorted([*first, *second]) == list(range(len(labels)))
    assert len(second) == cut
    for label in set(labels):
        share = labels.count(label) * (len(labels) - cut) / len(labels)
        assert abs(int((array[first] == label).sum()) - share) < 1
    again = stratified(array, (len(labels) - cut, cut))
    assert [part.tolist() for part in again] == [first.tolist(), second.tolist()]


def test_parts_are_shuffled() -> None:
    labels = np.repeat(np.arange(10, dtype=np.int64), 20)
    first, second = stratified(labels, (150, 50))
    assert len(set(labels[first][:30].tolist())) > 5
    assert len(set(labels[second][:30].tolist())) > 5


@pytest.mark.parametrize("sizes", [(2, 2), (4, -1), (1,)])
def test_parts_must_add_up(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="add up to 3"):
        stratified(np.zeros(3, np.int64), sizes)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((2, 3, 3), np.float32), np.zeros(2, np.int64)),
        (np.zeros((2, 3), np.uint8), np.zeros(2, np.int64)),
        (np.zeros((2, 3, 3), np.uint8), np.zeros(3, np.int64)),
        (np.zeros((2, 3, 3), np.uint8), np.zeros(2, np.uint8)),
    ],
)
def test_a_split_has_one_shape_and_type(images: np.ndarray, labels: np.ndarray) -> None:
    with pytest.raises(DataError, match="received"):
        Split(images, labels)


def test_a_data_set_knows_its_splits() -> None:
    whole = dataset()
    assert {name: len(part) for name, part in whole.splits.items()} == {"train": 3, "validation": 2, "test": 1}
    assert whole.image_shape == (2, 2)
    assert len(whole.train.first(2)) == 2
    assert len(whole.train.first(20)) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": split(0)}, "test split must hold at least one image"),
        ({"test": split(1, 2)}, r"labels must lie in 0\.\.1; received 2 to 2 in test"),
        ({"validation": split(1, -1)}, "received -1"),
        ({"test": split(1, side=3)}, "images of one size"),
    ],
)
def test_splits_that_do_not_fit_are_refused(changes: dict[str, Split], message: str) -> None:
    with pytest.raises(DataError, match=message):
        dataset(**changes)


@given(
    pixels=st.lists(st.integers(0, 255), min_size=2, max_size=60).filter(lambda values: len(set(values)) > 1),
    images=st.sampled_from([1, 3]),
)
def test_standardising_gives_mean_0_and_deviation_1(pixels: list[int], images: int) -> None:
    train = np.array(pixels * images, np.uint8).reshape(images, 1, -1)
    scaled = Scaler.fit("standardise", train).apply(train)
    assert scaled.shape == (*train.shape, 1)
    assert scaled.dtype == np.float32
    assert float(scaled.mean(dtype=np.float64)) == pytest.approx(0, abs=1e-3)
    assert float(scaled.std(dtype=np.float64)) == pytest.approx(1, abs=1e-3)


def test_unit_scaling_spans_0_to_1_whatever_the_images() -> None:
    scaler = Scaler.fit("unit", np.full((1, 2, 2), 7, np.uint8))
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    scaled = scaler.apply(levels)
    assert scaled.min() == 0
    assert scaled.max() == 1
    np.testing.assert_allclose(scaled.ravel(), np.arange(256) / 255, rtol=1e-6)


def test_the_scaler_does_not_depend_on_the_order_of_images() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5000, 3, 3)).astype(np.uint8)
    assert Scaler.fit("standardise", images) == Scaler.fit("standardise", images[::-1])


def test_images_without_contrast_cannot_be_standardised() -> None:
    with pytest.raises(DataError, match=r"data\.scaling=unit"):
        Scaler.fit("standardise", np.full((2, 2, 2), 9, np.uint8))


def test_a_scaler_survives_json() -> None:
    scaler = Scaler.fit("standardise", np.arange(8, dtype=np.uint8).reshape(2, 2, 2))
    assert Scaler.from_json(scaler.to_json()) == scaler


@pytest.mark.parametrize(
    "value",
    [{}, {"mean": 0.1}, {"mean": "0", "deviation": 1}, {"mean": 0, "deviation": 0}, {"mean": math.nan, "deviation": 1}],
)
def test_a_damaged_scaler_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="scaler"):
        Scaler.from_json(value)
