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

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sweepyard.domain.fields import Columns, RunField, columns_of, field_of, time_written
from sweepyard.domain.patterns import Pattern, PatternError
from sweepyard.domain.run import Run
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps, dumps_canonical

_Test = Callable[[JsonValue], bool]

_MAX_DEPTH = 32
# NaN is above, at and below nothing, as these have it.
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


class _Part(Protocol):
    """A part of a filter."""

    @property
    def fields(self) -> frozenset[RunField]: ...

    def keep(self, run_ids: Sequence[str], columns: Columns) -> list[str]:
        """Those of the runs that pass, in their order."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """A parsed filter.

    Attributes:
        source: The filter as JSON: two of the same source are alike.
    """

    source: str
    _whole: _Part

    @property
    def fields(self) -> frozenset[RunField]:
        """The fields that it looks at."""
        return self._whole.fields

    @property
    def everything(self) -> bool:
        """Whether every run passes, so that nothing need be evaluated."""
        return isinstance(self._whole, _All) and not self._whole.parts

    def keep(self, run_ids: Sequence[str], columns: Columns) -> list[str]:
        """Those of the runs that pass, in their order.

        Args:
            run_ids: Runs of one project.
            columns: The values of all `fields` for all of them.
        """
        return self._whole.keep(run_ids, columns)

    def matches(self, run: Run) -> bool:
        """Whether a run passes."""
        return bool(self.keep([run.path.run_id], columns_of([run], self.fields)))


def parse_filter(value: JsonValue) -> RunFilter:
    """Parse a filter as it comes out of its JSON.

    Raises:
        RequestInvalid: It does not follow the grammar.
    """
    return RunFilter(dumps(value), _All(()) if value is None or value == [] else _filter(value, 0))


@dataclass(frozen=True, slots=True)
class _Leaf:
    field: RunField
    test: _Test

    @property
    def fields(self) -> frozenset[RunField]:
        return frozenset({self.field})

    def keep(self, run_ids: Sequence[str], columns: Columns) -> list[str]:
        column, test = columns[self.field], self.test
        return [run_id for run_id in run_ids if test(column[run_id])]


@dataclass(frozen=True, slots=True)
class _Joined:
    parts: tuple[_Part, ...]

    @property
    def fields(self) -> frozenset[RunField]:
        return frozenset().union(*(part.fields for part in self.parts))


class _All(_Joined):
    def keep(self, run_ids: Sequence[str], columns: Columns) -> list[str]:
        kept = list(run_ids)
        for part in self.parts:
            kept = part.keep(kept, columns)
        return kept


class _Any(_Joined):
    def keep(self, run_ids: Sequence[str], columns: Columns) -> list[str]:
        found = {run_id for part in self.parts for run_id in part.keep(run_ids, columns)}
        return [run_id for run_id in run_ids if run_id in found]


class _None(_Joined):
    def keep(self, run_ids: Sequence[str], columns: Columns) -> list[str]:
        found = {run_id for part in self.parts for run_id in part.keep(run_ids, columns)}
        return [run_id for run_id in run_ids if run_id not in found]


_JOINS: dict[str, Callable[[tuple[_Part, ...]], _Part]] = {"$and": _All, "$or": _Any, "$nor": _None}


def _filter(value: JsonValue, depth: int) -> _Part:
    if not isinstance(value, dict):
        raise _invalid("a filter is a JSON object", value)
    if depth > _MAX_DEPTH:
        raise _invalid(f"a filter nests at most {_MAX_DEPTH} deep", "a deeper one")
    parts = tuple(_entry(key, item, depth) for key, item in value.items())
    return parts[0] if len(parts) == 1 else _All(parts)


def _entry(key: str, value: JsonValue, depth: int) -> _Part:
    if key == "$not":
        return _None((_filter(value, depth + 1),))
    if key in _JOINS:
        if not isinstance(value, list):
            raise _invalid(f"{key} takes a list of filters", value)
        parts = tuple(_filter(item, depth + 1) for item in value)
        return _JOINS[key](parts)
    if key.startswith("$"):
        raise _invalid("a filter knows $and $or $nor $not", key)
    field = field_of(key)
    return _Leaf(field, _condition(value, depth, is_time=field.is_time))


def _condition(value: JsonValue, depth: int, *, is_time: bool) -> _Test:
    if not (isinstance(value, dict) and any(key.startswith("$") for key in value)):
        return _equals(_operand(value, is_time))
    if depth > _MAX_DEPTH:
        raise _invalid(f"a filter nests at most {_MAX_DEPTH} deep", "a deeper one")
    tests = [_operator(key, item, value, depth, is_time) for key, item in value.items() if key != "$options"]
    return functools.reduce(_both, tests) if tests else lambda found: True


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
        return time_written(str(value))
    except ValueError as error:
        raise _invalid("a time is written as 2026-11-21T08:00:00", value) from error


def _equals(operand: JsonValue) -> _Test:
    if isinstance(operand, str):
        return lambda found: found == operand or (isinstance(found, list) and operand in found)

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


def _orders(operand: JsonValue, holds: Callable[[Any, Any], bool]) -> _Test:
    kinds: tuple[type, ...] = ()
    if isinstance(operand, str):
        kinds = (str,)
    elif isinstance(operand, int | float) and not isinstance(operand, bool):
        kinds = (int, float)

    def test(found: JsonValue) -> bool:
        if type(found) in kinds:  # A bool is no number here.
            return holds(found, operand)
        return isinstance(found, list) and any(type(item) in kinds and holds(item, operand) for item in found)

    return test


def _matches(pattern: JsonValue, options: JsonValue) -> _Test:
    if not isinstance(pattern, str):
        raise _invalid("$regex takes a text", pattern)
    if options not in {None, "", "i"}:
        raise _invalid("$options knows i", options)
    try:
        compiled = Pattern(pattern, ignore_case=options == "i")
    except PatternError as error:
        raise _invalid(f"$regex takes a regular expression: {error}", pattern) from error

    def test(found: JsonValue) -> bool:
        if isinstance(found, str):
            return compiled.occurs_in(found)
        return isinstance(found, list) and any(isinstance(item, str) and compiled.occurs_in(item) for item in found)

    return test


def _both(left: _Test, right: _Test) -> _Test:
    return lambda found: left(found) and right(found)


def _negated(test: _Test) -> _Test:
    return lambda found: not test(found)


def _invalid(rule: str, received: JsonValue) -> RequestInvalid:
    return RequestInvalid([Violation(rule, dumps(received)[:200])])
