"""Whole checkpoints: all that an interrupted fit needs to end with the weights of an uninterrupted one.

A checkpoint is one `.npz` file: `state` is JSON as bytes (position, fit log, history rows, callbacks, what
it was trained on), every other member an array. It is written beside its place and then renamed, so a
full disk or a kill leaves the one before untouched.
"""

from __future__ import annotations

import errno
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sweepyard.errors import CheckpointError
from sweepyard.jsonvalue import JsonObject, dumps, loads_object
from sweepyard.training.checkpoint_folders import CheckpointFolder, LocalFolder

Array = npt.NDArray[np.generic]
FORMAT = 1
_PREFIX = "step-"
_SUFFIX = ".npz"
_STATE = "state"
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a fit between two steps.

    Attributes:
        step: Training steps done, over all epochs.
        state: What is not an array, as JSON.
        arrays: Variables and generator states, by name.
    """

    step: int
    state: JsonObject
    arrays: dict[str, Array]


class Checkpoints:
    """The checkpoints of one run, in one folder; the last `keep` stay.

    Not for two processes at once: a run is executed by one.
    """

    def __init__(self, folder: CheckpointFolder, keep: int) -> None:
        self._folder = folder
        self._keep = keep

    @property
    def begun(self) -> bool:
        """Whether a fit has begun to write here.

        Raises:
            CheckpointError: The folder cannot be looked at.
        """
        with self._reachable():
            return self._folder.exists()

    def prepare(self) -> None:
        """See to it, before anything is trained, that checkpoints can be kept here.

        Raises:
            InvalidInput: They cannot.
        """
        self._folder.prepare()

    def write(self, checkpoint: Checkpoint) -> str:
        """Write a checkpoint, then drop those beyond `keep`; gives its name in the folder.

        Raises:
            CheckpointError: The disk is full or the folder cannot be written; the checkpoints before stay.
        """
        name = f"{_PREFIX}{checkpoint.step:09d}{_SUFFIX}"
        text = dumps({"format": FORMAT, "step": checkpoint.step, **checkpoint.state}).encode()
        arrays: dict[str, Any] = {_STATE: np.frombuffer(text, dtype=np.uint8), **checkpoint.arrays}
        try:
            with self._folder.writing(name) as stream:
                np.savez(stream, **arrays)
        except OSError as error:
            what_to_do = "Free some space and resume" if error.errno in _NO_SPACE else "Resume once it can be written"
            raise CheckpointError(
                f"the checkpoint {self._folder}/{name} could not be written: {error.strerror or error}; "
                f"nothing half-written was left and the checkpoint before, if any, stays. {what_to_do}"
            ) from error
        with self._reachable():
            for old in self._names()[: -self._keep]:
                self._folder.remove(old)
        return name

    def latest(self) -> Checkpoint | None:
        """The checkpoint with the highest step, or None where there is none.

        Raises:
            CheckpointError: It cannot be read.
        """
        with self._reachable():
            names = self._names()
        return _read(self._folder, names[-1]) if names else None

    def clear(self) -> None:
        """Remove all checkpoints: a fit that starts anew must not be resumed into an older one.

        Raises:
            CheckpointError: The folder cannot be looked at, or not be changed.
        """
        with self._reachable():
            for name in self._names():
                self._folder.remove(name)

    def _names(self) -> list[str]:
        return [name for name in self._folder.names() if name.startswith(_PREFIX) and name.endswith(_SUFFIX)]

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CheckpointError(
                f"the folder of checkpoints must be there to be read and changed; {self._folder}: "
                f"{error.strerror or error}"
            ) from error


def refuse_model_file(path: Path) -> None:
    """See to it that nobody takes a model file for what a fit goes on from.

    Raises:
        CheckpointError: It is one, by its name; the text says what it lacks.
    """
    if path.suffix in {".h5", ".keras"}:
        lacks = "no optimiser state" if path.suffix == ".h5" else "neither generator states nor a position"
        raise CheckpointError(
            f"a fit resumes from a checkpoint, not from a model file; received {path}, which holds {lacks}. "
            "Name the run's folder, or its id; the model file is for prediction"
        )


def read(path: Path) -> Checkpoint:
    """Read one checkpoint.

    Raises:
        CheckpointError: The file is missing, damaged, of another format, or a model file.
    """
    refuse_model_file(path)
    return _read(LocalFolder(path.parent), path.name)


def _read(folder: CheckpointFolder, name: str) -> Checkpoint:
    shown = f"{folder}/{name}"
    try:
        with folder.reading(name) as stream, np.load(stream, allow_pickle=False) as members:
            arrays = {member: members[member] for member in members.files}
        state = loads_object(arrays.pop(_STATE).tobytes())
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, json.JSONDecodeError) as error:
        raise CheckpointError(
            f"the checkpoint {shown} cannot be read ({error}). Remove it to resume from the one before, if there is one"
        ) from error
    if state.get("format") != FORMAT:
        raise CheckpointError(f"the checkpoint {shown} must be of format {FORMAT}; received {state.get('format')!r}")
    step = state["step"]
    if not isinstance(step, int):
        raise CheckpointError(f"the checkpoint {shown} must name its step; received {step!r}")
    return Checkpoint(step, state, arrays)
