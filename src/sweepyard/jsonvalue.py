"""JSON as W&B writes it: NaN and the infinities are legal numbers on the way in.

The client sends history and summary lines with bare `NaN`, `Infinity` and `-Infinity` tokens. They are
kept as floats inside; strict readers (browsers, Go) get the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]

# Made once: `json.dumps` makes an encoder for each call that asks for more than the defaults.
_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_ENCODE_SORTED = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode
_SAME = (str, int, type(None))  # bool is an int


def loads(text: str | bytes) -> JsonValue:
    """Read JSON, bare NaN and infinities included.

    Raises:
        ValueError: The text is not JSON, or nests deeper than Python's parser goes.
    """
    try:
        value: JsonValue = json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error
    return value


def loads_object(text: str | bytes) -> JsonObject:
    """Read a JSON object.

    Raises:
        ValueError: The text is not JSON, or not an object.
    """
    value = loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, received {type(value).__name__}")
    return value


def dumps(value: object) -> str:
    """Write JSON compactly, in key order as given, with bare NaN and infinities (W&B's dialect)."""
    return _ENCODE(value)


def dumps_canonical(value: object) -> str:
    """Write JSON so that equal values give equal text: sorted keys, 3.0 and 3 alike."""
    return _ENCODE_SORTED(_canonical(value))


def strict(value: JsonValue) -> JsonValue:
    """Replace NaN and infinities by the strings "NaN", "Infinity" and "-Infinity", all the way down.

    Gives the value itself where there is nothing to replace, as mostly.
    """
    return value if _is_strict(value) else _strict(value)


def _is_strict(value: JsonValue) -> bool:
    pending: list[Any] = [value]
    for item in pending:  # It grows: a call for each number of a chart would take longer than reading them.
        kind = type(item)
        if kind is float:
            if not math.isfinite(item):
                return False
        elif kind is dict:
            pending.extend(item.values())
        elif kind is list:
            pending.extend(item)
    return True


def _strict(value: JsonValue) -> JsonValue:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, list):
        return [_strict(item) for item in value]
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    return value


def flatten(mapping: Mapping[str, JsonValue], prefix: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Walk a nested mapping as (dotted key, leaf) pairs; an empty mapping is a leaf."""
    for key, value in mapping.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{path}.")
        else:
            yield path, value


def flattened(mapping: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """All leaves by their dotted keys, sorted; a nested leaf counts over a top-level key with dots of the same name.

    A swept run's config has both: the sweep's `trainer.epochs`, and `epochs` below `trainer`, which is what ran.
    """
    dotted_first = dict(sorted(mapping.items(), key=lambda item: "." not in item[0]))
    return dict(sorted(dict(flatten(dotted_first)).items()))


def is_finite_number(value: object) -> bool:
    """Whether `value` is a number that is finite as a float; a bool is no number here."""
    return finite_number(value) is not None


def finite_number(value: object) -> float | None:
    """The number, as a float; None for what is none, or none that a float can hold."""
    if type(value) is float:  # as most are, of thousands of runs
        return value if math.isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _canonical(value: object) -> object:
    if isinstance(value, _SAME):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return value
