"""From a plain mapping to frozen dataclasses: every violation at once, and no silent repair."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from sweepyard.config.names import hint_for
from sweepyard.config.rules import cross_field_violations
from sweepyard.config.schema import (
    MODEL_CONFIGS,
    CustomModelConfig,
    DataConfig,
    ExperimentConfig,
    ModelConfig,
    OptimizerConfig,
)
from sweepyard.errors import ConfigInvalid, Violation

TARGET_KEY = "_target_"
VARIANTS = "variants"  # in a field's metadata: the classes that it may have, by the `name` that chooses one
UNKNOWN_KEY = "unknown key"  # the rule that is broken by what the schema does not name
_Config = TypeVar("_Config")
_FLEXIBLE: frozenset[type] = frozenset({DataConfig, OptimizerConfig})


def build(mapping: Mapping[str, Any]) -> ExperimentConfig:
    """The experiment config that a composed mapping describes; keys left out take their defaults.

    Raises:
        ConfigInvalid: Unknown keys (with the nearest legal name), wrong types, values out of range,
            keys that contradict each other: all violations at once.
    """
    return build_as(ExperimentConfig, mapping, cross_field_violations)


def build_as(
    shape: type[_Config], mapping: Mapping[str, Any], rules: Callable[[_Config], Iterable[Violation]]
) -> _Config:
    """What a composed mapping describes, as an instance of `shape`; keys left out take their defaults.

    Args:
        rules: Those across fields.

    Raises:
        ConfigInvalid: As `build` raises it.
    """
    violations: list[Violation] = []
    config = _dataclass(shape, mapping, "", violations)
    if config is not None and not violations:
        violations.extend(rules(config))
    if violations or config is None:
        raise ConfigInvalid(violations)
    return config


def legal_keys(model: type[ModelConfig] = MODEL_CONFIGS["mlp"]) -> list[str]:
    """Every dotted key of an experiment config whose model is of the class `model`."""
    keys = [key for key in keys_of(ExperimentConfig, "") if key != "model"]
    return keys + [f"model.{key}" for key in keys_of(model, "")]


def hint_for_other_models(key: str) -> str:
    """That other models have the dotted `key`, which the chosen one lacks; empty where none has it."""
    having = [f"`{name}`" for name, shape in MODEL_CONFIGS.items() if key in legal_keys(shape)]
    if not having or not key.startswith("model."):
        return ""
    return f"The chosen model has no such key; {', '.join(having)} {'have' if len(having) > 1 else 'has'}"


def keys_of(shape: type, prefix: str) -> list[str]:
    """Every key of `shape`, dotted, with `prefix` before it; of what has variants, the key alone."""
    hints = get_type_hints(shape)
    keys: list[str] = []
    for item in dataclasses.fields(shape):
        kind = hints[item.name]
        if item.name != "model" and VARIANTS not in item.metadata and dataclasses.is_dataclass(kind):
            keys.extend(keys_of(cast(type, kind), f"{prefix}{item.name}."))
        else:
            keys.append(f"{prefix}{item.name}")
    return keys


def _dataclass(
    shape: type[_Config], value: object, path: str, violations: list[Violation], **given: object
) -> _Config | None:
    """An instance of `shape`, or None after adding what is wrong to `violations`."""
    if not isinstance(value, Mapping):
        violations.append(_wrong_type(path, "a mapping of keys", value))
        return None
    before = len(violations)
    raw: dict[str, Any] = {str(key): item for key, item in value.items()}
    if shape in _FLEXIBLE:
        raw = _with_target(shape, raw, path, violations)
    hints = get_type_hints(shape)
    fields = {item.name: item for item in dataclasses.fields(cast(Any, shape))}
    built: dict[str, object] = dict(given)
    for key, item in raw.items():
        where = _join(path, key)
        if key not in fields:
            violations.append(_unknown(where, item, [_join(path, name) for name in fields]))
        elif shape is ExperimentConfig and key == "model":
            built[key] = _model(item, where, violations)
        elif VARIANTS in fields[key].metadata:
            built[key] = _variant(fields[key].metadata[VARIANTS], item, where, violations)
        else:
            built[key] = _value(hints[key], item, where, fields[key].metadata, violations)
    for name, definition in fields.items():
        absent = definition.default is dataclasses.MISSING and definition.default_factory is dataclasses.MISSING
        if absent and name not in built:
            violations.append(Violation("a value is required", where=_join(path, name)))
    return None if len(violations) > before else shape(**built)


def _with_target(shape: type, raw: dict[str, Any], path: str, violations: list[Violation]) -> dict[str, Any]:
    """Give `_target_` and, beside it, the keys that the shape does not know their places in the dataclass."""
    if TARGET_KEY not in raw:
        return raw
    if raw.get("target") is not None:
        violations.append(
            Violation(f"only one of `{TARGET_KEY}` and `target` may be given", str(raw["target"]), where=path)
        )
    own = {item.name for item in dataclasses.fields(shape)}
    known = {key: item for key, item in raw.items() if key in own}
    extra = {key: item for key, item in raw.items() if key not in own and key != TARGET_KEY}
    arguments = known.get("arguments", {})
    if isinstance(arguments, Mapping):
        known["arguments"] = {**arguments, **extra}
    known["target"] = raw[TARGET_KEY]
    return known


def _model(value: object, path: str, violations: list[Violation]) -> ModelConfig | None:
    if not isinstance(value, Mapping):
        violations.append(_wrong_type(path, "a mapping of keys", value, "Choose a model with `model=NAME`"))
        return None
    name = value.get("name")
    if not isinstance(name, str) or not name:
        violations.append(Violation("a model needs a name", _shown(name), where=f"{path}.name"))
        return None
    if TARGET_KEY in value:
        target = value[TARGET_KEY]
        if not isinstance(target, str) or not target:
            violations.append(_wrong_type(f"{path}.{TARGET_KEY}", "text", target))
            return None
        arguments = {str(key): item for key, item in value.items() if key not in {"name", TARGET_KEY}}
        return CustomModelConfig(name=name, target=target, arguments=arguments)
    if name not in MODEL_CONFIGS:
        hint = f"{hint_for(name, MODEL_CONFIGS)} A model of your own needs `{TARGET_KEY}`"
        violations.append(Violation("the model must be a known one", _shown(name), hint, f"{path}.name"))
        return None
    return _dataclass(MODEL_CONFIGS[name], value, path, violations)


def _variant(
    variants: Mapping[str, type[_Config]], value: object, path: str, violations: list[Violation]
) -> _Config | None:
    """The one of `variants` that the mapping's `name` chooses."""
    name = value.get("name") if isinstance(value, Mapping) else None
    if not isinstance(name, str) or name not in variants:
        hint = hint_for(str(name), variants)
        violations.append(Violation(f"`{path}` must be a known one", _shown(name), hint, f"{path}.name"))
        return None
    return _dataclass(variants[name], value, path, violations)


