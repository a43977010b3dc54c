"""What is known of the keys of a history: counted once over some rows, joined over several parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sweepyard.jsonvalue import JsonObject, JsonValue

_NUMBERS = frozenset({int, float})


@dataclass(frozen=True, slots=True)
class KeySummary:
    """What one key of a history holds.

    Attributes:
        type_counts: How many values there are of each kind: number, string, bool, null, map, list, or a media
            type's name such as `image-file`.
        monotonic: Whether its values are numbers that never fall.
        last: Its last value.
        first: Its first value where it is monotonic: what the summary of an earlier part is compared with.
    """

    type_counts: Mapping[str, int]
    monotonic: bool
    last: JsonValue
    first: JsonValue = field(default=None, compare=False)


def leaves(row: JsonObject, prefix: str = "") -> Iterator[tuple[str, JsonValue]]:
    """The values of a row by dotted key; media and empty mappings are values."""
    for key, value in row.items():
        if isinstance(value, dict) and value and "_type" not in value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def columns_of(rows: Sequence[JsonObject]) -> Mapping[str, tuple[Sequence[int], Sequence[JsonValue]]]:
    """The values by dotted key, each with the indices of the rows that have it, in order of first appearance."""
    return _columns_of_alike(rows) or _columns_of_any(rows)


def _columns_of_alike(rows: Sequence[JsonObject]) -> dict[str, tuple[range, tuple[JsonValue, ...]]] | None:
    """The same where all rows have the same keys and nothing is nested, as most have: five times as fast."""
    keys = tuple(rows[0]) if rows else ()
    if not keys or any(tuple(row) != keys for row in rows):
        return None
    columns = list(zip(*(row.values() for row in rows), strict=True))
    if any(dict in set(map(type, column)) for column in columns):
        return None
    return {key: (range(len(rows)), column) for key, column in zip(keys, columns, strict=True)}


def _columns_of_any(rows: Sequence[JsonObject]) -> dict[str, tuple[list[int], list[JsonValue]]]:
    columns: dict[str, tuple[list[int], list[JsonValue]]] = {}
    for index, row in enumerate(rows):
        for key, value in leaves(row):
            places, values = columns.setdefault(key, ([], []))
            places.append(index)
            values.append(value)
    return columns


def summary_of(values: Sequence[JsonValue]) -> KeySummary:
    """The summary of one or more values of a key, in order."""
    if set(map(type, values)) <= _NUMBERS:
        rises = all(b >= a for a, b in pairwise(values))  # type: ignore[operator]
        return KeySummary({"number": len(values)}, rises, values[-1], values[0] if rises else None)
    return KeySummary(dict(Counter(map(_kind, values))), False, values[-1])


def summaries_of(rows: Sequence[JsonObject]) -> dict[str, KeySummary]:
    """The summary of every key of these rows."""
    return {key: summary_of(values) for key, (_, values) in columns_of(rows).items()}


def joined(parts: Iterable[Mapping[str, KeySummary]]) -> dict[str, KeySummary]:
    """The summaries of a history whose parts, in order, have these."""
    whole: dict[str, KeySummary] = {}
    for part in parts:
        for key, summary in part.items():
            before = whole.get(key)
            whole[key] = summary if before is None else _joined(before, summary)
    return whole


def _joined(before: KeySummary, after: KeySummary) -> KeySummary:
    counts = Counter(before.type_counts)
    counts.update(after.type_counts)
    # Both hold numbers only where both are monotonic.
    rises = before.monotonic and after.monotonic and after.first >= before.last  # type: ignore[operator]
    return KeySummary(dict(counts), rises, after.last, before.first if rises else None)


def _kind(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "list"
    if isinstance(value, dict):
        name = value.get("_type")
        return name if isinstance(name, str) and name else "map"
    return "null"
