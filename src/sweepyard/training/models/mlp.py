"""Dense layers over the flattened image."""

from __future__ import annotations

from typing import Any

import keras

from sweepyard.config.schema import MlpConfig
from sweepyard.training.models.regularising import logits, penalty


def build(config: MlpConfig, input_shape: tuple[int, int, int], classes: int) -> Any:
    """A model from images to logits: each hidden layer may be normalised and is followed by dropout."""
    layers = keras.layers
    inputs = keras.Input(input_shape)
    features = layers.Flatten()(inputs)
    for units in config.units:
        features = layers.Dense(units, kernel_regularizer=penalty(config.l2), use_bias=not config.batch_norm)(features)
        if config.batch_norm:
            features = layers.BatchNormalization()(features)
        features = layers.Activation(config.activation)(features)
        if config.dropout:
            features = layers.Dropout(config.dropout)(features)
    return keras.Model(inputs, logits(classes, features), name="mlp")
