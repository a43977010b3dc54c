"""A digest of a model's weights."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np


def weights_digest(model: Any) -> str:
    """The SHA-256, in hex, over `model.weights` in their order (layer by layer, as Keras lists them).

    Each weight adds one line `dtype shape` (such as `float32 3,3,1,32`) and its values, little-endian in
    C order. Names do not count: Keras numbers layers anew in each process. Neither do seed generators and
    the optimiser.
    """
    digest = hashlib.sha256()
    for weight in model.weights:
        values = np.ascontiguousarray(keras_array(weight))
        little = values.astype(values.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{values.dtype.name} {','.join(map(str, values.shape))}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def keras_array(variable: Any) -> np.ndarray[Any, Any]:
    """The values of a Keras variable of any backend."""
    return np.asarray(variable.numpy())
