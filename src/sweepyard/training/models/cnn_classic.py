"""The older Keras example: convolutions, one max-pool, dropout, a dense layer, dropout."""

from __future__ import annotations

from typing import Any

import keras

from sweepyard.config.schema import CnnClassicConfig
from sweepyard.training.models.regularising import logits, penalty


def build(config: CnnClassicConfig, input_shape: tuple[int, int, int], classes: int) -> Any:
    """A model from images to logits; 1,199,882 parameters by default."""
    layers = keras.layers
    weights = {"activation": config.activation, "kernel_regularizer": penalty(config.l2)}
    inputs = keras.Input(input_shape)
    features = inputs
    for filters in config.filters:
        features = layers.Conv2D(filters, config.kernel_size, **weights)(features)
    features = layers.MaxPooling2D(config.pool_size)(features)
    if config.dropout_features:
        features = layers.Dropout(config.dropout_features)(features)
    features = layers.Dense(config.dense_units, **weights)(layers.Flatten()(features))
    if config.dropout:
        features = layers.Dropout(config.dropout)(features)
    return keras.Model(inputs, logits(classes, features), name="cnn_classic")
