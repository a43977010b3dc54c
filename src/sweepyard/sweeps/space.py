"""The search space: parameters that vary, some only under conditions, some together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Final, overload

from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical
from sweepyard.sweeps.distributions import Categorical, Constant, Distribution

ParameterPath = tuple[str, ...]


class Inactive(Enum):
    """Stands for the value of a parameter that a point does not have."""

    INACTIVE = "inactive"


INACTIVE: Final = Inactive.INACTIVE
Chosen = JsonValue | Inactive


@dataclass(frozen=True)
class Condition:
    """That another parameter has one of some values.

    Attributes:
        path: The other parameter's.
        values: Its values under which the condition holds; equality is by value.
    """

    path: ParameterPath
    values: tuple[JsonValue, ...]

    def holds(self, value: JsonValue) -> bool:
        """Whether the other parameter's value is one of them."""
        return dumps_canonical(value) in self._keys

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(map(dumps_canonical, self.values))


@dataclass(frozen=True)
class Parameter:
    """One thing that may vary.

    Attributes:
        path: The keys that lead to it; one for a plain parameter, more under nested `parameters`. A dotted
            name is one flat key.
        where: Where it stands in its file, as `source:line`; no part of what it is.
        conditions: A run has the parameter only where all of them hold.
    """

    path: ParameterPath
    distribution: Distribution
    where: str = field(default="", compare=False)
    conditions: tuple[Condition, ...] = ()

    @property
    def name(self) -> str:
        """The path as people write it."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Axis:
    """What is chosen at once: one parameter that varies, or several that are coupled.

    Attributes:
        distribution: For coupled parameters over lists with a value for each.
    """

    parameters: tuple[Parameter, ...]
    distribution: Distribution
    is_coupled: bool = False

    @property
    def name(self) -> str:
        """The names of what is chosen."""
        return " and ".join(parameter.name for parameter in self.parameters)

    def spread(self, chosen: JsonValue) -> Iterator[tuple[Parameter, JsonValue]]:
        """Each parameter with its value."""
        values = chosen if self.is_coupled and isinstance(chosen, list) else [chosen]
        yield from zip(self.parameters, values, strict=True)


class SearchSpace(Sequence[Parameter]):
    """The parameters of a sweep in W&B's order: sorted by name, level by level.

    Args:
        coupled: Groups of categorical parameters with as many values each; those at one place go together.
    """

    def __init__(self, parameters: Sequence[Parameter], coupled: Sequence[Sequence[ParameterPath]] = ()) -> None:
        self._parameters = tuple(sorted(parameters, key=lambda parameter: parameter.path))
        self._by_path = {parameter.path: parameter for parameter in self._parameters}
        self._constants = {
            item.path: item.distribution.value for item in self._parameters if isinstance(item.distribution, Constant)
        }
        self.coupled = tuple(tuple(sorted(group)) for group in coupled)
        self.axes = self._made_axes()
        self.is_conditional = any(parameter.conditions for parameter in self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    @overload
    def __getitem__(self, index: int) -> Parameter: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Parameter]: ...
    def __getitem__(self, index: int | slice) -> Parameter | Sequence[Parameter]:
        return self._parameters[index]

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._parameters)

    @property
    def size(self) -> int | None:
        """How many points there are; None where they are without number. May exceed what `len` can say."""
        values = [axis.distribution.distinct() for axis in self.axes]
        listed = [each for each in values if each is not None]
        return self.count(listed) if len(listed) == len(values) else None

    def count(self, values: Sequence[Sequence[JsonValue]]) -> int:
        """How many points there are with these values for each axis."""
        if not self.is_conditional:
            return math.prod(map(len, values))
        asked = {condition.path for parameter in self._parameters for condition in parameter.conditions}
        deciding = [any(item.path in asked for item in axis.parameters) for axis in self.axes]
        total = 0
        # Points differ in what decides and, for each way to decide, in what is then active of the rest.
        ways = [range(len(each) if decides else 1) for each, decides in zip(values, deciding, strict=True)]
        for places in itertools.product(*ways):
            active = self.activity([each[place] for each, place in zip(values, places, strict=True)])
            if all(on or place == 0 for on, place in zip(active, places, strict=True)):
                rest = zip(values, active, deciding, strict=True)
                total += math.prod(len(each) for each, on, decides in rest if on and not decides)
        return total

    def nest(self, values: Mapping[ParameterPath, JsonValue]) -> JsonObject:
        """A run's parameters from a value for each varying path; constants are added, what is inactive is left out."""
        every = {**self._constants, **values}
        nested: JsonObject = {}
        for parameter in self._parameters:
            if self._is_active(parameter, every.get):
                place(nested, parameter.path, every[parameter.path])
        return nested

    def point(self, chosen: Sequence[JsonValue]) -> JsonObject:
        """A run's parameters from a value for each axis."""
        return self.nest(
            {
                parameter.path: value
                for axis, each in zip(self.axes, chosen, strict=True)
                for parameter, value in axis.spread(each)
            }
        )

    def activity(self, chosen: Sequence[JsonValue]) -> list[bool]:
        """For each axis whether a point with these values has it."""
        if not self.is_conditional:
            return [True] * len(self.axes)
        values = dict(self._constants)
        for axis, each in zip(self.axes, chosen, strict=True):
            values.update({parameter.path: value for parameter, value in axis.spread(each)})
        return [self._is_active(axis.parameters[0], values.get) for axis in self.axes]

    def chosen(self, parameters: Mapping[str, JsonValue]) -> list[Chosen] | None:
        """For each axis the value that a run's parameters have there; None where one is missing."""
        found: dict[ParameterPath, JsonValue] = dict(self._constants)
        for axis in self.axes:
            for parameter in axis.parameters:
                value = find(parameters, parameter.path)
                if value is not INACTIVE:
                    found[parameter.path] = value
        chosen: list[Chosen] = []
        for axis in self.axes:
            if not self._is_active(axis.parameters[0], found.get):
                chosen.append(INACTIVE)
                continue
            if any(parameter.path not in found for parameter in axis.parameters):
                return None
            values = [found[parameter.path] for parameter in axis.parameters]
            chosen.append(values if axis.is_coupled else values[0])
        return chosen

    def around(self, parameter: Parameter, value: JsonValue) -> dict[ParameterPath, JsonValue]:
        """Values for all parameters: this one's is given, the others' are in the middle of what goes with it."""
        wanted = {**self._required(parameter), parameter.path: value}
        keys = {path: dumps_canonical(each) for path, each in wanted.items()}
        values = dict(self._constants)
        for axis in self.axes:
            row = {item.path: each for item, each in axis.spread(axis.distribution.sample(0.5))}
            asked = keys.keys() & row.keys()
            if axis.is_coupled and asked:
                rows = [{item.path: each for item, each in axis.spread(one)} for one in axis.distribution.extremes()]
                fitting = (one for one in rows if all(dumps_canonical(one[path]) == keys[path] for path in asked))
                row = next(fitting, row)
            values.update(row)
        return {**values, **wanted}

    def _required(self, parameter: Parameter) -> dict[ParameterPath, JsonValue]:
        """Values of other parameters under which a run has this one."""
        needed: dict[ParameterPath, JsonValue] = {}
        for condition in parameter.conditions:
            needed[condition.path] = condition.values[0]
            other = self._by_path.get(condition.path)
            if other is not None:
                needed.update(self._required(other))
        return needed

    def _is_active(self, parameter: Parameter, value_of: Callable[[ParameterPath], JsonValue]) -> bool:
        for condition in parameter.conditions:
            other = self._by_path.get(condition.path)
            if other is None or not self._is_active(other, value_of) or not condition.holds(value_of(other.path)):
                return False
        return True

    def _made_axes(self) -> tuple[Axis, ...]:
        group_of = {path: group for group in self.coupled for path in group if path in self._by_path}
        axes = []
        for parameter in self._parameters:
            group = group_of.get(parameter.path)
            if group is not None and group[0] == parameter.path:
                members = tuple(self._by_path[path] for path in group)
                axes.append(Axis(members, _together(members), is_coupled=True))
            elif group is None and not isinstance(parameter.distribution, Constant):
                axes.append(Axis((parameter,), parameter.distribution))
        return tuple(axes)

    def __repr__(self) -> str:
        return f"SearchSpace({list(self._parameters)!r}, {self.coupled!r})"


