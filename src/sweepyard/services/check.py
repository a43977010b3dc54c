"""Checking a sweep file completely before anything starts: the one place where sweeps and configs meet."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Literal

import numpy as np

from sweepyard.config.validation import UNKNOWN_KEY
from sweepyard.domain import metrics
from sweepyard.errors import ConfigInvalid, Violation
from sweepyard.ids import NAME_RULE, is_legal_name
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical
from sweepyard.services.train_command import OVERRIDE_MACROS, read_arguments
from sweepyard.sweeps import engine, random
from sweepyard.sweeps.config import Method, SweepConfig, examine
from sweepyard.sweeps.grid import Grid
from sweepyard.sweeps.space import Parameter, SearchSpace

Compose = Callable[[Sequence[str]], object]
OverridesOf = Callable[[Mapping[str, JsonValue]], list[str]]
Target = Literal["hub", "wandb"]

RANDOM_POINTS = 64
_VALUES_OF_A_PARAMETER = 64

_MACROS = frozenset(
    {"env", "interpreter", "program", "args", "args_no_hyphens", "args_no_equals", "args_no_boolean_flags"}
    | {"args_append_hydra", "args_override_hydra", "args_json", "args_json_file"}
)
_MACRO = re.compile(r"\$\{([^}]*)\}")
_BEFORE_PROGRAM = frozenset({"", "${env}", "env", "-m"})


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found.

    Attributes:
        violations: What keeps the sweep from running.
        warnings: What is legal but likely not meant.
        expected_runs: How many runs the sweep has at most; None where nothing bounds them, or where it cannot run.
        points: How many points were composed.
    """

    violations: tuple[Violation, ...]
    warnings: tuple[Violation, ...]
    expected_runs: int | None = None
    points: int = 0


def check_sweep(
    text: str, *, source: str, compose: Compose, overrides_of: OverridesOf, target: Target = "hub"
) -> CheckReport:
    """Check a sweep file: its schema, its command, its metric, and its parameters against `conf/`.

    Where the command runs `sweepyard train`, every parameter's extremes and up to 64 random points are
    composed; another program's parameters cannot be, and a warning says so.

    Args:
        source: What to call the file in messages.
        compose: Composes a config from Hydra overrides; raises ConfigInvalid.
        overrides_of: Gives the overrides of swept parameters; raises ConfigInvalid.
        target: Whose rules hold: this hub's, or wandb.ai's.
    """

    def composer(config: SweepConfig, command: _Command) -> _Composer:
        return _Composer(config.parameters, command.overrides, command.where, compose, overrides_of)

    return _checked(text, source, target, composer)


def check_file(text: str, *, source: str, target: Target = "hub") -> CheckReport:
    """Check a sweep file as `check_sweep` does, but for what needs `conf/`: where that is not at hand."""
    return _checked(text, source, target, None)


def options_of_train(text: str, *, source: str) -> tuple[Mapping[str, str], str]:
    """The options with values that a sweep file's command gives `sweepyard train`, and the command's place."""
    config = examine(text, source=source).config
    if config is None:
        return {}, source
    command = _Command(config, source)
    return command.options, command.where


def _checked(
    text: str, source: str, target: Target, composer_of: Callable[[SweepConfig, _Command], _Composer] | None
) -> CheckReport:
    reading = examine(text, source=source)
    config = reading.config
    if config is None:
        return CheckReport(reading.violations, ())
    violations = list(reading.violations)
    warnings = list(config.warnings)
    violations += config.not_for_hub if target == "hub" else config.not_for_wandb
    command = _Command(config, source)
    violations += command.violations()
    if target == "hub":
        violations += _illegal_names(config)
    warnings += command.warnings()
    points = 0
    if command.is_train:
        violations += _metric_violations(config)
        violations += _same_key_twice(config.parameters)
        if composer_of is not None:
            composer = composer_of(config, command)
            violations += composer.check_extremes()
            if not violations:
                violations += composer.check_points(_random_points(config))
            points = composer.points
    expected = None if violations else engine.expected_runs(config)
    return CheckReport(tuple(sorted(violations, key=_place)), tuple(sorted(warnings, key=_place)), expected, points)


