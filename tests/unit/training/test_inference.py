"""Saving, loading, predicting."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tests.parts.disks import disk_of

from sweepyard.config.schema import AugmentationConfig, DataConfig, ExperimentConfig
from sweepyard.datasets.dataset import Dataset, Split
from sweepyard.errors import CheckpointError, ModelFileError
from sweepyard.training import checkpoints, inference, modelfile
from sweepyard.training.digest import weights_digest
from sweepyard.training.inference import Predictor, cross_entropy, softmax

# One worker's, so that one model serves all.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("inference")]


@pytest.fixture(scope="module")
def trained(fit_in: Any, config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    data = DataConfig(name="bars", scaling="standardise", augmentation=AugmentationConfig(shift=0.1))
    result, _ = fit_in(tmp_path_factory.mktemp("trained"), replace(config, data=data), epochs=1)
    return inference.load(result.model_path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_round_trip_keeps_logits_and_card(trained: Predictor, dataset: Dataset, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"copy{suffix}"
    trained.save(path)
    again = inference.load(path)
    np.testing.assert_array_equal(again.logits(dataset.test.images), trained.logits(dataset.test.images))
    assert again.card == trained.card
    assert weights_digest(again.network) == trained.card.weights_digest
    assert again.trained_on == ("bars", dataset.digest)
    assert again.class_names == ("low", "middle", "high")
    assert list(tmp_path.glob(".*")) == []


def test_other_readers_open_the_file(trained: Predictor, dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "copy.keras"
    trained.save(path)
    network = keras.models.load_model(path)
    scaled = trained.card.scaler.apply(dataset.test.images)
    np.testing.assert_array_equal(
        network.predict(scaled, batch_size=512, verbose=0), trained.logits(dataset.test.images)
    )


def test_predictions_are_probabilities(trained: Predictor, dataset: Dataset) -> None:
    probabilities = trained.predict(dataset.test.images)
    assert probabilities.shape == (30, 3)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert trained.predict(dataset.test.images[:0]).shape == (0, 3)


def test_evaluation_names_its_split(trained: Predictor, dataset: Dataset) -> None:
    values = trained.evaluate(dataset.test, "test")
    assert set(values) == {"test/loss", "test/accuracy"}
    predicted = trained.predict(dataset.test.images).argmax(axis=1)
    assert values["test/accuracy"] == (predicted == dataset.test.labels).mean()


def test_softmax_and_cross_entropy_survive_large_logits() -> None:
    logits = np.array([[1000.0, 0.0], [0.0, -1000.0]], np.float32)
    np.testing.assert_allclose(softmax(logits), [[1, 0], [1, 0]])
    assert cross_entropy(logits, np.array([0, 1])) == pytest.approx(500.0)


@pytest.mark.parametrize(
    "images",
    [np.zeros((2, 28, 28), np.uint8), np.zeros((12, 12), np.uint8), np.zeros((2, 12, 12), np.float32)],
)
def test_images_of_another_shape_are_refused(trained: Predictor, images: Any) -> None:
    with pytest.raises(ModelFileError, match=r"takes images of shape \(n, 12, 12\) and type uint8; received"):
        trained.predict(images)


def test_labels_beyond_the_classes_are_refused(trained: Predictor) -> None:
    split = Split(np.zeros((1, 12, 12), np.uint8), np.array([3]))
    with pytest.raises(ModelFileError, match="knows 3 classes; the test split holds label 3"):
        trained.evaluate(split, "test")
    with pytest.raises(ModelFileError, match="must hold images"):
        trained.evaluate(Split(split.images[:0], split.labels[:0]), "test")


def test_files_that_are_no_models_are_refused(trained: Predictor, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"must end in \.keras or \.h5"):
        inference.load(tmp_path / "model.onnx")
    with pytest.raises(ModelFileError, match="must exist"):
        inference.load(tmp_path / "model.keras")
    for suffix in modelfile.SUFFIXES:
        garbage = tmp_path / f"garbage{suffix}"
        garbage.write_bytes(b"not a model")
        with pytest.raises(ModelFileError, match="not a readable"):
            inference.load(garbage)
        foreign = tmp_path / f"foreign{suffix}"
        trained.network.save(foreign)
        with pytest.raises(ModelFileError, match="holds no card"):
            inference.load(foreign)


def test_a_damaged_model_is_refused(trained: Predictor, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.keras", tmp_path / "broken.keras"
    trained.save(whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            target.writestr(name, b"" if name.endswith(".weights.h5") else source.read(name))
    with pytest.raises(ModelFileError, match="cannot be read"):
        inference.load(broken)


def test_a_model_with_other_classes_than_its_card_is_refused(trained: Predictor, tmp_path: Path) -> None:
    path = tmp_path / "odd.keras"
    modelfile.save(trained.network, path, replace(trained.card, class_names=("a", "b")))
    with pytest.raises(ModelFileError, match="must give 2 logits"):
        inference.load(path)


@pytest.mark.parametrize(("suffix", "reason"), [(".h5", "no optimiser state"), (".keras", "neither generator states")])
def test_resuming_from_a_model_file_is_refused(trained: Predictor, tmp_path: Path, suffix: str, reason: str) -> None:
    path = tmp_path / f"copy{suffix}"
    trained.save(path)
    with pytest.raises(CheckpointError, match=reason):
        checkpoints.read(path)


def test_a_full_disk_leaves_no_model_half_written(trained: Predictor, tmp_path: Path) -> None:
    trained.save(tmp_path / "model.keras")
    for suffix in modelfile.SUFFIXES:
        with pytest.raises(ModelFileError, match=r"could not be written: .*File too large"), disk_of(5_000):
            trained.save(tmp_path / f"copy{suffix}")
    assert [each.name for each in tmp_path.iterdir()] == ["model.keras"]
