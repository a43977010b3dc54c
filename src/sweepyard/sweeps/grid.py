"""Grid search: every point once, in W&B's order, each computed from its number alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.sweeps.identity import Identity
from sweepyard.sweeps.space import SearchSpace


class Grid:
    """The product of all parameters' values over alphabetically sorted names, the last varying fastest."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._identity = Identity(space)
        self._axes: list[tuple[tuple[str, ...], Sequence[JsonValue]]] = []
        for parameter in space.varying:
            values = parameter.distribution.grid_values()
            if values is None:
                raise ValueError(f"a grid cannot enumerate {parameter.name} ({parameter.distribution.kind})")
            self._axes.append((parameter.path, values))

    @property
    def size(self) -> int:
        """How many distinct points there are; may exceed what `len` can say."""
        return math.prod(len(values) for _, values in self._axes)

    def point(self, number: int) -> JsonObject:
        """The parameters of point `number`, counted from 0.

        Raises:
            IndexError: There are not that many points.
        """
        if not 0 <= number < self.size:
            raise IndexError(f"the grid has {self.size} points; asked for number {number}")
        chosen: dict[tuple[str, ...], JsonValue] = {}
        for path, values in reversed(self._axes):
            number, place = divmod(number, len(values))
            chosen[path] = values[place]
        return self._space.nest(chosen)

    def key(self, parameters: Mapping[str, JsonValue]) -> str | None:
        """What tells points apart by value; see `Identity.key`."""
        return self._identity.key(parameters)
