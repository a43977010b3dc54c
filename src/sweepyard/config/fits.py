"""Whether images outlast the layers of a model: told from the config alone, before anything is built."""

from __future__ import annotations

from collections.abc import Iterator

from sweepyard.config.schema import CnnClassicConfig, ConvnetConfig, LeNet5Config, ModelConfig
from sweepyard.errors import Violation

# Of every data set of the catalogue, in pixels.
CATALOGUE_SIDE = 28


def shape_violations(model: ModelConfig, side: int) -> Iterator[Violation]:
    """The first layer at which nothing is left of images whose shorter side is `side` pixels; none where all fit."""
    for layer, left in _sides(model, side):
        if left < 1:
            keys = ("filters", "kernel_size", "pool_size")
            told = ", ".join(f"model.{key}={_text(getattr(model, key))}" for key in keys if hasattr(model, key))
            rule = f"images of {side} pixels must outlast every layer of {model.name}"
            yield Violation(rule, f"{told}: nothing is left at {layer}", "Choose smaller or fewer ones", "model")
            return


def _sides(model: ModelConfig, side: int) -> Iterator[tuple[str, int]]:
    """Each layer that shrinks images, with the side that it leaves; below 1 for nothing."""
    if isinstance(model, ConvnetConfig):
        for number in range(1, len(model.filters) + 1):
            side -= model.kernel_size - 1
            yield f"convolution {number}", side
            side //= model.pool_size
            yield f"max-pool {number}", side
    elif isinstance(model, CnnClassicConfig):
        for number in range(1, len(model.filters) + 1):
            side -= model.kernel_size - 1
            yield f"convolution {number}", side
        yield "the max-pool", side // model.pool_size
    elif isinstance(model, LeNet5Config):
        side //= 2  # The first convolution pads.
        yield "the first pool", side
        side -= model.kernel_size - 1
        yield "the second convolution", side
        yield "the second pool", side // 2


def _text(value: object) -> str:
    return str(list(value)).replace(" ", "") if isinstance(value, tuple) else str(value)
