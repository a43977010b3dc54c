"""What reaches a model: batches, augmentation, the loss and its weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from sweepyard.config.schema import AugmentationConfig
from sweepyard.training.augmentation import RandomAffine
from sweepyard.training.batches import Batches, order_of, steps_in_epoch
from sweepyard.training.feeds import ArrayFeed, TensorFeed
from sweepyard.training.inference import cross_entropy
from sweepyard.training.losses import balancing_weights, build_loss


def test_an_epoch_sees_each_image_once_in_an_order_of_its_own() -> None:
    first, second = order_of(0, 0, 50), order_of(0, 1, 50)
    assert sorted(first) == sorted(second) == list(range(50))
    assert list(first) != list(second)
    assert list(first) == list(order_of(0, 0, 50))
    assert list(first) != list(order_of(1, 0, 50))


def test_batches_from_the_kth_on_are_the_rest_of_all() -> None:
    images = np.arange(10, dtype=np.float32).reshape(10, 1, 1, 1)
    labels = np.arange(10, dtype=np.int64)
    weights = np.arange(10, dtype=np.float32) / np.float32(10)
    order = order_of(0, 0, 10)
    whole = Batches(images, labels, weights=weights, order=order, batch_size=4)
    rest = Batches(images, labels, weights=weights, order=order, batch_size=4, first=2)
    assert (len(whole), len(rest)) == (3, 1) == (steps_in_epoch(10, 4), 1)
    for left, right in zip(whole[2], rest[0], strict=True):
        np.testing.assert_array_equal(left, right)
    assert [len(whole[index][0]) for index in range(3)] == [4, 4, 2]
    x, y, w = whole[0]
    np.testing.assert_array_equal(x[:, 0, 0, 0], y)
    np.testing.assert_allclose(w, y / 10)


def test_without_an_order_images_come_as_they_are() -> None:
    images = np.arange(3, dtype=np.float32).reshape(3, 1, 1, 1)
    batch = Batches(images, np.arange(3), batch_size=2)[1]
    assert [part.tolist() for part in batch] == [[[[[2.0]]]], [2]]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("first", [0, 2])
@pytest.mark.parametrize("order", [None, order_of(0, 0, 10)])
def test_both_feeds_give_the_same_batches(weighted: bool, first: int, order: npt.NDArray[np.int64] | None) -> None:
    images = np.random.default_rng(0).random((10, 2, 2, 1)).astype(np.float32)
    labels = np.arange(10, dtype=np.int64)
    weights = np.linspace(0, 1, 10, dtype=np.float32) if weighted else None
    arrays = ArrayFeed(images, labels, weights, 4).batches(order, first)
    tensors = list(TensorFeed(images, labels, weights, 4).batches(order, first))
    assert len(tensors) == len(arrays) == 3 - first
    for index, batch in enumerate(tensors):
        assert len(batch) == 2 + weighted
        for left, right in zip(batch, arrays[index], strict=True):
            np.testing.assert_array_equal(left.numpy(), right)


def augmented(images: np.ndarray, **keys: float) -> np.ndarray:
    layer = RandomAffine(AugmentationConfig(**keys), seed=1, background=-1.0)
    return np.asarray(layer(images, training=True))


@pytest.fixture
def dots() -> np.ndarray:
    images = np.full((64, 15, 15, 1), -1.0, np.float32)
    images[:, 7, 7, 0] = 1.0
    images[:, 7, 12, 0] = 2.0
    return images


def test_augmentation_is_for_training_only(dots: np.ndarray) -> None:
    layer = RandomAffine(AugmentationConfig(shift=0.3), seed=1, background=-1.0)
    np.testing.assert_array_equal(np.asarray(layer(dots)), dots)
    assert not np.array_equal(np.asarray(layer(dots, training=True)), dots)


def test_shifts_move_images_by_at_most_the_fraction_and_in_both_directions(dots: np.ndarray) -> None:
    result = augmented(dots, shift=0.2)
    mass = result[..., 0] + 1.0
    columns = (mass.sum(axis=1) * np.arange(15)).sum(axis=1) / mass.sum(axis=(1, 2))
    still = (2 * 7 + 3 * 12) / 5
    moved = columns - still
    assert np.abs(moved).max() <= 0.2 * 15 + 1e-3
    assert moved.min() < -1.5
    assert moved.max() > 1.5


def test_rotation_keeps_the_centre_and_turns_the_rest(dots: np.ndarray) -> None:
    result = augmented(dots, rotate=0.25)[..., 0]
    np.testing.assert_allclose(result[:, 7, 7], 1.0, atol=1e-4)
    assert result[:, 2:6, 7:13].max(axis=(1, 2)).max() > 0.5
    assert result[:, 9:13, 7:13].max(axis=(1, 2)).max() > 0.5


def test_zoom_scales_about_the_centre(dots: np.ndarray) -> None:
    result = augmented(dots, zoom=0.4)[..., 0]
    np.testing.assert_allclose(result[:, 7, 7], 1.0, atol=1e-4)
    places = result[:, 7, 8:].argmax(axis=1) + 1
    assert places.min() < 5 < places.max()
    np.testing.assert_allclose(result[:, :5], -1.0, atol=1e-4)


def test_augmentation_repeats_with_its_seed_generator(dots: np.ndarray) -> None:
    layer = RandomAffine(AugmentationConfig(shift=0.2, rotate=0.1, zoom=0.2), seed=5, background=0.0)
    state = np.asarray(layer.seed_generator.state.numpy())
    first = np.asarray(layer(dots, training=True))
    second = np.asarray(layer(dots, training=True))
    layer.seed_generator.state.assign(state)
    np.testing.assert_array_equal(np.asarray(layer(dots, training=True)), first)
    assert not np.array_equal(first, second)


def test_balancing_weights_give_each_class_the_same_say() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [3] * 1)
    weights = balancing_weights(labels, 4)
    assert weights.dtype == np.float32
    assert weights.mean() == pytest.approx(1.0)
    assert [weights[labels == label].sum() for label in (0, 1, 3)] == pytest.approx([10 / 3] * 3)


def test_the_plain_loss_is_the_cross_entropy() -> None:
    logits = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 3.0]], np.float32)
    labels = np.array([0, 1])
    assert float(build_loss(3, 0.0)(labels, logits)) == pytest.approx(cross_entropy(logits, labels), rel=1e-6)


def test_smoothing_spreads_the_labels() -> None:
    logits = np.array([[2.0, 0.0, -1.0]], np.float32)
    log_probabilities = logits[0] - np.log(np.exp(logits[0]).sum())
    expected = -(0.8 * log_probabilities[0] + 0.1 * log_probabilities[1] + 0.1 * log_probabilities[2])
    assert float(build_loss(3, 0.3)(np.array([0]), logits)) == pytest.approx(expected, rel=1e-5)