def _value(kind: Any, value: object, path: str, bounds: Mapping[str, Any], violations: list[Violation]) -> object:
    """`value` as the annotation `kind` wants it; adds to `violations` and gives None when it cannot be."""
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        options = get_args(kind)
        if value is None and type(None) in options:
            return None
        options = tuple(option for option in options if option is not type(None))
        # `Literal[...] | str` documents the usual names; which others are legal is a rule across fields.
        return _value(str if str in options else options[0], value, path, bounds, violations)
    if origin is Literal:
        return _choice(get_args(kind), value, path, violations)
    if origin is tuple:
        return _sequence(get_args(kind), value, path, bounds, violations)
    if origin is dict:
        if not isinstance(value, Mapping):
            violations.append(_wrong_type(path, "a mapping of keys", value))
            return None
        return {str(key): item for key, item in value.items()}
    if dataclasses.is_dataclass(kind):
        return _dataclass(cast(type, kind), value, path, violations)
    return _scalar(kind, value, path, bounds, violations)


def _choice(choices: tuple[Any, ...], value: object, path: str, violations: list[Violation]) -> object:
    if value in choices and type(value) is type(choices[0]):
        return value
    legal = ", ".join(str(choice) for choice in choices)
    hint = hint_for(str(value), [str(choice) for choice in choices])
    violations.append(Violation(f"must be one of {legal}", _shown(value), hint if "mean" in hint else "", path))
    return None


