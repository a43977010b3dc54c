"""From frozen dataclasses back to a plain mapping: what a run records, whole and in schema order."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from sweepyard.config.schema import CustomModelConfig, DataConfig, ExperimentConfig, OptimizerConfig
from sweepyard.config.validation import TARGET_KEY
from sweepyard.jsonvalue import JsonObject, JsonValue


def plain(config: ExperimentConfig) -> JsonObject:
    """The whole config as JSON; `validation.build` makes the same config of it."""
    return cast(JsonObject, _plain(config))


def _plain(value: Any) -> JsonValue:
    if isinstance(value, CustomModelConfig):
        return {"name": value.name, TARGET_KEY: value.target, **cast(JsonObject, _plain(value.arguments))}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        mapping = {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
        if isinstance(value, DataConfig | OptimizerConfig) and value.target is None and not value.arguments:
            # Most runs use neither; two empty keys in each run's table would only be noise.
            del mapping["target"], mapping["arguments"]
        return mapping
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return cast(JsonValue, value)
