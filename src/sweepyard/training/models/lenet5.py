"""LeNet-5 (LeCun and others, 1998), with average pooling."""

from __future__ import annotations

from typing import Any

import keras

from sweepyard.config.schema import LeNet5Config
from sweepyard.training.models.regularising import logits, penalty


def build(config: LeNet5Config, input_shape: tuple[int, int, int], classes: int) -> Any:
    """A model from images to logits; 61,706 parameters by default.

    The first convolution keeps the image's size: the paper padded its images by two pixels.
    """
    layers = keras.layers
    weights = {"activation": config.activation, "kernel_regularizer": penalty(config.l2)}
    first, second = config.filters
    inputs = keras.Input(input_shape)
    features = layers.Conv2D(first, config.kernel_size, padding="same", **weights)(inputs)
    features = layers.AveragePooling2D(2)(features)
    features = layers.Conv2D(second, config.kernel_size, **weights)(features)
    features = layers.Flatten()(layers.AveragePooling2D(2)(features))
    for units in config.dense_units:
        features = layers.Dense(units, **weights)(features)
        if config.dropout:
            features = layers.Dropout(config.dropout)(features)
    return keras.Model(inputs, logits(classes, features), name="lenet5")
