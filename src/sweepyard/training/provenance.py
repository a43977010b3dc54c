"""What a run was made from, for its run config: code, packages, data, determinism."""

from __future__ import annotations

import platform
from importlib import metadata

from sweepyard.datasets.dataset import Dataset
from sweepyard.domain.run_config import PROVENANCE
from sweepyard.jsonvalue import JsonObject
from sweepyard.training.seeding import Determinism

# What can change a digest or a metric.
_PACKAGES = ("sweepyard", "keras", "tensorflow", "tensorflow-cpu", "jax", "numpy", "wandb", "hydra-core")


def run_config(resolved: JsonObject, dataset: Dataset, determinism: Determinism) -> JsonObject:
    """The run config: the resolved experiment config, nested, and under `provenance` what it does not say."""
    return {**resolved, PROVENANCE: _provenance(dataset, determinism)}


def _provenance(dataset: Dataset, determinism: Determinism) -> JsonObject:
    versions = {name: version for name in _PACKAGES if (version := _version(name)) is not None}
    return {
        "code_version": versions.get("sweepyard"),
        "python": platform.python_version(),
        "packages": {**versions},
        "data": {
            "name": dataset.name,
            "digest": dataset.digest,
            "train": len(dataset.train.images),
            "validation": len(dataset.validation.images),
            "test": len(dataset.test.images),
        },
        "determinism": determinism.to_json(),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
