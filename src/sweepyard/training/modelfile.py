"""Model files: `.keras` or `.h5`, with a card that says how to use the model.

The card is JSON: the member `sweepyard.json` of a `.keras` archive, the attribute `sweepyard` of an `.h5`
file. Other readers of either format ignore it. The model inside takes scaled images and gives logits; it
holds no optimiser and no augmentation.
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import keras

from sweepyard.config.targets import MODELS, find_target
from sweepyard.datasets.scaling import Scaler
from sweepyard.errors import ModelFileError
from sweepyard.files import sync_folder
from sweepyard.jsonvalue import JsonObject, loads_object

SUFFIXES = (".keras", ".h5")
_CARD = "sweepyard"
_MEMBER = f"{_CARD}.json"
_ROOM_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What a model file says beside the model.

    Attributes:
        scaler: Scales pixels as in training.
        class_names: In the order of the logits.
        data_name, data_digest: The data set that the model was trained on.
        target: The class path or entry point of a user's own model; None for the built-in ones.
    """

    scaler: Scaler
    class_names: tuple[str, ...]
    data_name: str
    data_digest: str
    run_id: str
    weights_digest: str
    target: str | None = None

    def to_json(self) -> JsonObject:
        """The card as plain JSON."""
        return {**asdict(self), "class_names": list(self.class_names)}

    @classmethod
    def from_json(cls, values: Any) -> ModelCard:
        """Read what `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: A key is missing, unknown, or of another type.
        """
        scaler = Scaler.from_json(values["scaler"])
        return cls(**{**values, "scaler": scaler, "class_names": tuple(values["class_names"])})


def save(network: Any, path: Path, card: ModelCard) -> None:
    """Write a model file; the format follows from the suffix, and the file is whole or not there.

    Raises:
        ModelFileError: The suffix is unknown, or the disk is full.
    """
    _check_suffix(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    text = json.dumps(card.to_json(), indent=1)
    try:
        _reserve(temporary, _size_bytes(network))
        network.save(temporary)
        if path.suffix == ".keras":
            with zipfile.ZipFile(temporary, "a") as archive:
                archive.writestr(_MEMBER, text)
        else:
            with h5py.File(temporary, "a") as file:
                file.attrs[_CARD] = text
        temporary.replace(path)
        sync_folder(path.parent)
    except (OSError, RuntimeError) as error:  # h5py tells of a full disk with a RuntimeError
        reason = getattr(error, "strerror", None) or error
        raise ModelFileError(f"the model file {path} could not be written: {reason}") from error
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path) -> tuple[Any, ModelCard]:
    """Read a model file: the Keras model, not compiled, and its card.

    Raises:
        ModelFileError: The file is missing, damaged, or was not written by Sweepyard.
    """
    card = read_card(path)
    if card.target is not None:
        find_target(card.target, group=MODELS, where=str(path))  # its import registers the user's layers
    try:
        return keras.models.load_model(path, compile=False), card
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelFileError(f"the model in {path} cannot be read: {str(error).strip().splitlines()[0]}") from error


def read_card(path: Path) -> ModelCard:
    """The card of a model file, without reading the model.

    Raises:
        ModelFileError: As `load`.
    """
    _check_suffix(path)
    if not path.is_file():
        raise ModelFileError(f"a model file must exist; received {path}")
    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                text = archive.read(_MEMBER).decode()
        else:
            with h5py.File(path, "r") as file:
                text = str(file.attrs[_CARD])
        return ModelCard.from_json(loads_object(text))
    except (zipfile.BadZipFile, OSError) as error:
        raise ModelFileError(f"{path} is not a readable {path.suffix} file ({error})") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{path} holds no card that says how its images are scaled and its classes are called; "
            "received a model that Sweepyard did not save. Train one with `sweepyard train`; `sweepyard convert` "
            "writes it as .h5"
        ) from error


def _reserve(path: Path, size_bytes: int) -> None:
    """Make sure that there is room: HDF5 may crash the whole process when a disk fills while it writes."""
    with path.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, size_bytes)


def _size_bytes(network: Any) -> int:
    """An upper bound of a model file's size: weights, then generous room for each layer's description."""
    weights = sum(weight.numpy().nbytes for weight in network.weights)
    return int(weights) + (len(network.weights) + len(network.layers) + 1) * _ROOM_BYTES


def _check_suffix(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise ModelFileError(f"a model file must end in {' or '.join(SUFFIXES)}; received {path}")
