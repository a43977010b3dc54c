"""What a run was made from, for its run config: code, packages, machine, data, determinism."""

from __future__ import annotations

from sweepyard.datasets.dataset import Dataset
from sweepyard.domain.run_config import PROVENANCE
from sweepyard.jsonvalue import JsonObject
from sweepyard.training.seeding import Determinism
from sweepyard.training.surroundings import surroundings


def run_config(resolved: JsonObject, dataset: Dataset, determinism: Determinism) -> JsonObject:
    """The run config: the resolved experiment config, nested, and under `provenance` what it does not say."""
    return {
        **resolved,
        PROVENANCE: {
            **surroundings(),
            "data": {
                "name": dataset.name,
                "digest": dataset.digest,
                "train": len(dataset.train.images),
                "validation": len(dataset.validation.images),
                "test": len(dataset.test.images),
            },
            "determinism": determinism.to_json(),
        },
    }
