"""Editing a sweep that has runs: what may change so that the runs there are keep their meaning."""

from __future__ import annotations

from collections.abc import Iterator

from sweepyard.jsonvalue import JsonValue, dumps, dumps_canonical
from sweepyard.sweeps.config import SweepConfig
from sweepyard.sweeps.distributions import Categorical, Distribution
from sweepyard.sweeps.space import Parameter

# Keys that mean nothing to the search, or may change as they like.
_FREE = frozenset(
    {"name", "description", "entity", "project", "parameters", "run_cap", "max_retries", "max_host_failures"}
    | {"time_budget", "metric", "metrics", "kind", "apiVersion"}
)
# Without a seed in the file the sweep keeps the one that it has.
_KEPT_IF_LEFT_OUT = frozenset({"seed"})


def refusals(before: SweepConfig, after: SweepConfig) -> list[str]:
    """What in the new file cannot be done to a sweep that has runs of the old one; empty where all can."""
    return [*_top_level(before, after), *_parameters(before, after)]


def _top_level(before: SweepConfig, after: SweepConfig) -> Iterator[str]:
    for key in sorted((before.raw.keys() | after.raw.keys()) - _FREE):
        if key in _KEPT_IF_LEFT_OUT and key not in after.raw:
            continue
        old, new = before.raw.get(key), after.raw.get(key)
        if dumps_canonical(old) != dumps_canonical(new):
            yield f"`{key}` must stay as it is ({_shown(old)}; received {_shown(new)})"
    goals = [(objective.metric, objective.goal.value) for objective in before.objectives]
    if goals != [(objective.metric, objective.goal.value) for objective in after.objectives]:
        yield "the metric and its goal must stay as they are"
    if before.run_cap is None and after.run_cap is not None:
        yield f"`run_cap` must not be added to a sweep without one; received {after.run_cap}"
    elif before.run_cap is not None and after.run_cap is not None and after.run_cap < before.run_cap:
        yield f"`run_cap` must not become smaller than {before.run_cap}; received {after.run_cap}"


def _parameters(before: SweepConfig, after: SweepConfig) -> Iterator[str]:
    old = {parameter.name: parameter for parameter in before.parameters}
    new = {parameter.name: parameter for parameter in after.parameters}
    for name in sorted(old.keys() - new.keys()):
        yield f"parameter `{name}` must not go"
    for name in sorted(new.keys() - old.keys()):
        yield f"parameter `{name}` must not come in: the runs that there are have no value of it"
    for name in sorted(old.keys() & new.keys()):
        yield from _parameter(old[name], new[name])


def _parameter(old: Parameter, new: Parameter) -> Iterator[str]:
    if old.conditions != new.conditions:
        yield f"`{old.name}`'s `when` must stay as it is"
    left, right = old.distribution, new.distribution
    if left.kind != right.kind:
        yield f"`{old.name}` must stay {left.kind}; received {right.kind}"
    elif isinstance(left, Categorical) and isinstance(right, Categorical):
        kept = {dumps_canonical(value) for value in right.values}
        gone = [value for value in left.values if dumps_canonical(value) not in kept]
        if gone:
            yield f"`{old.name}` must keep its values; {', '.join(map(_shown, gone))} would go"
    elif not _contains(right, left):
        yield f"`{old.name}` may only become wider; {_range(left)} became {_range(right)}"


def _contains(wide: Distribution, narrow: Distribution) -> bool:
    """Whether two distributions of one kind are alike but for a range, and the first one's range holds the second's."""
    left, right = dict(vars(wide)), dict(vars(narrow))
    ends = [(values.pop("min", 0), values.pop("max", 0)) for values in (left, right)]
    (low, high), (inner_low, inner_high) = ends
    return bool(left == right and low <= inner_low and inner_high <= high)


def _range(distribution: Distribution) -> str:
    """What a distribution is, by its keys in a sweep file."""
    return ", ".join(f"{key}: {value}" for key, value in vars(distribution).items() if value is not None)


def _shown(value: JsonValue) -> str:
    return "nothing" if value is None else dumps(value)