def _spellings(path: ParameterPath) -> tuple[ParameterPath, ParameterPath]:
    """The path as it is, and with its dotted names level by level."""
    return path, tuple(step for key in path for step in key.split("."))


def find(parameters: Mapping[str, JsonValue], path: ParameterPath) -> Chosen:
    """The value at `path`, or INACTIVE; a dotted name that is no flat key is looked up level by level."""
    for steps in _spellings(path):
        value: object = parameters
        for step in steps:
            if not isinstance(value, Mapping) or step not in value:
                break
            value = value[step]
        else:
            found: JsonValue = value  # type: ignore[assignment]
            return found
    return INACTIVE


def _together(members: Sequence[Parameter]) -> Categorical:
    """Lists of the values that stand at one place."""
    columns = [item.distribution.values for item in members if isinstance(item.distribution, Categorical)]
    return Categorical(tuple(list(row) for row in zip(*columns, strict=True)))


def place(nested: JsonObject, path: ParameterPath, value: JsonValue) -> None:
    """Put a copy of `value` where the path leads, in mappings that are made on the way."""
    for key in path[:-1]:
        below = nested.setdefault(key, {})
        assert isinstance(below, dict), "a sweep file cannot name one key as a value and as a mapping"  # noqa: S101
        nested = below
    nested[path[-1]] = _copy(value)


def copied(parameters: JsonObject) -> JsonObject:
    """The same, all the way down."""
    return {key: _copy(item) for key, item in parameters.items()}


def _copy(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return copied(value)
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def remove(parameters: JsonObject, path: ParameterPath) -> JsonObject:
    """A copy without what stands at the path; flat dotted names are tried too."""
    changed = copied(parameters)
    for steps in _spellings(path):
        below: JsonValue = changed
        for step in steps[:-1]:
            below = below.get(step) if isinstance(below, dict) else None
        if isinstance(below, dict) and steps[-1] in below:
            del below[steps[-1]]
            break
    return changed
