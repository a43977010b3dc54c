"""Nested values of many runs as columns: one a dotted key, of the narrowest type that holds all of its values."""

from __future__ import annotations

import json

from sweepyard.domain.history_keys import leaves
from sweepyard.domain.names import is_unicode
from sweepyard.domain.table import Cell, CellType, TableColumn
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps

_EXACT = 2**53  # a float64 holds every whole number up to it
_GREATEST = 2**63 - 1


class _Kind:
    """What stands under one key in the runs seen so far."""

    def __init__(self) -> None:
        self.flags = self.integers = self.numbers = self.texts = self.others = False
        self.exact = True

    def add(self, value: JsonValue) -> None:
        if isinstance(value, bool):
            self.flags = True
        elif isinstance(value, int):
            self.integers = True
            self.exact = self.exact and abs(value) <= _EXACT
            self.others = self.others or not -_GREATEST <= value <= _GREATEST
        elif isinstance(value, float):
            self.numbers = True
        elif isinstance(value, str) and is_unicode(value):
            self.texts = True
        elif value is not None:
            self.others = True

    @property
    def cell_type(self) -> CellType:
        kinds = (self.flags, self.integers or self.numbers, self.texts, self.others)
        if self.others or sum(kinds) > 1 or (self.integers and self.numbers and not self.exact):
            return CellType.JSON
        if self.flags:
            return CellType.FLAG
        if self.numbers:
            return CellType.NUMBER
        return CellType.INTEGER if self.integers else CellType.TEXT


class Flattening:
    """Learns the keys of some values, then turns such values into rows.

    A key that a value has twice, as `{"a.b": 1, "a": {"b": 2}}` has `a.b`, becomes no column.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._kinds: dict[str, _Kind] = {}
        self._ambiguous: set[str] = set()

    def learn(self, value: JsonObject) -> None:
        """See which keys there are, and what stands under them."""
        seen = set()
        for key, leaf in leaves(value):
            if key in seen or not is_unicode(key):
                self._ambiguous.add(key)
            seen.add(key)
            self._kinds.setdefault(key, _Kind()).add(leaf)

    @property
    def columns(self) -> list[TableColumn]:
        """The columns, by name."""
        return [TableColumn(f"{self._prefix}{key}", self._kinds[key].cell_type) for key in self._keys]

    @property
    def left_out(self) -> list[str]:
        """The names that would have been ambiguous, and are no columns."""
        return sorted(f"{self._prefix}{key if is_unicode(key) else json_text(key)[1:-1]}" for key in self._ambiguous)

    def cells(self, value: JsonObject) -> list[Cell]:
        """The value's cells, one for each column; None where it has nothing under a key."""
        found = dict(leaves(value))
        return [_cell(found.get(key), self._kinds[key].cell_type) for key in self._keys]

    @property
    def _keys(self) -> list[str]:
        return sorted(self._kinds.keys() - self._ambiguous)


def json_text(value: JsonValue) -> str:
    """A JSON value as text that every encoding of Unicode can hold."""
    text = dumps(value)
    return text if is_unicode(text) else json.dumps(value, separators=(",", ":"))


def _cell(value: JsonValue, cell_type: CellType) -> Cell:
    if value is None:
        return None
    if cell_type is CellType.JSON:
        return json_text(value)
    if isinstance(value, list | dict):
        raise TypeError(f"a column of {cell_type.value} holds no {type(value).__name__}")
    return float(value) if cell_type is CellType.NUMBER else value
