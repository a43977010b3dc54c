"""Columns of tables of runs, by the names that people give them: those of filters (docs/filters.md).

`state`, `created`, `duration` and the other attributes, `config.KEY`, `summary.KEY`.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator

from sweepyard.domain.fields import RunField, field_of
from sweepyard.domain.ordering import Order, OrderTerm, parse_order
from sweepyard.domain.query_names import ATTRIBUTES, PREFIXES, named
from sweepyard.domain.query_tokens import KEYWORDS, quoted
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue, flatten

CONFIG_PREFIX, SUMMARY_PREFIX = "config.", "summary."

_LONGEST_CONDITION = 1_000
_WORD = re.compile(r"[^\s\"'=!<>~(),“”„‟«»‘’‚‛]+")


def column_of(name: str) -> RunField:
    """The field that a column shows.

    Raises:
        RequestInvalid: There is no such column.
    """
    fields = named(name).fields
    if len(fields) > 1 or name in PREFIXES:
        nearest = difflib.get_close_matches(name, ATTRIBUTES, n=1)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"Attributes: {', '.join(ATTRIBUTES)}"
        raise RequestInvalid(
            [Violation("a column is an attribute of runs, config.KEY or summary.KEY", repr(name), hint)]
        )
    return field_of(fields[0])


def column_order(text: str) -> Order:
    """The order that a column's name with - (descending) or + before it means; newest first without one.

    Raises:
        RequestInvalid: There is no such column.
    """
    name = text[1:] if text[:1] in {"+", "-"} else text
    return Order((OrderTerm(column_of(name), text.startswith("-")),)) if text else parse_order(None)


def plain_items(mapping: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    """The leaves of a config or a summary that cells can show, by dotted key: no media, nothing of the client's own."""
    for key, value in mapping.items():
        if not key.startswith("_") and not (isinstance(value, dict) and "_type" in value):
            yield from flatten({key: value})


def condition_on(name: str, value: JsonValue) -> str | None:
    """The filter that those runs pass which have this value in a column; None where no filter can say so."""
    if value is None:
        return f"{written_name(name)} not exists"
    if isinstance(value, str) and column_of(name).is_time:
        return None  # Times are compared with bounds alone.
    operand = written_value(value)
    condition = f"{written_name(name)} = {operand}"
    return condition if operand and len(condition) <= _LONGEST_CONDITION else None


def written_name(name: str) -> str:
    """A column's name as a filter has it."""
    return name if _WORD.fullmatch(name) and name.lower() not in KEYWORDS else quoted(name)


def written_value(value: JsonValue) -> str:
    """A value as a filter has it; empty for one that no filter can name: null, NaN, lists, mappings."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "" if isinstance(value, float) and math.isnan(value) else repr(value)
        case str():
            return quoted(value)
        case _:
            return ""
