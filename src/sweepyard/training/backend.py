"""Which Keras backend is asked for, and whether it is installed; needs no Keras itself."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping

from sweepyard.errors import TrainingError

_INSTALL = {
    "tensorflow": "install Sweepyard with the extra `cpu` (tensorflow-cpu) or `gpu` (tensorflow with CUDA), not both",
    "jax": "install Sweepyard with the extra `jax`",
}


def check_installed(environ: Mapping[str, str] = os.environ) -> str:
    """The name of the backend that Keras will take, after making sure that it can be imported.

    Raises:
        TrainingError: The backend is unknown or not installed; the message names the extras.
    """
    name = environ.get("KERAS_BACKEND") or "tensorflow"
    if name not in _INSTALL:
        raise TrainingError(f"KERAS_BACKEND must be one of {', '.join(sorted(_INSTALL))}; received {name!r}")
    if importlib.util.find_spec(name) is None:
        raise TrainingError(f"the Keras backend {name} is not installed: {_INSTALL[name]}")
    return name
