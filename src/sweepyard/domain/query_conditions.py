"""The conditions of a filter as people write it, in the form that the hub and W&B's servers evaluate.

A condition on a name that is neither an attribute of runs nor has a prefix looks at the config and at the summary: it
holds where one of the two meets it, and its contrary (`!=`, `not in`, `not exists`) where neither does.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from sweepyard.domain.fields import time_written
from sweepyard.domain.query_names import ATTRIBUTES, PREFIXES, Name, NameKind, named
from sweepyard.domain.query_tokens import Findings, Token, TokenKind, quoted
from sweepyard.domain.run import RunState
from sweepyard.jsonvalue import JsonObject, JsonValue

ORDERS = {">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte"}

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INFINITY = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_CONSTANTS: dict[str, JsonValue] = {"true": True, "false": False}
_STATES = tuple(state.value for state in RunState)


def name_of(token: Token, findings: Findings) -> Name:
    """What a word or a quoted text on the left of a condition names."""
    if token.text in PREFIXES:
        findings.add(token, f"{token.text} stands before a key", f'Write {token.text}key, or "{token.text}a key"')
    if token.kind is TokenKind.WORD and _is_number(token.text):
        findings.add(token, "a condition is a name, an operator, a value, in this order", "Turn it round: name > 1")
    if not token.text:
        findings.add(token, "a name has one character or more")
    return named(token.text)


def compared(name: Name, operator: str, token: Token, findings: Findings) -> JsonObject:
    """The condition NAME OPERATOR VALUE, with one of `= != > >= < <= ~`."""
    if operator in {"=", "!="} and _is_null(token):
        return existing(name, exists=operator == "!=")
    if operator == "~":
        return _any_of(name, {"$regex": _pattern(name, token, findings)})
    value = _value(name, token, findings)
    if operator in ORDERS:
        _check_order(name, operator, token, value, findings)
        return _any_of(name, {ORDERS[operator]: value})
    _check_equals(name, token, findings)
    return _any_of(name, value) if operator == "=" else _none_of(name, value)


def within(name: Name, tokens: Sequence[Token], findings: Findings, *, inside: bool) -> JsonObject:
    """The condition NAME in (VALUE, ...), or its contrary."""
    values: list[JsonValue] = []
    for token in tokens:
        if _is_null(token):
            findings.add(token, "a list holds values, and null is none", "Write `or NAME not exists` behind it")
        else:
            values.append(_value(name, token, findings))
            _check_equals(name, token, findings)
    return (_any_of if inside else _none_of)(name, {"$in": values})


def existing(name: Name, *, exists: bool) -> JsonObject:
    """The condition that a run has a value under this name, or its contrary."""
    if name.kind is NameKind.TAGS:
        return (_none_of if exists else _any_of)(name, [])
    return (_any_of if exists else _none_of)(name, {"$exists": True})


def _any_of(name: Name, condition: JsonValue) -> JsonObject:
    forms: list[JsonValue] = [{field: condition} for field in name.fields]
    return {name.fields[0]: condition} if len(forms) == 1 else {"$or": forms}


def _none_of(name: Name, condition: JsonValue) -> JsonObject:
    # Not `$not`, which W&B's servers do not have.
    return {"$nor": [{field: condition} for field in name.fields]}


def _is_null(token: Token) -> bool:
    return token.kind is TokenKind.WORD and token.text.lower() == "null"


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None or _INFINITY.fullmatch(text) is not None


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def _value(name: Name, token: Token, findings: Findings) -> JsonValue:
    if name.kind is NameKind.TIME:
        return _time(token, findings)
    if name.kind is NameKind.NUMBER:
        if token.kind is TokenKind.WORD and _is_number(token.text):
            return _number(token.text)
        hint = "Durations are in seconds" if name == ATTRIBUTES["duration"] else ""
        findings.add(token, "this attribute compares with a number", hint)
        return token.text
    if name.kind is NameKind.STATE:
        _check_state(token, findings)
    if name.kind is not NameKind.ANY or token.kind is TokenKind.TEXT:
        return token.text
    return _plain(token, findings)


def _plain(token: Token, findings: Findings) -> JsonValue:
    """What a word says where anything may stand."""
    word = token.text.lower()
    if word == "nan":
        findings.add(
            token, "NaN equals nothing, and is above and below nothing", "Write `NAME exists and not NAME <= inf`"
        )
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    return _number(word) if _is_number(word) else token.text


def _time(token: Token, findings: Findings) -> JsonValue:
    try:
        time_written(token.text)
    except ValueError:
        findings.add(token, "a time is written as 2026-11-21 or 2026-11-21T08:00:00+01:00, in UTC without a zone")
    return token.text


def _pattern(name: Name, token: Token, findings: Findings) -> str:
    if name.kind in {NameKind.TIME, NameKind.NUMBER}:
        findings.add(token, f"~ compares texts, and this is {name.kind.value}", "Use > >= < <=")
    return token.text


def _check_state(token: Token, findings: Findings) -> None:
    if token.text not in _STATES:
        nearest = difflib.get_close_matches(token.text.lower(), _STATES, n=1)
        hint = f"Did you mean {nearest[0]}?" if nearest else ""
        findings.add(token, f"a state is one of {', '.join(_STATES)}", hint)


def _check_order(name: Name, operator: str, token: Token, value: JsonValue, findings: Findings) -> None:
    word = name.kind is NameKind.ANY and token.kind is TokenKind.WORD and isinstance(value, str)
    if _is_null(token) or isinstance(value, bool) or (word and token.text.lower() != "nan"):
        rule = f"{operator} compares with a number, or with a quoted text"
        findings.add(token, rule, f"Write a number, or {quoted(token.text)}")


def _check_equals(name: Name, token: Token, findings: Findings) -> None:
    if name.kind is NameKind.TIME:
        findings.add(
            token,
            "times are compared with > >= < <=",
            "A day is `created >= 2026-11-21 and created < 2026-11-22`",
        )
