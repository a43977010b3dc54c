"""Which models images outlast; that Keras builds exactly those is tried in tests/unit/training/test_models.py."""

from __future__ import annotations

import pytest

from sweepyard.config.compose import compose
from sweepyard.config.fits import shape_violations
from sweepyard.config.schema import CnnClassicConfig, ConvnetConfig, LeNet5Config, MlpConfig, ModelConfig, ResnetConfig
from sweepyard.errors import ConfigInvalid


@pytest.mark.parametrize(
    ("model", "side", "layer"),
    [
        (ConvnetConfig(), 28, None),
        (ConvnetConfig(filters=(4,), kernel_size=15, pool_size=8), 28, None),
        (ConvnetConfig(filters=(4, 4), kernel_size=15, pool_size=8), 28, "convolution 2"),
        (ConvnetConfig(filters=(8, 8, 8), kernel_size=3, pool_size=2), 28, None),
        (ConvnetConfig(filters=(8, 8, 8, 8), kernel_size=3, pool_size=2), 28, "convolution 4"),
        (ConvnetConfig(filters=(8,), kernel_size=1, pool_size=8), 7, "max-pool 1"),
        (ConvnetConfig(filters=()), 1, None),
        (CnnClassicConfig(kernel_size=14, pool_size=2), 28, None),
        (CnnClassicConfig(kernel_size=15), 28, "convolution 2"),
        (CnnClassicConfig(kernel_size=14, pool_size=3), 28, "the max-pool"),
        (LeNet5Config(kernel_size=13), 28, None),
        (LeNet5Config(kernel_size=14), 28, "the second pool"),
        (LeNet5Config(kernel_size=15), 28, "the second convolution"),
        (LeNet5Config(), 1, "the first pool"),
        (ResnetConfig(kernel_size=15), 28, None),
        (MlpConfig(), 1, None),
    ],
)
def test_the_first_layer_that_leaves_nothing_is_named(model: ModelConfig, side: int, layer: str | None) -> None:
    told = [violation.received for violation in shape_violations(model, side)]
    assert [text.rpartition(" at ")[2] for text in told] == ([] if layer is None else [layer])


def test_a_config_whose_model_cannot_be_built_is_refused_with_its_keys() -> None:
    with pytest.raises(ConfigInvalid) as told:
        compose(["model=convnet", "model.kernel_size=15", "model.pool_size=8", "trainer.resume=true"])
    (violation,) = told.value.violations
    assert violation.rule == "images of 28 pixels must outlast every layer of convnet"
    expected = "model.filters=[32,64], model.kernel_size=15, model.pool_size=8: nothing is left at convolution 2"
    assert violation.received == expected


def test_what_a_folder_holds_is_not_known_yet() -> None:
    compose(["data=idx", "data.folder=digits", "model=convnet", "model.kernel_size=15", "model.pool_size=8"])