def _sequence(
    items: tuple[Any, ...], value: object, path: str, bounds: Mapping[str, Any], violations: list[Violation]
) -> object:
    if not isinstance(value, list | tuple):
        hint = f"Write [{value}]" if isinstance(value, int | float) else ""
        violations.append(_wrong_type(path, "a list", value, hint))
        return None
    if Ellipsis not in items and len(value) != len(items):
        violations.append(Violation(f"must have {len(items)} items", _shown(value), where=path))
        return None
    return tuple(_value(items[0], item, f"{path}[{index}]", bounds, violations) for index, item in enumerate(value))


def _scalar(kind: Any, value: object, path: str, bounds: Mapping[str, Any], violations: list[Violation]) -> object:
    if kind is bool and isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int and number and isinstance(value, int):
        return value if _within(value, path, bounds, violations) else None
    if kind is float and number:
        converted = float(cast(float, value))
        return converted if _within(converted, path, bounds, violations) else None
    wanted = {bool: "true or false", str: "text", int: "a whole number", float: "a number"}[kind]
    violations.append(_wrong_type(path, wanted, value, _retyping_hint(kind, value)))
    return None


def _retyping_hint(kind: Any, value: object) -> str:
    """What the user probably meant by a value of another type."""
    if kind is int and isinstance(value, float) and value.is_integer():
        return f"Write {int(value)}"
    if kind in {int, float} and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return ""
        exact = int(number) if kind is int and number.is_integer() else number
        # YAML reads 1e-5 as text.
        exponent = ", with a decimal point before the exponent (1.0e-5)" if "e" in value.lower() else ""
        return f"Write {exact} without quotes{exponent}"
    if kind is str and isinstance(value, int | float):
        return f"Write '{value}' in quotes"
    return ""


def _within(value: float, path: str, bounds: Mapping[str, Any], violations: list[Violation]) -> bool:
    broken = []
    if not math.isfinite(value):
        broken.append("must be finite")
    if "minimum" in bounds and not value >= bounds["minimum"]:
        broken.append(f"must be at least {_plain_number(bounds['minimum'])}")
    if "above" in bounds and not value > bounds["above"]:
        broken.append(f"must be greater than {_plain_number(bounds['above'])}")
    if "maximum" in bounds and not value <= bounds["maximum"]:
        broken.append(f"must be at most {_plain_number(bounds['maximum'])}")
    if "below" in bounds and not value < bounds["below"]:
        broken.append(f"must be less than {_plain_number(bounds['below'])}")
    violations.extend(Violation(rule, _shown(value), where=path) for rule in broken[:1])
    return not broken


def _plain_number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def _unknown(where: str, value: object, siblings: list[str]) -> Violation:
    everywhere = siblings + [key for model in MODEL_CONFIGS.values() for key in legal_keys(model)]
    near = hint_for_other_models(where) or hint_for(where, siblings)
    hint = hint_for(where, everywhere) if near.startswith("Legal") else near
    return Violation(UNKNOWN_KEY, f"`{where}` = {_shown(value)}", near if hint.startswith("Legal") else hint, where)


def _wrong_type(where: str, wanted: str, value: object, hint: str = "") -> Violation:
    kinds: dict[type, str] = {str: "text", bool: "a truth value", int: "a whole number", float: "a fraction"}
    kind = kinds.get(type(value), "a list" if isinstance(value, list | tuple) else "a mapping")
    received = "nothing (null)" if value is None else f"{_shown(value)} ({kind})"
    return Violation(f"must be {wanted}", received, hint, where or "the config")


def _shown(value: object) -> str:
    text = "null" if value is None else (str(value).lower() if isinstance(value, bool) else repr(value))
    return text if len(text) <= 120 else f"{text[:117]}..."


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
