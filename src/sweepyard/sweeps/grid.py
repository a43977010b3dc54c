"""Grid search: every point once, in W&B's order, each computed from its number alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.sweeps.identity import Identity
from sweepyard.sweeps.space import SearchSpace


class Grid:
    """The product of all parameters' values over alphabetically sorted names, the last varying fastest.

    Where parameters have conditions, some of its numbers name the same point: only the first of these counts.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._identity = Identity(space)
        self._values: list[Sequence[JsonValue]] = []
        for axis in space.axes:
            values = axis.distribution.grid_values()
            if values is None:
                raise ValueError(f"a grid cannot enumerate {axis.name} ({axis.distribution.kind})")
            self._values.append(values)

    @property
    def size(self) -> int:
        """How many numbers there are; may exceed what `len` can say."""
        return math.prod(map(len, self._values))

    @property
    def points(self) -> int:
        """How many distinct points there are."""
        return self._space.count(self._values)

    def point(self, number: int) -> JsonObject:
        """The parameters of point `number`, counted from 0.

        Raises:
            IndexError: There are not that many.
        """
        return self._space.point(self._chosen(self._places(number)))

    def is_first(self, number: int) -> bool:
        """Whether no smaller number names the same point for want of what is inactive there."""
        if not self._space.is_conditional:
            return True
        places = self._places(number)
        active = self._space.activity(self._chosen(places))
        return all(on or place == 0 for on, place in zip(active, places, strict=True))

    def key(self, parameters: Mapping[str, JsonValue]) -> str | None:
        """What tells points apart by value; see `Identity.key`."""
        return self._identity.key(parameters)

    def _chosen(self, places: Sequence[int]) -> list[JsonValue]:
        return [values[place] for values, place in zip(self._values, places, strict=True)]

    def _places(self, number: int) -> list[int]:
        if not 0 <= number < self.size:
            raise IndexError(f"the grid has {self.size} points; asked for number {number}")
        places = []
        for values in reversed(self._values):
            number, place = divmod(number, len(values))
            places.append(place)
        return places[::-1]
