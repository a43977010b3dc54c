"""Lines of JSON, decoded fast: what the hub does to every line that comes in and to every line that it packs.

Exactly what `jsonvalue` reads, at a fifth of the time: msgspec is stricter than it nowhere but in what it refuses,
and what it refuses (NaN, the infinities and halves of surrogate pairs among it) is read again by the patient one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sweepyard import jsonvalue
from sweepyard.jsonvalue import JsonObject, JsonValue


class _Stepped(msgspec.Struct, gc=False):
    step: int | float | msgspec.UnsetType = msgspec.field(name="_step", default=msgspec.UNSET)


_STEP = msgspec.json.Decoder(_Stepped)
_ROW: msgspec.json.Decoder[JsonObject] = msgspec.json.Decoder(dict)
_REFUSALS = (msgspec.DecodeError, RecursionError, UnicodeEncodeError)


def decode_object(text: str | bytes) -> JsonObject:
    """A JSON object, bare NaN and infinities included.

    Raises:
        TooMuchJson: It is more than is read.
        ValueError: The text is not JSON, or not an object.
    """
    try:
        row = _ROW.decode(text)
    except _REFUSALS:
        return jsonvalue.loads_object(text)
    jsonvalue.check_depth(text, row)
    return row


def decode_line(text: str) -> JsonObject:
    """A line that is stored: as `decode_object`, and what is too much of it is cut down (`jsonvalue.loads_stored`).

    Raises:
        ValueError: The text is not JSON, or not an object.
    """
    try:
        return decode_object(text)
    except jsonvalue.TooMuchJson:
        return jsonvalue.as_object(jsonvalue.loads_stored(text))


def readable(text: str) -> str:
    """A line that is stored, as it is; where that is more than clients read, as `decode_line` reads it."""
    if not jsonvalue.may_be_too_much(text):
        return text
    try:
        decode_object(text)
    except jsonvalue.TooMuchJson:
        return jsonvalue.dumps(decode_line(text))
    return text


def whole_steps_of(texts: Sequence[str]) -> list[int] | None:
    """What each of these JSON objects has under `_step`, if that is a whole number in all of them.

    None says that they must be looked at one by one (`step_of`): one is no JSON object, or it has something else there.
    """
    decode = _STEP.decode
    try:
        steps = [decode(text).step for text in texts]
    except _REFUSALS:
        return None
    # Nothing but the step was read: what is too much is skipped over without a word.
    if max(map(len, texts), default=0) > jsonvalue.NEVER_TOO_MUCH and any(map(jsonvalue.may_be_too_much, texts)):
        return None
    return steps if set(map(type, steps)) <= {int} else None  # type: ignore[return-value]


def step_of(text: str, default: int) -> JsonValue:
    """What a JSON object has under `_step`, which may be anything; `default` where that is absent.

    Raises:
        TooMuchJson: It is more than is read.
        ValueError: The text is not JSON, or not an object.
    """
    if jsonvalue.may_be_too_much(text):
        return decode_object(text).get("_step", default)
    try:
        step = _STEP.decode(text).step
    except _REFUSALS:
        return jsonvalue.loads_object(text).get("_step", default)
    return default if step is msgspec.UNSET else step
