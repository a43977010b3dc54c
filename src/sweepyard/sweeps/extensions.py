"""Our own keys of a sweep file: repeats, and a budget of time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweepyard.jsonvalue import JsonObject
from sweepyard.sweeps.distributions import Categorical, Constant
from sweepyard.sweeps.document import Node
from sweepyard.sweeps.findings import Findings
from sweepyard.sweeps.space import Parameter, ParameterPath, copied, place

_MOST_REPEATS = 1000
_LONGEST_SECONDS = 10.0 * 366 * 86_400
_DURATION = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>[smhd])")
_UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


@dataclass(frozen=True, slots=True)
class Repeats:
    """That each point is run several times, each with a seed of its own; all of these are part of the sweep.

    Attributes:
        count: How many runs a point has.
        path: The parameter that gets the seed.
        first: The first seed; the others count up from it.
    """

    count: int
    path: ParameterPath
    first: int = 0

    def applied(self, parameters: JsonObject, repeat: int) -> JsonObject:
        """A point's parameters with the seed of repeat number `repeat`, counted from 0."""
        changed = copied(parameters)
        place(changed, self.path, self.first + repeat)
        return changed

    def as_parameter(self) -> Parameter:
        """The same as a parameter that a grid goes over."""
        return Parameter(self.path, Categorical(tuple(range(self.first, self.first + self.count))))


def read_repeats(
    node: Node, parameters: Sequence[Parameter], findings: Findings, *, default_key: str
) -> Repeats | None:
    """`repeats: n`, or `repeats: {n: ..., key: ...}`; None where a rule is broken."""
    count_node: Node | None = node
    key = default_key
    if node.is_mapping:
        findings.check_keys(node, {"n", "key"}, "`repeats`")
        count_node = node.entries.get("n")
        if "key" in node.entries:
            key = findings.text(node.entries["key"], "`repeats.key`") or key
    if count_node is None:
        findings.violation(node, "`repeats` must be a number of runs a point, or have it as `n`", node.value)
        return None
    count = findings.integer(count_node, "`repeats`", 1, _MOST_REPEATS)
    seeded = next((parameter for parameter in parameters if parameter.name == key), None)
    if seeded is None:
        return None if count is None else Repeats(count, (key,))
    value = seeded.distribution.value if isinstance(seeded.distribution, Constant) else None
    if isinstance(value, bool) or not isinstance(value, int):
        rule = f"`repeats` gives each run its `{key}`, which must then be no parameter, or one with an integer `value`"
        findings.violation(node, rule, f"{key} is {seeded.distribution.kind}")
        return None
    return None if count is None else Repeats(count, seeded.path, value)


def with_repeats(parameters: Sequence[Parameter], repeats: Repeats) -> list[Parameter]:
    """The parameters of a grid that goes over the repeats too."""
    own = repeats.as_parameter()
    where = next((parameter.where for parameter in parameters if parameter.path == repeats.path), "")
    return [*(parameter for parameter in parameters if parameter.path != repeats.path), replace(own, where=where)]


def read_seconds(node: Node, owner: str, findings: Findings) -> float | None:
    """A duration: a number of seconds, or a text such as 90m, 8h or 2d."""
    seconds: float | None = None
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        seconds = float(match["number"]) * _UNIT_SECONDS[match["unit"]]
    if seconds is None or not 0 < seconds <= _LONGEST_SECONDS:
        rule = f"{owner} must be a number of seconds above 0, or a text such as 90m, 8h or 2d"
        findings.violation(node, rule, value)
        return None
    return seconds
