"""Random shifts, rotations and zooms of training images, as one affine map with one interpolation."""

from __future__ import annotations

import math
from typing import Any

import keras

from sweepyard.config.schema import AugmentationConfig


class RandomAffine(keras.layers.Layer):  # type: ignore[misc]
    """Shifts, rotates and zooms each image at random while training; passes images on otherwise.

    Its seed generator is part of the trained model's variables, so a checkpoint holds it. Images are
    `(batch, height, width, channels)` float32; what comes in from outside is `background`.
    """

    def __init__(self, config: AugmentationConfig, *, seed: int, background: float) -> None:
        super().__init__(name="augmentation", dtype="float32")
        self._augmentation = config
        self._background = background
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """The images, changed at random if `training`."""
        if not training:
            return images
        ops = keras.ops
        count = ops.shape(images)[0]
        height, width = images.shape[1:3]
        draws = keras.random.uniform((4, count), -1.0, 1.0, seed=self.seed_generator)
        angle = draws[0] * (self._augmentation.rotate * 2.0 * math.pi)
        scale = 1.0 / (1.0 + draws[1] * self._augmentation.zoom)
        shift_x = draws[2] * (self._augmentation.shift * width)
        shift_y = draws[3] * (self._augmentation.shift * height)
        # Output pixel (x, y) is taken from the input at R (x - centre - shift) + centre.
        cosine, sine = scale * ops.cos(angle), scale * ops.sin(angle)
        centre_x, centre_y = (width - 1) / 2.0, (height - 1) / 2.0
        from_x, from_y = centre_x + shift_x, centre_y + shift_y
        nothing = ops.zeros_like(angle)
        rows = [
            cosine,
            -sine,
            centre_x - cosine * from_x + sine * from_y,
            sine,
            cosine,
            centre_y - sine * from_x - cosine * from_y,
            nothing,
            nothing,
        ]
        return ops.image.affine_transform(
            images,
            ops.stack(rows, axis=1),
            interpolation="bilinear",
            fill_mode="constant",
            fill_value=self._background,
            data_format="channels_last",
        )

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Images keep their shape."""
        return input_shape
