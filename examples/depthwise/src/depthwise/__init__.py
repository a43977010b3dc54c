"""A small network of depthwise-separable convolutions, as an example of a model of one's own."""

from __future__ import annotations

import keras

__all__ = ["build"]


def build(
    input_shape: tuple[int, int, int], classes: int, *, filters: tuple[int, ...] = (16, 32), dropout: float = 0.2
) -> keras.Model:
    """The model: a separable convolution and a max-pool per entry of `filters`, then the classes.

    Args:
        input_shape: `(height, width, channels)` of one image.
        classes: How many classes there are.
        filters: Filters of each convolution.
        dropout: Dropout rate before the classes.

    Returns:
        A model that maps `(batch, *input_shape)` float32 to `(batch, classes)` logits.
    """
    images = keras.Input(input_shape)
    features = images
    for count in filters:
        features = keras.layers.SeparableConv2D(count, 3, padding="same", activation="relu")(features)
        features = keras.layers.MaxPooling2D(2)(features)
    features = keras.layers.GlobalAveragePooling2D()(features)
    features = keras.layers.Dropout(dropout)(features)
    return keras.Model(images, keras.layers.Dense(classes)(features), name="depthwise")