class _Command:
    """The command of a sweep file, as an agent will run it."""

    def __init__(self, config: SweepConfig, source: str) -> None:
        self._config = config
        self.where = config.lines.get("command") or config.lines.get("method", source)
        self._words = config.command
        self._misspelt = self._misspelt_train()
        words = self._words_of_train()
        self._arguments = None if words is None else read_arguments(words, self.where)

    @property
    def is_train(self) -> bool:
        """Whether it runs `sweepyard train`, or is meant to."""
        return self._arguments is not None

    @property
    def options(self) -> Mapping[str, str]:
        """The options with values that it gives train."""
        return self._arguments.options if self._arguments is not None else {}

    @property
    def overrides(self) -> tuple[str, ...]:
        """The Hydra overrides that it fixes for every run."""
        return self._arguments.overrides if self._arguments is not None else ()

    def violations(self) -> list[Violation]:
        """Macros that no agent knows, what train cannot read, and commands that lose the program or the parameters."""
        found = []
        for word in self._words:
            for name in _MACRO.findall(word):
                if name.startswith("envvar:"):
                    continue
                if name not in _MACROS:
                    rule = f"a macro of the command must be one of {', '.join(sorted(_MACROS))} or envvar:NAME"
                    found.append(Violation(rule, f"${{{name}}}", _nearest(name, _MACROS), self.where))
                elif word != f"${{{name}}}":
                    rule = "a macro must be a whole item of the command, or agents leave it as it stands"
                    found.append(Violation(rule, word, "Make it an item of its own", self.where))
        needs_program = not self._words or "${program}" in self._words
        if needs_program and not self._config.program:
            hint = 'For Sweepyard: command: [sweepyard, train, --parameters, "${args_json_file}"]'
            found.append(
                Violation("a sweep file must name a `program`, or a `command` that needs none", "", hint, self.where)
            )
        found += self._misspelt.values()
        if self._arguments is not None:
            found += self._arguments.violations
            if not found and not self._arguments.passes_parameters:
                rule = "the command must pass the parameters on, or every run is the same"
                found.append(Violation(rule, "", 'Add --parameters and "${args_json_file}"', self.where))
        return found

    def _misspelt_train(self) -> dict[int, Violation]:
        """What it calls of Sweepyard that nearly is `train`, by the place of the word before."""
        rule = "sweepyard has no such command"
        words = ("", *self._words)
        return {
            index: Violation(rule, called, hint, self.where)
            for index, (before, program, called) in enumerate(zip(words, words[1:], words[2:], strict=False))
            if PurePath(program).name == "sweepyard" and PurePath(before).name in _BEFORE_PROGRAM
            if called != "train" and (hint := _nearest(called, frozenset({"train"})))
        }

    def warnings(self) -> list[Violation]:
        """Commands that lose types, or that are not ours to check."""
        if not self.is_train:
            rule = "the command is not `sweepyard train`: parameters and metric were not checked against conf/"
            return [Violation(rule, where=self.where)]
        lossy = sorted(OVERRIDE_MACROS.intersection(self._words))
        rule = "values pass through text here: None, lists, mappings and texts with = or commas do not survive"
        hint = 'Pass --parameters and "${args_json_file}"'
        found = [Violation(rule, macro, hint, self.where) for macro in lossy]
        fixed = {_key_of(word): word for word in self.overrides}
        rule, hint = "the command fixes a key that the sweep varies", "Leave one of the two out"
        varied = [parameter for parameter in self._config.parameters if parameter.name in fixed]
        return found + [Violation(rule, fixed[each.name], hint, each.where) for each in varied]

    def _words_of_train(self) -> tuple[str, ...] | None:
        words = self._words
        for index, word in enumerate(words[:-1]):
            if index in self._misspelt or (PurePath(word).name == "sweepyard" and words[index + 1] == "train"):
                return words[index + 2 :]
        return None


class _Composer:
    """Composes points of a search space, and says of each violation which parameter, or the command, it is about."""

    def __init__(
        self,
        space: SearchSpace,
        fixed: Sequence[str],
        command_where: str,
        compose: Compose,
        overrides_of: OverridesOf,
    ) -> None:
        self._space = space
        self._fixed = {_key_of(word): word for word in fixed}
        self._command_where = command_where
        self._compose = compose
        self._overrides_of = overrides_of
        self._broken: set[str] = set()  # names of parameters, keys of the command
        self._found: dict[tuple[str, str, str], Violation] = {}
        self._own: set[tuple[str, str]] = set()  # violations met while their own parameter was varied
        self._composed: set[str] = set()

    @property
    def points(self) -> int:
        """How many different points were composed."""
        return len(self._composed)

    def check_extremes(self) -> list[Violation]:
        """Each parameter at the ends of its range (or at each of its values), the others in the middle of theirs."""
        for parameter in self._space:
            for value in _some(parameter.distribution.extremes()):
                self._check_value(parameter, value)
        return list(self._found.values())

    def check_points(self, points: Iterator[JsonObject]) -> list[Violation]:
        """Whole points; only for a space whose extremes are right."""
        found: dict[tuple[str, str], Violation] = {}
        for point in points:
            for violation, _ in self._violations_of(point, None):
                found.setdefault((violation.where, violation.rule), violation)
        return list(found.values())

    def _check_value(self, varied: Parameter, value: JsonValue) -> None:
        # What is wrong is left out of the points of the others, so that it hides nothing about these.
        around = self._space.around(varied, value)
        while not self._is_below_broken(varied):
            values = {
                item.path: around[item.path]
                for item in self._space
                if item is varied or not (item.name in self._broken or self._is_below_broken(item))
            }
            kept = SearchSpace([item for item in self._space if item.path in values])
            others_before = self._broken - {varied.name}
            for violation, culprit in self._violations_of(kept.nest(values), varied):
                self._note(violation, own=culprit == varied.name)
                self._broken.add(culprit)
            if self._broken - {varied.name} == others_before:
                return

    def _note(self, violation: Violation, *, own: bool) -> None:
        place = (violation.where, violation.rule)
        alike = [key for key in self._found if key[:2] == place]
        if own and place not in self._own:
            # A value that the file names says more than the middle of a range, which another parameter met.
            self._own.add(place)
            for key in alike:
                del self._found[key]
        elif alike and not own:
            return
        # A key that is unknown is so with every value.
        received = "" if violation.rule == UNKNOWN_KEY else violation.received
        self._found.setdefault((*place, received), violation)

    def _is_below_broken(self, parameter: Parameter) -> bool:
        """Whether a wrong choice of a config group leaves nothing to check this parameter against."""
        return any(parameter.name.startswith(f"{broken}.") for broken in self._broken)

    def _violations_of(self, point: JsonObject, varied: Parameter | None) -> Iterator[tuple[Violation, str]]:
        """What is wrong with a point, each with the name of the parameter, or the key of the command, to blame."""
        fixed = [word for key, word in self._fixed.items() if key not in self._broken]
        overrides = dumps_canonical([point, *fixed])
        if overrides in self._composed:
            return
        self._composed.add(overrides)
        try:
            self._compose([*fixed, *self._overrides_of(point)])
        except ConfigInvalid as error:
            for violation in error.violations:
                culprit, where = self._culprit(violation, varied)
                yield replace(violation, where=": ".join(part for part in (where, violation.where) if part)), culprit

    def _culprit(self, violation: Violation, varied: Parameter | None) -> tuple[str, str]:
        """The parameter (or key of the command) that the violation's key is, or leads to; and where it stands."""
        key = violation.where
        named = [item for item in self._space if key == item.name or key.startswith(f"{item.name}.")]
        parameter = max(named, key=lambda item: len(item.name), default=None)
        if key in self._fixed and (parameter is None or parameter.name != key):
            return key, self._command_where
        parameter = parameter or varied
        return (parameter.name, parameter.where) if parameter is not None else ("", "")


