"""Which Keras backend is asked for, whether it is installed, and importing it without what only happens to be there."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sweepyard.errors import OutOfMemory, TrainingError

_INSTALL = {
    "tensorflow": "install Sweepyard with the extra `cpu` (tensorflow-cpu) or `gpu` (tensorflow with CUDA), not both",
    "jax": "install Sweepyard with the extra `jax`",
}
_STANDARD_ERROR = 2
_CHATTER = re.compile(rb"I\d{4} |WARNING: All log messages before absl::InitializeLog\(\)")
_HIDES_INFORMATION = frozenset("123")
_DISPENSABLE = frozenset({"jax", "matplotlib", "pandas", "scipy", "sklearn"})
_NEEDED = {"jax": frozenset({"jax", "scipy"})}


def check_installed(environ: Mapping[str, str] = os.environ) -> str:
    """The name of the backend that Keras will take, after making sure that it can be imported.

    Raises:
        TrainingError: The backend is unknown or not installed; the message names the extras.
    """
    name = name_of_backend(environ)
    if name not in _INSTALL:
        raise TrainingError(f"KERAS_BACKEND must be one of {', '.join(sorted(_INSTALL))}; received {name!r}")
    if importlib.util.find_spec(name) is None:
        raise TrainingError(f"the Keras backend {name} is not installed: {_INSTALL[name]}")
    return name


def load(environ: Mapping[str, str] = os.environ) -> None:
    """Import Keras and its backend.

    Both try to import packages that they can do without (scikit-learn for wrappers, JAX for a converter, pandas and
    Matplotlib), which takes as long as all the rest where these are installed. Here they do not find them; whoever
    imports one of them later does.

    Raises:
        TrainingError: The backend is unknown or not installed; the message names the extras.
    """
    name = check_installed(environ)
    if "keras" in sys.modules:
        return
    with _hidden(_DISPENSABLE - _NEEDED.get(name, frozenset())), _without_chatter(environ):
        importlib.import_module("keras")


@contextmanager
def memory_errors() -> Iterator[None]:
    """Let the backend's error for too little memory leave the block as one of ours.

    Raises:
        OutOfMemory: The block's code raised it.
    """
    try:
        yield
    except Exception as error:
        # TensorFlow has a class for it, JAX one for everything with a status at the front of the text.
        if type(error).__name__ != "ResourceExhaustedError" and not str(error).startswith("RESOURCE_EXHAUSTED"):
            raise
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        telling = [line for line in lines if "OOM" in line or "out of memory" in line.lower()]
        said = (telling or lines or ["nothing"])[0]
        raise OutOfMemory(
            f"the device must have enough memory for the fit; {name_of_backend()} says: {said}. "
            "Lower trainer.batch_size or the model's size, or let fewer runs share the device (--per-gpu)"
        ) from error


def name_of_backend(environ: Mapping[str, str] = os.environ) -> str:
    """The name of the backend that Keras will take, or has taken."""
    return environ.get("KERAS_BACKEND") or "tensorflow"


@contextmanager
def _hidden(modules: frozenset[str]) -> Iterator[None]:
    """Within the block these modules cannot be imported, unless they are already."""
    hidden = [module for module in modules if module not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None stands for what is not there.
    try:
        yield
    finally:
        for module in hidden:
            del sys.modules[module]


@contextmanager
def _without_chatter(environ: Mapping[str, str]) -> Iterator[None]:
    """Within the block nothing that TensorFlow says for information reaches the standard error, if nobody wants it.

    On processors with some instructions it tells of oneDNN while it is imported, whatever `TF_CPP_MIN_LOG_LEVEL` says,
    because its log is not set up by then. What else was written comes after the block.
    """
    try:
        before = os.dup(_STANDARD_ERROR) if environ.get("TF_CPP_MIN_LOG_LEVEL") in _HIDES_INFORMATION else None
    except OSError:  # It is closed.
        before = None
    if before is None:
        yield
        return
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), _STANDARD_ERROR)
        try:
            yield
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(before, _STANDARD_ERROR)
            os.close(before)
            written.seek(0)
            for line in written:
                if not _CHATTER.match(line):
                    os.write(_STANDARD_ERROR, line)
