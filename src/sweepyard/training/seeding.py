"""Making a fit repeatable: seeds, deterministic ops and a pinned number of threads."""

from __future__ import annotations

import os
import random
from dataclasses import asdict, dataclass

import keras
import numpy as np
import numpy.typing as npt
from keras.src.random.seed_generator import global_seed_generator  # no public door leads to its state

from sweepyard.config.schema import SeedConfig
from sweepyard.errors import TrainingError
from sweepyard.jsonvalue import JsonObject

Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Determinism:
    """What decides, beside the config, whether two fits give the same digest.

    Attributes:
        threads: Intra-op threads as pinned; 0 is the backend's own choice.
        processors: How many processors this process may use; JAX's digests change with it.
    """

    backend: str
    deterministic: bool
    threads: int
    processors: int

    def to_json(self) -> JsonObject:
        """The record that goes into the run config."""
        return asdict(self)

    @property
    def of_digest(self) -> JsonObject:
        """What of it a fit must keep to end with the same digest, so that it goes on wherever it may."""
        record = self.to_json()
        if self.backend != "jax":  # TensorFlow divides its work by its threads, not by the processors that run them.
            del record["processors"]
        return record


def apply(seed: SeedConfig, threads: int | None) -> Determinism:
    """Seed Python, NumPy and Keras; pin threads and choose deterministic ops where the config says so.

    Call it before the backend runs its first operation: TensorFlow fixes its threads then.

    Args:
        seed: The seed and whether digests must repeat.
        threads: Intra-op threads; None gives 1 if deterministic, else the backend's choice.

    Raises:
        TrainingError: The thread count can no longer be changed in this process, or not on this backend.
    """
    determinism = determinism_of(seed, threads)
    if determinism.backend == "tensorflow":
        _prepare_tensorflow(determinism.threads, deterministic=seed.deterministic)
    elif threads is not None:
        raise TrainingError(
            f"trainer.threads can be set on the TensorFlow backend only; received {threads} with "
            f"{determinism.backend}. Start the process with the processors it may use instead (taskset)"
        )
    keras.utils.set_random_seed(seed.value)
    return determinism


def determinism_of(seed: SeedConfig, threads: int | None) -> Determinism:
    """What `apply` would see to, with the same arguments; changes nothing."""
    wanted = threads if threads is not None else (1 if seed.deterministic else 0)
    return Determinism(keras.backend.backend(), seed.deterministic, wanted, len(os.sched_getaffinity(0)))


def random_state() -> Arrays:
    """The state of the process-wide generators: Python's, NumPy's legacy one, Keras' global one."""
    keras_generator = global_seed_generator()  # Where there is none yet, one is made with a number from Python's.
    _, words, gauss = random.getstate()
    _, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": np.array(words, dtype=np.uint32),
        "python_gauss": np.array([] if gauss is None else [gauss], dtype=np.float64),
        "numpy": np.asarray(keys, dtype=np.uint32),
        "numpy_rest": np.array([position, has_gauss, cached], dtype=np.float64),
        "keras": np.asarray(keras_generator.state.numpy()),
    }


def restore_random_state(state: Arrays) -> None:
    """Put the process-wide generators back to what `random_state` gave."""
    global_seed_generator().state.assign(state["keras"])
    gauss = state["python_gauss"]
    random.setstate((3, tuple(int(word) for word in state["python"]), float(gauss[0]) if gauss.size else None))
    position, has_gauss, cached = (float(value) for value in state["numpy_rest"])
    np.random.set_state(("MT19937", state["numpy"].astype(np.uint32), int(position), int(has_gauss), cached))


def _prepare_tensorflow(threads: int, *, deterministic: bool) -> None:
    import tensorflow as tf

    if threads and tf.config.threading.get_intra_op_parallelism_threads() != threads:
        try:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        except RuntimeError as error:
            raise TrainingError(
                f"trainer.threads must be chosen before TensorFlow runs its first operation; asked for {threads} when "
                f"{tf.config.threading.get_intra_op_parallelism_threads()} were in use. Start the fit in a new process"
            ) from error
    if deterministic:
        tf.config.experimental.enable_op_determinism()