def _key_of(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]


def _metric_violations(config: SweepConfig) -> list[Violation]:
    found = []
    for objective in config.objectives:
        if objective.metric in metrics.OBJECTIVES:
            continue
        where = config.lines.get("metric.name") or config.lines.get("metric") or config.lines["metrics"]
        if objective.metric in {metrics.TEST_LOSS, metrics.TEST_ACCURACY}:
            rule = "a sweep's metric must not be of the test split, which search must not see"
            hint = f"Use {metrics.VALIDATION_ACCURACY} or {metrics.VALIDATION_LOSS}"
        else:
            rule = "a sweep's metric must be one that training logs"
            # Keras' own name of a metric most likely means the epoch's.
            named = objective.metric if "/" in objective.metric else f"{metrics.EPOCH}/{objective.metric}"
            hint = _nearest(named, metrics.OBJECTIVES) or f"Training logs {', '.join(sorted(metrics.OBJECTIVES))}"
        found.append(Violation(rule, objective.metric, hint, where))
    return found


def _illegal_names(config: SweepConfig) -> list[Violation]:
    """Names that the hub would refuse when the sweep is registered."""
    named = {"project": config.project, "entity": config.entity}
    return [
        Violation(NAME_RULE.format(what=f"`{key}`"), repr(name), where=config.lines[key])
        for key, name in named.items()
        if name and not is_legal_name(name)
    ]


def _same_key_twice(space: SearchSpace) -> list[Violation]:
    """A flat dotted key and nested `parameters` that mean one key of the config."""
    first: dict[str, Parameter] = {}
    found = []
    for parameter in space:
        if parameter.name in first:
            rule = "a key of the config must be varied by one parameter"
            hint = f"It stands at {first[parameter.name].where} too"
            found.append(Violation(rule, parameter.name, hint, parameter.where))
        first.setdefault(parameter.name, parameter)
    return found


def _random_points(config: SweepConfig) -> Iterator[JsonObject]:
    if config.method is Method.GRID:
        grid = Grid(config.parameters)
        if grid.size <= RANDOM_POINTS:
            numbers: Sequence[int] = range(grid.size)
        else:
            generator = np.random.default_rng(0)
            numbers = [int(share * grid.size) for share in generator.random(RANDOM_POINTS)]
        yield from (grid.point(number) for number in numbers)
    elif config.parameters.axes:
        for position in range(RANDOM_POINTS):
            yield random.draw(config.parameters, seed=config.seed or 0, position=position)


def _some(values: Sequence[JsonValue]) -> Sequence[JsonValue]:
    half = _VALUES_OF_A_PARAMETER // 2
    return values if len(values) <= 2 * half else [*values[:half], *values[-half:]]


def _nearest(word: str, words: frozenset[str]) -> str:
    matches = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.5)
    return f"Did you mean `{matches[0]}`?" if matches else ""


def _place(violation: Violation) -> tuple[str, int]:
    """Source and line, so that messages stand in the file's order."""
    match = re.match(r"(.*?):(\d+)(?:: |$)", violation.where)
    return (match[1], int(match[2])) if match else (violation.where, 0)
