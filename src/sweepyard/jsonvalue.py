"""JSON as W&B writes it: NaN and the infinities are legal numbers on the way in.

The client sends history and summary lines with bare `NaN`, `Infinity` and `-Infinity` tokens. They are
kept as floats inside; strict readers (browsers, Go) get the strings "NaN", "Infinity" and "-Infinity".

Half a surrogate pair, which JSON may hold and no encoding of Unicode can, is read as U+FFFD, as W&B's client itself
does with what passes through its service. What nests deeper than `MAX_DEPTH`, or holds a whole number of more than
`MAX_DIGITS` digits, is refused on the way in; where it is stored already, `loads_stored` reads it all the same.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]

MAX_DEPTH = 128
"""Lists and objects inside one another: a fraction of what Python's recursion limit leaves of a request's stack."""

MAX_DIGITS = sys.int_info.default_max_str_digits
"""Of a whole number: Python, and so W&B's client, reads no more."""

NEVER_TOO_MUCH = 2 * MAX_DEPTH
"""Characters: shorter JSON cannot be more than is read."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_WRITTEN = re.compile(r"\\u[dD][89a-fA-F]")
_NESTING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)

# Made once: `json.dumps` makes an encoder for each call that asks for more than the defaults.
_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_ENCODE_SORTED = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode
_SAME = (str, int, type(None))  # bool is an int


class TooMuchJson(ValueError):
    """JSON that is right, but more than what is read: it nests too deeply, or holds too long a number."""


def loads(text: str | bytes) -> JsonValue:
    """Read JSON, bare NaN and infinities included.

    Raises:
        TooMuchJson: It is nested too deeply, or holds a whole number of too many digits.
        ValueError: The text is not JSON.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    try:
        value: JsonValue = json.loads(text)
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # Python's own limit has no class of its own.
        raise TooMuchJson(f"a whole number in JSON has at most {MAX_DIGITS:,} digits") from error
    check_depth(text, value)
    return _whole_characters(text, value)


def loads_stored(text: str) -> JsonValue:
    """Read JSON that was accepted once: what is more than `loads` reads is cut down, so that the rest can be read.

    A number of too many digits is the infinity that a float makes of it, as 1e999 is; what nests too deeply is its
    own JSON text.

    Raises:
        ValueError: The text is not JSON.
    """
    try:
        return loads(text)
    except TooMuchJson:
        return _whole_characters(text, json.loads(_flattened_text(text), parse_int=_whole_number))


def check_depth(text: str | bytes, value: JsonValue) -> None:
    """Refuse what nests too deeply.

    Args:
        value: What the text was read as.

    Raises:
        TooMuchJson: It does.
    """
    if len(text) > NEVER_TOO_MUCH and _may_be_deep(text) and _is_deep(value):
        raise _too_deep()


def may_be_too_much(text: str) -> bool:
    """Whether JSON might be more than `loads` reads, as hardly any is: told without reading it."""
    if len(text) <= NEVER_TOO_MUCH:
        return False
    if _may_be_deep(text):
        return True
    if len(text) <= MAX_DIGITS:
        return False
    # A number that is too long fills one of these pieces.
    stride = MAX_DIGITS // 2
    return any(text[start : start + stride].isdigit() for start in range(0, len(text) - stride + 1, stride))


def loads_object(text: str | bytes) -> JsonObject:
    """Read a JSON object.

    Raises:
        TooMuchJson: It is more than is read.
        ValueError: The text is not JSON, or not an object.
    """
    return as_object(loads(text))


def as_object(value: JsonValue) -> JsonObject:
    """The value, which is a JSON object.

    Raises:
        ValueError: It is something else.
    """
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


def _may_be_deep(text: str | bytes) -> bool:
    if isinstance(text, bytes):
        return text.count(b"[") + text.count(b"{") > MAX_DEPTH
    # Most lines have one bracket in all; to look for a second takes a tenth of counting them.
    return ("[" in text or text.find("{", 1) > 0) and text.count("[") + text.count("{") > MAX_DEPTH


def _is_deep(value: JsonValue) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        inner = [item for item in level if isinstance(item, dict | list)]
        if not inner:
            return False
        level = [item for outer in inner for item in (outer.values() if isinstance(outer, dict) else outer)]
    return True


def _too_deep() -> TooMuchJson:
    return TooMuchJson(f"JSON is nested at most {MAX_DEPTH} deep")


def _flattened_text(text: str) -> str:
    """The JSON with what nests too deeply as text."""
    pieces: list[str] = []
    depth, done, begin = 0, 0, 0
    for token in _NESTING.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                begin = token.start()
        elif token[0] in "]}":
            depth -= 1
            if depth == MAX_DEPTH:
                pieces += [text[done:begin], json.dumps(text[begin : token.end()])]
                done = token.end()
    return "".join([*pieces, text[done:]])


def _whole_number(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _whole_characters(text: str, value: JsonValue) -> JsonValue:
    """The value that the text was read as, with U+FFFD for half surrogate pairs."""
    if "\\u" not in text and text.isascii():
        return value
    if _SURROGATE_WRITTEN.search(text) is None and _SURROGATE.search(text) is None:
        return value
    whole: JsonValue = json.loads(_SURROGATE.sub("\ufffd", _ENCODE(value)))
    return whole


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
