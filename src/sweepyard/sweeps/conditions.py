"""`when` and `zip` of a sweep file: parameters that depend on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sweepyard.jsonvalue import JsonValue, dumps_canonical
from sweepyard.sweeps.distributions import Categorical, Constant, WeightedCategorical
from sweepyard.sweeps.document import Node, as_number
from sweepyard.sweeps.findings import Findings, nearest
from sweepyard.sweeps.space import Condition, Parameter, ParameterPath

_Wanted = Mapping[ParameterPath, Sequence[tuple[str, Node]]]


class Conditions:
    """Turns what stands under `when` into conditions, every violation noted.

    Args:
        names: The names of all parameters, also of those that were left out for a violation of their own.
    """

    def __init__(self, findings: Findings, parameters: Sequence[Parameter], names: set[str]) -> None:
        self._findings = findings
        self._parameters = parameters
        self._names = names
        self._by_name = {parameter.name: parameter for parameter in parameters}

    def applied(self, wanted: _Wanted) -> list[Parameter]:
        """The parameters with their conditions; without any where these go round in a circle."""
        if self._has_circles(wanted):
            return list(self._parameters)
        found = []
        for parameter in self._parameters:
            conditions = [self._condition(parameter, name, node) for name, node in wanted.get(parameter.path, ())]
            found.append(replace(parameter, conditions=tuple(each for each in conditions if each is not None)))
        return found

    def _condition(self, parameter: Parameter, name: str, node: Node) -> Condition | None:
        findings, owner = self._findings, f"`{parameter.name}`'s when"
        if name not in self._names or name == parameter.name:
            hint = nearest(name, self._names - {parameter.name})
            findings.violation(node, f"{owner} must name another parameter", name, hint)
            return None
        other = self._by_name.get(name)
        if other is None:
            return None  # Refused already, and so without values.
        distribution = other.distribution
        if isinstance(distribution, Constant):
            legal: tuple[JsonValue, ...] = (distribution.value,)
        elif isinstance(distribution, Categorical | WeightedCategorical):
            legal = distribution.values
        else:
            rule = f"{owner} must name a parameter with a `value` or `values`"
            findings.violation(node, rule, f"{name} is {distribution.kind}")
            return None
        keys = {dumps_canonical(value) for value in legal}
        # A list that is itself one of the values is that value.
        wanted = [node] if not node.items or dumps_canonical(_meant(node)) in keys else list(node.items)
        for item in wanted:
            if dumps_canonical(_meant(item)) not in keys:
                findings.violation(item, f"{owner} must ask for a value that `{name}` can have", item.value)
                return None
        return Condition(other.path, tuple(_meant(item) for item in wanted))

    def _has_circles(self, wanted: _Wanted) -> bool:
        asks = {".".join(path): [name for name, _ in conditions] for path, conditions in wanted.items()}
        nodes = {".".join(path): conditions[0][1] for path, conditions in wanted.items() if conditions}
        found = False
        for start in sorted(nodes):
            seen: set[str] = set()
            ahead = list(asks[start])
            while ahead:
                name = ahead.pop()
                if name == start and name not in asks[start]:
                    self._findings.violation(nodes[start], f"`{start}`'s when must not lead back to `{start}`")
                    found = True
                    break
                if name not in seen:
                    seen.add(name)
                    ahead += asks.get(name, [])
        return found


def read_zip(node: Node, parameters: Sequence[Parameter], findings: Findings) -> list[tuple[ParameterPath, ...]]:
    """The groups of parameters under `zip` that go together, by their paths."""
    if not node.items:
        findings.violation(node, "`zip` must be a list of lists of parameters' names", node.value)
    groups: list[tuple[ParameterPath, ...]] = []
    taken: set[str] = set()
    for group in node.items:
        members = _members(group, {parameter.name: parameter for parameter in parameters}, taken, findings)
        if members is not None:
            groups.append(tuple(parameter.path for parameter in members))
    return groups


def _members(
    group: Node, by_name: Mapping[str, Parameter], taken: set[str], findings: Findings
) -> list[Parameter] | None:
    """The parameters of one group; None where a rule is broken."""
    if len(group.items) < 2:
        rule = "a group of `zip` must be a list of two or more parameters' names"
        findings.violation(group, rule, group.value, "For example zip: [[model, optimizer.learning_rate]]")
        return None
    before = len(findings.violations)
    members: list[Parameter] = []
    lengths: list[int] = []
    for item in group.items:
        name = item.value if isinstance(item.value, str) else ""
        parameter = by_name.get(name)
        if parameter is None:
            findings.violation(item, "`zip` must name parameters", item.value, nearest(name, by_name))
        elif name in taken:
            findings.violation(item, "a parameter must stand once under `zip`", name)
        elif not isinstance(parameter.distribution, Categorical):
            rule = "a parameter under `zip` must be one with `values`, and without probabilities"
            findings.violation(item, rule, f"{name} is {parameter.distribution.kind}")
        elif parameter.conditions:
            findings.violation(item, "a parameter under `zip` must not have a `when`", name)
        else:
            members.append(parameter)
            lengths.append(len(parameter.distribution.values))
        taken.add(name)
    if len(set(lengths)) > 1:
        received = ", ".join(f"{item.name} has {length}" for item, length in zip(members, lengths, strict=True))
        findings.violation(group, "parameters under `zip` must have as many values each", received)
    return members if len(findings.violations) == before else None


def _meant(node: Node) -> JsonValue:
    number = as_number(node)
    return node.value if number is None else number
