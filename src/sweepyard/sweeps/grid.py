"""Grid search: every point once, in W&B's order, each computed from its number alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical
from sweepyard.sweeps.space import SearchSpace

_ABSENT = object()


class Grid:
    """The product of all parameters' values over alphabetically sorted names, the last varying fastest."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._axes: list[tuple[tuple[str, ...], Sequence[JsonValue], frozenset[str]]] = []
        for parameter in space.varying:
            values = parameter.distribution.grid_values()
            if values is None:
                raise ValueError(f"a grid cannot enumerate {parameter.name} ({parameter.distribution.kind})")
            self._axes.append((parameter.path, values, _keys_of(values)))

    @property
    def size(self) -> int:
        """How many distinct points there are; may exceed what `len` can say."""
        return math.prod(len(values) for _, values, _ in self._axes)

    def point(self, number: int) -> JsonObject:
        """The parameters of point `number`, counted from 0.

        Raises:
            IndexError: There are not that many points.
        """
        if not 0 <= number < self.size:
            raise IndexError(f"the grid has {self.size} points; asked for number {number}")
        chosen: dict[tuple[str, ...], JsonValue] = {}
        for path, values, _ in reversed(self._axes):
            number, place = divmod(number, len(values))
            chosen[path] = values[place]
        return self._space.nest(chosen)

    def key(self, parameters: Mapping[str, JsonValue]) -> str | None:
        """A text that two sets of parameters share just when they are one point by value (3e6 is 3000000).

        Keys that the grid does not vary are ignored, so a run that adds some to its config is still known.
        None when a varied key is missing.
        """
        values: list[object] = []
        for path, _, known_keys in self._axes:
            value = _find(parameters, path)
            if value is _ABSENT:
                return None
            if known_keys and isinstance(value, dict):
                value = {key: item for key, item in value.items() if key in known_keys}
            values.append(value)
        return dumps_canonical(values)


def _keys_of(values: Sequence[JsonValue]) -> frozenset[str]:
    if isinstance(values, tuple):
        return frozenset(key for value in values if isinstance(value, dict) for key in value)
    return frozenset()  # A range of numbers holds no mapping and may be long.


def _find(parameters: Mapping[str, JsonValue], path: tuple[str, ...]) -> object:
    """The value at `path`; a dotted name that is no flat key is looked up level by level."""
    for steps in (path, tuple(step for key in path for step in key.split("."))):
        value: object = parameters
        for step in steps:
            if not isinstance(value, Mapping) or step not in value:
                break
            value = value[step]
        else:
            return value
    return _ABSENT
