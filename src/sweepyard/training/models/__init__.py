"""Models: from images `(batch, height, width, 1)` float32 to logits `(batch, classes)` float32."""

from __future__ import annotations

from typing import Any

from sweepyard.config.fits import shape_violations
from sweepyard.config.schema import (
    CnnClassicConfig,
    ConvnetConfig,
    CustomModelConfig,
    LeNet5Config,
    MlpConfig,
    ModelConfig,
    ResnetConfig,
)
from sweepyard.errors import ConfigInvalid, Violation
from sweepyard.training.models import cnn_classic, convnet, custom, lenet5, mlp, resnet


def build_network(config: ModelConfig, input_shape: tuple[int, int, int], classes: int) -> Any:
    """The Keras model that `config` describes; its weights come from the seeded generators.

    Raises:
        ConfigInvalid: The model is unknown or does not fit images of this shape.
    """
    violations = list(shape_violations(config, min(input_shape[:2])))
    if violations:
        raise ConfigInvalid(violations)
    try:
        network = _build(config, input_shape, classes)
    except ValueError as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigInvalid([Violation(_rule(input_shape), config.name, reason, "model")]) from error
    if tuple(network.output_shape) != (None, classes):
        received = f"an output of shape {tuple(network.output_shape)}"
        raise ConfigInvalid([Violation(f"the model must give {classes} logits an image", received, where="model")])
    return network


def _build(config: ModelConfig, input_shape: tuple[int, int, int], classes: int) -> Any:
    match config:
        case MlpConfig():
            return mlp.build(config, input_shape, classes)
        case ConvnetConfig():
            return convnet.build(config, input_shape, classes)
        case CnnClassicConfig():
            return cnn_classic.build(config, input_shape, classes)
        case LeNet5Config():
            return lenet5.build(config, input_shape, classes)
        case ResnetConfig():
            return resnet.build(config, input_shape, classes)
        case CustomModelConfig():
            return custom.build(config, input_shape, classes)
        case _:
            received = f"{type(config).__name__} {config.name!r}"
            raise ConfigInvalid([Violation("the model must be one that conf/model names", received, where="model")])


def _rule(input_shape: tuple[int, int, int]) -> str:
    height, width, _ = input_shape
    return f"the model must fit images of {height} x {width} pixels"
