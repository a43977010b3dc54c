"""Which sets of parameters are one point: equality by value, over the parameters that vary."""

from __future__ import annotations

from collections.abc import Mapping

from sweepyard.jsonvalue import JsonValue, dumps_canonical
from sweepyard.sweeps.distributions import Categorical, Distribution
from sweepyard.sweeps.space import INACTIVE, SearchSpace


class Identity:
    """Tells points of a space apart."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._keys = [_keys_of(axis.distribution) for axis in space.axes]

    def key(self, parameters: Mapping[str, JsonValue]) -> str | None:
        """A text that two sets of parameters share just when they are one point by value (3e6 is 3000000).

        Keys that the space does not vary are ignored, so a run that adds some to its config is still known.
        None when a varied key is missing.
        """
        chosen = self._space.chosen(parameters)
        if chosen is None:
            return None
        values: list[JsonValue] = []
        for value, known_keys in zip(chosen, self._keys, strict=True):
            if value is INACTIVE:
                values.append([])
            elif known_keys and isinstance(value, dict):
                values.append([{key: item for key, item in value.items() if key in known_keys}])
            else:
                values.append([value])
        return dumps_canonical(values)


def _keys_of(distribution: Distribution) -> frozenset[str]:
    """The keys of the mappings among the values; ranges of numbers hold none and may be long."""
    if not isinstance(distribution, Categorical):
        return frozenset()
    return frozenset(key for value in distribution.values if isinstance(value, dict) for key in value)
