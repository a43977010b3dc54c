"""The `parameters` of a sweep file: from YAML to distributions, every violation noted."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sweepyard.jsonvalue import JsonValue
from sweepyard.sweeps import distributions
from sweepyard.sweeps.conditions import Conditions
from sweepyard.sweeps.distributions import Distribution, Number
from sweepyard.sweeps.document import Node, as_number
from sweepyard.sweeps.findings import Findings
from sweepyard.sweeps.quantiles import LARGEST_BETA_SHAPE, LARGEST_UNIT, SMALLEST_UNIT
from sweepyard.sweeps.space import Parameter, ParameterPath

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PROBABILITY_SLACK = 1.0e-5
_LONGEST_AXIS = 1_000_000

# A key of ours: wandb.ai refuses it.
_WHEN = "when"


@dataclass(frozen=True, slots=True)
class _Shape:
    """The numbers that a distribution takes, and how it is built from them."""

    build: Callable[..., Distribution]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    positive_bounds: bool = False
    deprecated_for: str = ""


_BOUNDS = ("min", "max")
_SHAPES: Mapping[str, _Shape] = {
    "int_uniform": _Shape(distributions.IntUniform, _BOUNDS),
    "uniform": _Shape(distributions.Uniform, _BOUNDS),
    "q_uniform": _Shape(distributions.QUniform, _BOUNDS, ("q",)),
    "log_uniform": _Shape(distributions.LogUniform, _BOUNDS, deprecated_for="log_uniform_values"),
    "log_uniform_values": _Shape(distributions.LogUniformValues, _BOUNDS, positive_bounds=True),
    "q_log_uniform": _Shape(distributions.QLogUniform, _BOUNDS, ("q",), deprecated_for="q_log_uniform_values"),
    "q_log_uniform_values": _Shape(distributions.QLogUniformValues, _BOUNDS, ("q",), positive_bounds=True),
    "inv_log_uniform": _Shape(distributions.InvLogUniform, _BOUNDS, deprecated_for="inv_log_uniform_values"),
    "inv_log_uniform_values": _Shape(distributions.InvLogUniformValues, _BOUNDS, positive_bounds=True),
    "normal": _Shape(distributions.Normal, (), ("mu", "sigma")),
    "q_normal": _Shape(distributions.QNormal, (), ("mu", "sigma", "q")),
    "log_normal": _Shape(distributions.LogNormal, (), ("mu", "sigma")),
    "q_log_normal": _Shape(distributions.QLogNormal, (), ("mu", "sigma", "q")),
    "beta": _Shape(distributions.Beta, (), ("a", "b")),
    "q_beta": _Shape(distributions.QBeta, (), ("a", "b", "q")),
}
_KEYS_OF_VALUES: Mapping[str, tuple[str, ...]] = {
    "constant": ("value",),
    "categorical": ("values", "probabilities"),
    "categorical_w_probabilities": ("values", "probabilities"),
}
_POSITIVE_QUANTISED = (
    distributions.QLogUniform,
    distributions.QLogUniformValues,
    distributions.QLogNormal,
    distributions.QBeta,
)
_ALL_KEYS = frozenset({"distribution", "value", "values", "probabilities", "parameters", "min", "max", "mu", "sigma"})
_ALL_KEYS |= {"q", "a", "b"}
DISTRIBUTIONS = (*_KEYS_OF_VALUES, *_SHAPES)


class ParameterReader:
    """Reads the `parameters` mapping, to any depth.

    Args:
        grid: Whether the sweep's method is grid, which enumerates and takes only some distributions.
    """

    def __init__(self, findings: Findings, *, grid: bool) -> None:
        self._findings = findings
        self._grid = grid
        self._parameters: list[Parameter] = []
        self._conditions: dict[ParameterPath, list[tuple[str, Node]]] = {}
        self._names: set[str] = set()

    def read(self, node: Node) -> list[Parameter]:
        """All parameters below `node`; those in violation are left out."""
        self._level(node, (), [])
        return Conditions(self._findings, self._parameters, self._names).applied(self._conditions)

    def _level(self, node: Node, path: ParameterPath, conditions: list[tuple[str, Node]]) -> None:
        owner = _title(path, "parameters") if path else "`parameters`"
        if not node.is_mapping or not node.entries:
            self._findings.violation(node, f"{owner} must be a mapping with at least one parameter", node.value)
            return
        for name, below in node.entries.items():
            if not _NAME.fullmatch(name):
                rule = "a parameter's name must start with a letter or _ and go on with letters, digits, _ . -"
                self._findings.violation(below, rule, name)
            elif not below.is_mapping:
                rule = f"{_title((*path, name))} must be a mapping"
                self._findings.violation(below, rule, below.value, "For one fixed value write {value: ...}")
            elif "parameters" in below.entries:
                self._findings.check_keys(below, {"parameters", _WHEN}, f"{_title((*path, name))} (nested)")
                inner = [*conditions, *self._when(below, _title((*path, name)))]
                self._level(below.entries["parameters"], (*path, name), inner)
            else:
                self._leaf(below, (*path, name), conditions)

    def _when(self, node: Node, title: str) -> list[tuple[str, Node]]:
        """The conditions that stand at a parameter: the other parameter's name, and the value or values."""
        when = node.entries.get(_WHEN)
        if when is None:
            return []
        self._findings.only_for_hub(when, f"wandb.ai knows no key `{_WHEN}` in a parameter")
        if not when.entries:
            rule = f"{title}'s when must be a mapping from another parameter's name to its value, or a list of values"
            self._findings.violation(when, rule, when.value, "For example {when: {model: convnet}}")
        return list(when.entries.items())

    def _leaf(self, node: Node, path: ParameterPath, conditions: list[tuple[str, Node]]) -> None:
        title = _title(path)
        self._names.add(".".join(path))
        self._conditions[path] = [*conditions, *self._when(node, title)]
        kind = self._kind(node, title)
        if kind is None:
            return
        before = len(self._findings.violations)
        distribution = (
            self._of_values(kind, node, title) if kind in _KEYS_OF_VALUES else self._of_numbers(kind, node, title)
        )
        if distribution is None or len(self._findings.violations) > before:
            return
        if self._grid and not self._enumerable(distribution, node, title):
            return
        self._parameters.append(Parameter(path, distribution, self._findings.at(node)))

    def _kind(self, node: Node, title: str) -> str | None:
        keys = node.entries.keys()
        if "distribution" in keys:
            return self._findings.choice(node.entries["distribution"], f"{title}'s distribution", DISTRIBUTIONS)
        if "value" in keys:
            return "constant"
        if "values" in keys:
            return "categorical_w_probabilities" if "probabilities" in keys else "categorical"
        if {"min", "max"} & keys and "q" not in keys:
            bounds = [node.entries[key].value for key in _BOUNDS if key in keys]
            return "int_uniform" if all(isinstance(bound, int) for bound in bounds) else "uniform"
        self._findings.check_keys(node, {*_ALL_KEYS, _WHEN}, title)
        rule = f"{title} must have `value`, `values`, `min` and `max`, `parameters` or a `distribution`"
        hint = "With `q`, name one of the q_ distributions" if "q" in keys else ""
        self._findings.violation(node, rule, ", ".join(keys) or "{}", hint)
        return None

    def _check_keys(self, node: Node, allowed: tuple[str, ...], kind: str, title: str) -> None:
        self._findings.check_keys(node, {"distribution", *allowed, _WHEN}, f"{title} ({kind})")

    def _of_values(self, kind: str, node: Node, title: str) -> Distribution | None:
        self._check_keys(node, _KEYS_OF_VALUES[kind], kind, title)
        needed = "value" if kind == "constant" else "values"
        if needed not in node.entries:
            self._findings.violation(node, f"{title} ({kind}) must have `{needed}`")
            return None
        if kind == "constant":
            return distributions.Constant(self._literal(node.entries["value"], f"{title}'s value"))
        listed = node.entries["values"]
        if not listed.items:
            self._findings.violation(listed, f"{title}'s values must be a list of at least one value", listed.value)
            return None
        values = tuple(self._literal(item, f"{title}'s values") for item in listed.items)
        weights = node.entries.get("probabilities")
        if weights is None:
            if kind == "categorical":
                return distributions.Categorical(values)
            self._findings.violation(node, f"{title} ({kind}) must have `probabilities`")
            return None
        explicit = node.entries.get("distribution")
        if explicit is not None and kind == "categorical":
            sentence = (
                f"wandb.ai takes probabilities only without a distribution or as categorical_w_probabilities ({title})"
            )
            self._findings.only_for_hub(explicit, sentence, kind)
        return self._weighted(values, weights, title)

    def _weighted(self, values: tuple[JsonValue, ...], node: Node, title: str) -> Distribution | None:
        owner = f"{title}'s probabilities"
        if len(node.items) != len(values):
            rule = f"{owner} must be a list of as many numbers as there are values, {len(values)}"
            self._findings.violation(node, rule, node.value)
            return None
        numbers = [self._findings.number(item, owner) for item in node.items]
        probabilities = tuple(float(number) for number in numbers if number is not None)
        if len(probabilities) < len(values):
            return None
        if min(probabilities) < 0 or abs(math.fsum(probabilities) - 1.0) > _PROBABILITY_SLACK:
            self._findings.violation(node, f"{owner} must be at least 0 and sum to 1", node.value)
            return None
        return distributions.WeightedCategorical(values, probabilities)

    def _literal(self, node: Node, owner: str) -> JsonValue:
        """A value that runs get as it stands, down to text numbers, which become what was meant."""
        meant = as_number(node)
        if meant is not None:
            self._findings.text_number(node, owner)
            return meant
        if node.entries:
            return {key: self._literal(below, owner) for key, below in node.entries.items()}
        if node.items:
            return [self._literal(below, owner) for below in node.items]
        return node.value

    def _of_numbers(self, kind: str, node: Node, title: str) -> Distribution | None:
        shape = _SHAPES[kind]
        keys = (*shape.required, *shape.optional)
        self._check_keys(node, keys, kind, title)
        missing = [key for key in shape.required if key not in node.entries]
        if missing:
            self._findings.violation(node, f"{title} ({kind}) must have `{'` and `'.join(missing)}`")
        given = {key: self._number(key, node.entries[key], shape, kind, title) for key in keys if key in node.entries}
        numbers = {key: number for key, number in given.items() if number is not None}
        if missing or len(numbers) < len(given):
            return None
        if "min" in numbers and numbers["min"] >= numbers["max"]:
            received = f"min {numbers['min']!r}, max {numbers['max']!r}"
            self._findings.violation(node.entries["min"], f"{title}'s min must be less than its max", received)
            return None
        if shape.deprecated_for:
            rule = f"{title}'s bounds are natural-log exponents under {kind}, which W&B calls deprecated"
            hint = f"Use {shape.deprecated_for}, whose bounds are the values themselves"
            self._findings.warning(node.entries.get("distribution", node), rule, hint=hint)
        return self._finite(shape.build(**numbers), node, title)

    def _number(self, key: str, node: Node, shape: _Shape, kind: str, title: str) -> Number | None:
        owner = f"{title}'s {key}"
        number = self._findings.number(node, owner)
        if number is None:
            return None
        rule = ""
        if kind == "int_uniform" and not isinstance(number, int):
            rule = f"{owner} must be an integer"
        elif (key in _BOUNDS and shape.positive_bounds and number <= 0) or (key == "q" and number <= 0):
            rule = f"{owner} must be above 0"
        elif key == "sigma" and number < 0:
            rule = f"{owner} must be at least 0"
        elif key in {"a", "b"} and not 0 < number <= LARGEST_BETA_SHAPE:
            rule = f"{owner} must be above 0 and at most {LARGEST_BETA_SHAPE:,.0f}"
        if rule:
            self._findings.violation(node, rule, node.value)
            return None
        return number

    def _finite(self, distribution: Distribution, node: Node, title: str) -> Distribution | None:
        """Refuse what would overflow somewhere in its range; warn of a quantum that swallows its values."""
        try:
            ends = [distribution.sample(u) for u in (SMALLEST_UNIT, LARGEST_UNIT)]
            finite = all(isinstance(end, int | float) and math.isfinite(end) for end in ends)
            if isinstance(distribution, distributions.Uniform):
                finite = finite and math.isfinite(distribution.max - distribution.min)
        except OverflowError:
            finite = False
        if not finite:
            rule = f"{title} ({distribution.kind}) must give numbers that a float can hold"
            self._findings.violation(node, rule, node.value)
            return None
        if isinstance(distribution, _POSITIVE_QUANTISED) and distribution.sample(0.5) == 0:
            rule = f"{title}'s q should be smaller than its values: half of them become 0"
            self._findings.warning(node, rule, f"q {distribution.q!r}, median {distribution.real(0.5):g}")
        return distribution

    def _enumerable(self, distribution: Distribution, node: Node, title: str) -> bool:
        if isinstance(distribution, distributions.IntUniform):
            count = distribution.max - distribution.min + 1
        elif isinstance(distribution, distributions.QUniform):
            count = math.ceil((distribution.max - distribution.min) / distribution.q)
        elif distribution.grid_values() is None:
            rule = f"{title} must be categorical, constant, int_uniform or q_uniform under method grid"
            self._findings.violation(node, rule, distribution.kind, "List the `values`, or use method random")
            return False
        else:
            return True
        if count > _LONGEST_AXIS:
            rule = f"{title} may have at most {_LONGEST_AXIS:,} values under method grid"
            self._findings.violation(node, rule, f"{count:,} values")
            return False
        return True


def _title(path: tuple[str, ...], *more: str) -> str:
    return f"`{'.'.join((*path, *more))}`"
