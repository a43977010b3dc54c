"""Which sets of parameters are one point: equality by value, over the parameters that vary."""

from __future__ import annotations

from collections.abc import Mapping

from sweepyard.jsonvalue import JsonValue, dumps_canonical
from sweepyard.sweeps.space import Categorical, SearchSpace

ABSENT = object()


class Identity:
    """Tells points of a space apart."""

    def __init__(self, space: SearchSpace) -> None:
        self._axes = [(item.path, _keys_of(item.distribution)) for item in space.varying]

    def key(self, parameters: Mapping[str, JsonValue]) -> str | None:
        """A text that two sets of parameters share just when they are one point by value (3e6 is 3000000).

        Keys that the space does not vary are ignored, so a run that adds some to its config is still known.
        None when a varied key is missing.
        """
        values: list[object] = []
        for path, known_keys in self._axes:
            value = find(parameters, path)
            if value is ABSENT:
                return None
            if known_keys and isinstance(value, dict):
                value = {key: item for key, item in value.items() if key in known_keys}
            values.append(value)
        return dumps_canonical(values)


def find(parameters: Mapping[str, JsonValue], path: tuple[str, ...]) -> object:
    """The value at `path`, or ABSENT; a dotted name that is no flat key is looked up level by level."""
    for steps in (path, tuple(step for key in path for step in key.split("."))):
        value: object = parameters
        for step in steps:
            if not isinstance(value, Mapping) or step not in value:
                break
            value = value[step]
        else:
            return value
    return ABSENT


def _keys_of(distribution: object) -> frozenset[str]:
    """The keys of the mappings among the values; ranges of numbers hold none and may be long."""
    if not isinstance(distribution, Categorical):
        return frozenset()
    return frozenset(key for value in distribution.values if isinstance(value, dict) for key in value)
