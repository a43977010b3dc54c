"""Convolution and max-pool blocks; by default the Keras example with 34,826 parameters."""

from __future__ import annotations

from typing import Any

import keras

from sweepyard.config.schema import ConvnetConfig
from sweepyard.training.models.regularising import logits, penalty


def build(config: ConvnetConfig, input_shape: tuple[int, int, int], classes: int) -> Any:
    """A model from images to logits."""
    layers = keras.layers
    inputs = keras.Input(input_shape)
    features = inputs
    for filters in config.filters:
        features = layers.Conv2D(
            filters, config.kernel_size, kernel_regularizer=penalty(config.l2), use_bias=not config.batch_norm
        )(features)
        if config.batch_norm:
            features = layers.BatchNormalization()(features)
        features = layers.Activation(config.activation)(features)
        features = layers.MaxPooling2D(config.pool_size)(features)
    features = layers.Flatten()(features)
    for units in config.dense_units:
        features = layers.Dense(units, activation=config.activation, kernel_regularizer=penalty(config.l2))(features)
    if config.dropout:
        features = layers.Dropout(config.dropout)(features)
    return keras.Model(inputs, logits(classes, features), name="convnet")
