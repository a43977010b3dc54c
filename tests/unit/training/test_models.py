"""Models: their sizes, their shapes, and what a config that does not fit gets."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Any

import keras
import numpy as np
import pytest

from sweepyard.config import targets
from sweepyard.config.fits import shape_violations
from sweepyard.config.schema import (
    MODEL_CONFIGS,
    CnnClassicConfig,
    ConvnetConfig,
    CustomModelConfig,
    LeNet5Config,
    MlpConfig,
    ModelConfig,
    ResnetConfig,
)
from sweepyard.errors import ConfigInvalid
from sweepyard.training.models import _build, build_network

SHAPE = (28, 28, 1)


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (MlpConfig(), 669_706),
        (MlpConfig(units=()), 7_850),
        (ConvnetConfig(), 34_826),
        (CnnClassicConfig(), 1_199_882),
        (LeNet5Config(), 61_706),
        (ResnetConfig(), 78_426),
    ],
)
def test_models_have_the_parameters_that_their_sources_name(config: ModelConfig, parameters: int) -> None:
    assert build_network(config, SHAPE, 10).count_params() == parameters


@pytest.mark.parametrize("name", sorted(MODEL_CONFIGS))
def test_models_give_float32_logits_for_any_number_of_classes(name: str) -> None:
    network = build_network(MODEL_CONFIGS[name](name=name), SHAPE, 7)
    logits = network(np.zeros((2, *SHAPE), np.float32))
    assert (tuple(logits.shape), logits.dtype) == ((2, 7), "float32")
    assert not np.allclose(np.asarray(logits).sum(axis=1), 1.0) or not np.asarray(logits).any()


@pytest.mark.parametrize(
    ("plain", "changed"),
    [
        (MlpConfig(), MlpConfig(batch_norm=True, l2=0.1, activation="gelu", dropout=0.0, units=(16, 8, 4))),
        (ConvnetConfig(), ConvnetConfig(filters=(8,), batch_norm=True, dense_units=(16, 8), l2=0.1, kernel_size=5)),
        (CnnClassicConfig(), CnnClassicConfig(filters=(4, 4, 4), dropout=0.0, dropout_features=0.0, dense_units=9)),
        (LeNet5Config(), LeNet5Config(filters=(3, 4), dense_units=(12,), dropout=0.4, activation="relu")),
        (ResnetConfig(), ResnetConfig(filters=(4, 8), blocks=2, dropout=0.1, kernel_size=5)),
    ],
)
def test_every_key_reaches_the_architecture(plain: ModelConfig, changed: ModelConfig) -> None:
    network = build_network(changed, SHAPE, 10)
    assert network.count_params() != build_network(plain, SHAPE, 10).count_params()
    kinds = {type(layer).__name__ for layer in network.layers}
    assert ("Dropout" in kinds) == bool(getattr(changed, "dropout", 0))
    penalised = [layer for layer in network.layers if getattr(layer, "kernel_regularizer", None) is not None]
    assert bool(penalised) == bool(getattr(changed, "l2", 0))


@pytest.mark.parametrize(
    "fits",
    [
        (ConvnetConfig(filters=(2, 2), kernel_size=9, pool_size=2), True),
        (ConvnetConfig(filters=(2, 2), kernel_size=10, pool_size=2), False),
        (ConvnetConfig(filters=(2,), kernel_size=15, pool_size=8), True),
        (ConvnetConfig(filters=(2, 2), kernel_size=1, pool_size=5), True),
        (ConvnetConfig(filters=(2, 2), kernel_size=1, pool_size=6), False),
        (CnnClassicConfig(filters=(2, 2), kernel_size=14, dense_units=2), True),
        (CnnClassicConfig(filters=(2, 2), kernel_size=14, pool_size=3, dense_units=2), False),
        (LeNet5Config(kernel_size=13), True),
        (LeNet5Config(kernel_size=14), False),
    ],
    ids=str,
)
def test_what_is_told_from_the_config_is_what_keras_builds(fits: tuple[ModelConfig, bool]) -> None:
    model, builds = fits
    assert (not list(shape_violations(model, 28))) == builds
    if builds:
        build_network(model, SHAPE, 10)
        return
    with pytest.raises(ValueError, match=r"negative|Negative|zero|Exception"):
        _build(model, SHAPE, 10)
    with pytest.raises(ConfigInvalid, match="images of 28 pixels must outlast every layer of"):
        build_network(model, SHAPE, 10)


def test_a_model_of_ones_own_that_does_not_fit_the_images_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "users_package", sys.modules[__name__])
    custom = CustomModelConfig(name="deep", target="users_package.deep")
    with pytest.raises(ConfigInvalid, match="must fit images of 28 x 28 pixels; received deep"):
        build_network(custom, SHAPE, 10)


def broken(input_shape: tuple[int, ...], classes: int) -> Any:
    raise RuntimeError("boom")


def deep(input_shape: tuple[int, ...], classes: int) -> Any:
    return keras.Sequential([keras.Input(input_shape), keras.layers.Conv2D(2, 40), keras.layers.Dense(classes)])


def small(input_shape: tuple[int, ...], classes: int, *, units: int = 4, softmax: bool = False) -> Any:
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(units, "relu"),
            keras.layers.Dense(classes, "softmax" if softmax else None),
        ]
    )


@keras.saving.register_keras_serializable(package="tests")
class Subclassed(keras.Model):  # type: ignore[misc]
    def __init__(self, input_shape: tuple[int, ...], classes: int, **keys: Any) -> None:
        super().__init__(**keys)
        self.arguments = {"input_shape": input_shape, "classes": classes}
        self.flatten = keras.layers.Flatten()
        self.dense = keras.layers.Dense(classes)

    def call(self, images: Any) -> Any:
        return self.dense(self.flatten(images))

    def get_config(self) -> dict[str, Any]:
        return self.arguments


class Unsaved(Subclassed):
    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("no config")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> str:
    """This module under a name that a class path can name."""
    monkeypatch.setitem(sys.modules, "users_package", sys.modules[__name__])
    return "users_package"


def test_a_model_of_ones_own_by_class_path(here: str) -> None:
    config = CustomModelConfig(name="mine", target=f"{here}.small", arguments={"units": 3})
    assert build_network(config, SHAPE, 10).count_params() == 784 * 3 + 3 + 3 * 10 + 10


def test_a_model_of_ones_own_by_entry_point(here: str, monkeypatch: pytest.MonkeyPatch) -> None:
    point = metadata.EntryPoint("mine", f"{here}:small", targets.MODELS)
    offered = metadata.EntryPoints([point])
    monkeypatch.setattr(targets, "entry_points", lambda group: offered.select(group=group))
    network = build_network(CustomModelConfig(name="mine", target="entry_point:mine", arguments={}), SHAPE, 10)
    assert network.count_params() == 784 * 4 + 4 + 4 * 10 + 10


@pytest.mark.parametrize(
    ("target", "arguments", "message"),
    [
        ("nowhere_at_all.model", {}, "must be importable"),
        ("{here}.small", {"depth": 3}, "must accept its arguments"),
        ("{here}.small", {"softmax": True}, "must end in logits"),
        ("builtins.list", {}, "must accept its arguments"),
        ("builtins.slice", {}, "must give a Keras model"),
        ("{here}.broken", {}, r"must not raise; received RuntimeError: boom\. It comes from .*test_models.py, line"),
        ("{here}.{wrong}", {}, "must give 10 logits"),
        ("{here}.Unsaved", {}, "must survive saving"),
    ],
)
def test_a_target_that_gives_no_model_is_refused(
    here: str, monkeypatch: pytest.MonkeyPatch, target: str, arguments: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(sys.modules[here], "wrong", lambda shape, classes: small(shape, classes + 1), raising=False)
    config = CustomModelConfig(name="mine", target=target.format(here=here, wrong="wrong"), arguments=arguments)
    with pytest.raises(ConfigInvalid, match=message):
        build_network(config, SHAPE, 10)


def test_a_config_of_no_known_class_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="conf/model"):
        build_network(ModelConfig(name="other"), SHAPE, 10)


def test_subclassed_models_work_too(here: str) -> None:
    config = CustomModelConfig(name="mine", target=f"{here}.Subclassed", arguments={})
    assert build_network(config, SHAPE, 10).count_params() == 7_850
