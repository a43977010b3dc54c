"""The filters over runs that the client sends: W&B's subset of MongoDB's query language, parsed and evaluated.

    filter    = null | {} | { entry, ... }                         all entries must hold
    entry     = "$and" | "$or" | "$nor": [filter, ...]  |  "$not": filter  |  FIELD: condition
    condition = value                                              the same as {"$eq": value}
              | { "$eq" | "$ne" | "$gt" | "$gte" | "$lt" | "$lte": value, "$in" | "$nin" | "$all": [value, ...],
                  "$regex": text, "$options": "i", "$exists": bool, "$not": condition }

Fields are those of `domain.fields`. Numbers compare with numbers and texts with texts; any other pair neither equals
nor orders. A list (tags) meets a condition when it, or any of its items, does. NaN meets no comparison.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sweepyard.domain.fields import TIMES, FieldReader, canonical_name, canonical_time, reader_of
from sweepyard.domain.run import Run, RunState
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps, dumps_canonical

Predicate = Callable[[Run], bool]
_Test = Callable[[JsonValue], bool]

_MAX_DEPTH = 32
_MAX_PATTERN = 256
_ORDERS: dict[str, Callable[[int], bool]] = {
    "$gt": lambda sign: sign > 0,
    "$gte": lambda sign: sign >= 0,
    "$lt": lambda sign: sign < 0,
    "$lte": lambda sign: sign <= 0,
}


@dataclass(frozen=True, slots=True)
class RunFilter:
    """A parsed filter.

    Attributes:
        matches: Whether a run passes.
        everything: Whether every run passes, so that nothing need be evaluated.
        sweep_id: A sweep that every passing run belongs to, if the filter demands one: a store may look there only.
        states: States that every passing run has, if the filter demands some.
    """

    matches: Predicate
    everything: bool = False
    sweep_id: str | None = None
    states: frozenset[RunState] | None = None


def parse_filter(value: JsonValue) -> RunFilter:
    """Parse a filter as it comes out of its JSON.

    Raises:
        RequestInvalid: It does not follow the grammar.
    """
    if value is None or value == {} or value == []:
        return RunFilter(lambda run: True, everything=True)
    predicate = _filter(value, 0)
    demands = dict(_demands(value))
    sweep = demands.get("sweep")
    return RunFilter(
        predicate, sweep_id=sweep if isinstance(sweep, str) else None, states=_states(demands.get("state"))
    )


def _filter(value: JsonValue, depth: int) -> Predicate:
    if not isinstance(value, dict):
        raise _invalid("a filter is a JSON object", value)
    if depth > _MAX_DEPTH:
        raise _invalid(f"a filter nests at most {_MAX_DEPTH} deep", "a deeper one")
    return _all([_entry(key, item, depth) for key, item in value.items()])


def _entry(key: str, value: JsonValue, depth: int) -> Predicate:
    if key == "$not":
        return _none([_filter(value, depth + 1)])
    if key in {"$and", "$or", "$nor"}:
        if not isinstance(value, list):
            raise _invalid(f"{key} takes a list of filters", value)
        parts = [_filter(item, depth + 1) for item in value]
        return {"$and": _all, "$or": _any, "$nor": _none}[key](parts)
    if key.startswith("$"):
        raise _invalid("a filter knows $and $or $nor $not", key)
    reader = reader_of(key)
    test = _condition(value, depth, is_time=canonical_name(key) in TIMES)
    return _field_predicate(reader, test)


def _field_predicate(reader: FieldReader, test: _Test) -> Predicate:
    return lambda run: test(reader(run))


def _condition(value: JsonValue, depth: int, *, is_time: bool) -> _Test:
    if not (isinstance(value, dict) and any(key.startswith("$") for key in value)):
        return _equals(_operand(value, is_time))
    if depth > _MAX_DEPTH:
        raise _invalid(f"a filter nests at most {_MAX_DEPTH} deep", "a deeper one")
    tests = [_operator(key, item, value, depth, is_time) for key, item in value.items() if key != "$options"]
    return lambda found: all(test(found) for test in tests)


def _operator(key: str, operand: JsonValue, condition: JsonObject, depth: int, is_time: bool) -> _Test:
    if key == "$eq":
        return _equals(_operand(operand, is_time))
    if key == "$ne":
        return _negated(_equals(_operand(operand, is_time)))
    if key in _ORDERS:
        return _orders(_operand(operand, is_time), _ORDERS[key])
    if key in {"$in", "$nin", "$all"}:
        if not isinstance(operand, list):
            raise _invalid(f"{key} takes a list", operand)
        tests = [_equals(_operand(item, is_time)) for item in operand]
        if key == "$all":
            return lambda found: all(test(found) for test in tests)
        within: _Test = lambda found: any(test(found) for test in tests)  # noqa: E731
        return within if key == "$in" else _negated(within)
    if key == "$regex":
        return _matches(operand, condition.get("$options"))
    if key == "$exists":
        if not isinstance(operand, bool):
            raise _invalid("$exists takes true or false", operand)
        return lambda found: (found is not None) is operand
    if key == "$not":
        return _negated(_condition(operand, depth + 1, is_time=is_time))
    raise _invalid("a condition knows $eq $ne $gt $gte $lt $lte $in $nin $all $regex $exists $not", key)


def _operand(value: JsonValue, is_time: bool) -> JsonValue:
    if not is_time or value is None:
        return value
    try:
        return canonical_time(datetime.fromisoformat(str(value)))
    except ValueError as error:
        raise _invalid("a time is written as 2026-11-21T08:00:00", value) from error


def _equals(operand: JsonValue) -> _Test:
    def test(found: JsonValue) -> bool:
        if isinstance(found, list) and not isinstance(operand, list):
            return any(_equal(item, operand) for item in found)
        return _equal(found, operand)

    return test


def _equal(left: JsonValue, right: JsonValue) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict | list) and isinstance(right, dict | list):
        return dumps_canonical(left) == dumps_canonical(right)
    return left == right


def _orders(operand: JsonValue, holds: Callable[[int], bool]) -> _Test:
    def test(found: JsonValue) -> bool:
        items = found if isinstance(found, list) else [found]
        signs = [_sign(item, operand) for item in items]
        return any(sign is not None and holds(sign) for sign in signs)

    return test


def _sign(left: JsonValue, right: JsonValue) -> int | None:
    """-1, 0 or 1 as `left` is below, equal to or above `right`; None where the two have no order."""
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    if (isinstance(left, int | float) and isinstance(right, int | float)) or (
        isinstance(left, str) and isinstance(right, str)
    ):
        if left == right:
            return 0
        if left < right:  # type: ignore[operator]  # both are numbers, or both are texts
            return -1
        return 1 if left > right else None  # type: ignore[operator]  # NaN is neither
    return None


def _matches(pattern: JsonValue, options: JsonValue) -> _Test:
    if not isinstance(pattern, str) or len(pattern) > _MAX_PATTERN:
        raise _invalid(f"$regex takes a text of at most {_MAX_PATTERN} characters", pattern)
    if options not in {None, "", "i"}:
        raise _invalid("$options knows i", options)
    try:
        compiled = re.compile(pattern, re.IGNORECASE if options == "i" else 0)
    except (re.error, RecursionError, OverflowError) as error:
        raise _invalid("$regex takes a regular expression", pattern) from error

    def test(found: JsonValue) -> bool:
        items = found if isinstance(found, list) else [found]
        return any(isinstance(item, str) and compiled.search(item) is not None for item in items)

    return test


def _negated(test: _Test) -> _Test:
    return lambda found: not test(found)


def _all(parts: Sequence[Predicate]) -> Predicate:
    return lambda run: all(part(run) for part in parts)


def _any(parts: Sequence[Predicate]) -> Predicate:
    return lambda run: any(part(run) for part in parts)


def _none(parts: Sequence[Predicate]) -> Predicate:
    return lambda run: not any(part(run) for part in parts)


def _demands(value: JsonValue) -> list[tuple[str, JsonValue]]:
    """(field, condition) pairs that every passing run must meet: the top level and what `$and` joins to it."""
    found: list[tuple[str, JsonValue]] = []
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$and" and isinstance(item, list):
                for part in item:
                    found.extend(_demands(part))
            elif not key.startswith("$"):
                found.append((canonical_name(key), item.get("$eq", item) if isinstance(item, dict) else item))
    return found


def _states(condition: JsonValue) -> frozenset[RunState] | None:
    names = condition.get("$in") if isinstance(condition, dict) else [condition]
    if not isinstance(names, list) or condition is None:
        return None
    return frozenset(state for state in RunState if state.value in names)


def _invalid(rule: str, received: JsonValue) -> RequestInvalid:
    return RequestInvalid([Violation(rule, dumps(received)[:200])])
