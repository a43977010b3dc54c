"""A small residual network for small images."""

from __future__ import annotations

from typing import Any

import keras

from sweepyard.config.schema import ResnetConfig
from sweepyard.training.models.regularising import logits, penalty


def build(config: ResnetConfig, input_shape: tuple[int, int, int], classes: int) -> Any:
    """A model from images to logits; each stage but the first halves the side with its first block."""
    layers = keras.layers
    inputs = keras.Input(input_shape)
    features = _convolution(config, inputs, config.filters[0] if config.filters else 16)
    features = layers.Activation(config.activation)(features)
    for stage, filters in enumerate(config.filters):
        for block in range(config.blocks):
            features = _block(config, features, filters, stride=2 if stage and not block else 1)
    features = layers.GlobalAveragePooling2D()(features)
    if config.dropout:
        features = layers.Dropout(config.dropout)(features)
    return keras.Model(inputs, logits(classes, features), name="resnet")


def _block(config: ResnetConfig, features: Any, filters: int, *, stride: int) -> Any:
    layers = keras.layers
    inner = layers.Activation(config.activation)(_convolution(config, features, filters, stride=stride))
    inner = _convolution(config, inner, filters)
    if stride != 1 or features.shape[-1] != filters:
        features = _convolution(config, features, filters, stride=stride, kernel_size=1)
    return layers.Activation(config.activation)(layers.Add()([features, inner]))


def _convolution(
    config: ResnetConfig, features: Any, filters: int, *, stride: int = 1, kernel_size: int | None = None
) -> Any:
    features = keras.layers.Conv2D(
        filters,
        kernel_size or config.kernel_size,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_regularizer=penalty(config.l2),
    )(features)
    return keras.layers.BatchNormalization()(features)
