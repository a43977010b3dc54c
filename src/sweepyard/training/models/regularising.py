"""What all models do alike."""

from __future__ import annotations

from typing import Any

import keras


def penalty(l2: float) -> Any:
    """An L2 penalty on weights, or None for 0."""
    return keras.regularizers.L2(l2) if l2 else None


def logits(classes: int, features: Any) -> Any:
    """The last layer: `(batch, classes)` float32 logits, in full precision under every dtype policy."""
    return keras.layers.Dense(classes, dtype="float32", name="logits")(features)
