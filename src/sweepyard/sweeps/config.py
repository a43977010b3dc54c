"""The sweep config: a parsed sweep file, with W&B's exact schema and our own keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import PurePath

from sweepyard.domain.objective import Goal, Imputation, Objective
from sweepyard.errors import SweepFileInvalid, Violation
from sweepyard.jsonvalue import JsonObject
from sweepyard.sweeps import document
from sweepyard.sweeps.conditions import read_zip
from sweepyard.sweeps.document import Node
from sweepyard.sweeps.extensions import Repeats, read_repeats, read_seconds, with_repeats
from sweepyard.sweeps.findings import Findings, TextNumbers, nearest_word
from sweepyard.sweeps.parameters import ParameterReader
from sweepyard.sweeps.space import Parameter, ParameterPath, SearchSpace
from sweepyard.sweeps.termination import Termination
from sweepyard.sweeps.terminations import TerminationReader

LARGEST_SEED = 2**63 - 1
_MOST_RETRIES = 1000

_WANDB_KEYS = frozenset(
    {"method", "parameters", "metric", "metrics", "early_terminate", "scheduler", "command", "program", "name"}
    | {"description", "entity", "project", "run_cap", "controller", "job", "image_uri", "kind", "apiVersion"}
)
OWN_KEYS = frozenset({"seed", "max_retries", "max_host_failures", "zip", "repeats", "time_budget"})

# What the hub's own search alone knows to do.
_OF_OWN_SEARCH = ("seed", "zip", "repeats", "time_budget")
_ENGINES: Mapping[str, tuple[str, ...]] = {
    "wandb": ("grid", "bayes", "random"),
    "optuna": ("custom",),
    "ax": ("custom",),
}
_IMPUTATIONS = tuple(imputation.value for imputation in Imputation)


class Method(StrEnum):
    """How a sweep searches; the values are the YAML's."""

    GRID = "grid"
    RANDOM = "random"
    BAYES = "bayes"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepConfig:
    """A sweep file, understood.

    Attributes:
        objectives: What the runs are judged by: one, or with `metrics` several, of which the first leads.
        command: Items of the command, W&B's macros included; empty for the default command.
        termination: The rule of `early_terminate`.
        seed: Seeds the search; None leaves the choice to the hub.
        max_retries: How often a crashed point goes out again; None leaves it to the hub.
        max_host_failures: After how many failures in a row a host gets no more runs; None leaves it to the hub.
        repeats: How often each point runs; a grid has the seeds among its parameters.
        has_scheduler: Whether a scheduler of W&B's client proposes the runs, and the hub none.
        time_budget_seconds: No more runs are created after this time, counted from the first one.
        raw: The whole file as plain values.
        warnings: What is legal but likely not meant.
        not_for_hub: What this version of the hub does not do.
        not_for_wandb: What wandb.ai refuses.
        lines: Where each top-level key, and each key of `metric`, stands, as `source:line`.
    """

    method: Method
    parameters: SearchSpace
    objectives: tuple[Objective, ...] = ()
    run_cap: int | None = None
    command: tuple[str, ...] = ()
    program: str = ""
    name: str = ""
    description: str = ""
    project: str = ""
    entity: str = ""
    termination: Termination | None = None
    seed: int | None = None
    max_retries: int | None = None
    max_host_failures: int | None = None
    repeats: Repeats | None = None
    has_scheduler: bool = False
    time_budget_seconds: float | None = None
    raw: JsonObject
    warnings: tuple[Violation, ...] = ()
    not_for_hub: tuple[Violation, ...] = ()
    not_for_wandb: tuple[Violation, ...] = ()
    lines: Mapping[str, str]

    @property
    def objective(self) -> Objective | None:
        """The leading objective: what ranks runs, and what early termination looks at."""
        return self.objectives[0] if self.objectives else None


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be made of a sweep file.

    Attributes:
        config: The file, understood, without the parts in violation; None where it holds no mapping.
        violations: Every broken rule, in the file's order.
    """

    config: SweepConfig | None
    violations: tuple[Violation, ...]


def parse(text: str, *, source: str = "sweep", text_numbers: TextNumbers = "reject") -> SweepConfig:
    """Read a sweep file.

    Args:
        text: YAML, or JSON.
        source: What to call the file in messages; each says `source:line`.
        text_numbers: Whether numbers that YAML reads as text, such as `1e-5`, are refused, or taken as the
            numbers that were meant and warned of.

    Raises:
        SweepFileInvalid: Rules are broken; all of them are named at once.
    """
    reading = examine(text, source=source, text_numbers=text_numbers)
    if reading.config is None or reading.violations:
        raise SweepFileInvalid(reading.violations)
    return reading.config


def examine(text: str, *, source: str = "sweep", text_numbers: TextNumbers = "reject") -> Reading:
    """Read as much of a sweep file as can be read, for a check that says everything at once."""
    try:
        root = document.read(text, source=source)
    except SweepFileInvalid as error:
        return Reading(None, error.violations)
    findings = Findings(source, text_numbers)
    if not root.is_mapping:
        findings.violation(root, "a sweep file must hold a mapping", root.value)
        return Reading(None, tuple(findings.violations))
    config = _Reader(root, findings).read()
    return Reading(config, tuple(sorted(findings.violations, key=_line_of)))


class _Reader:
    """Reads the top level of one file."""

    def __init__(self, root: Node, findings: Findings) -> None:
        self._root = root
        # A misspelt key is refused, and its value is read as the key that was meant: one typo hides no other fault.
        self._entries = {**_meant(root), **root.entries}
        self._findings = findings

    def read(self) -> SweepConfig:
        self._check_top_level()
        method = self._method()
        listed = self._parameters(method)
        command = self._command()
        repeats = self._repeats(listed, command)
        if repeats is not None and method is Method.GRID:
            # A grid goes over the seeds as over any other parameter.
            listed = with_repeats(listed, repeats)
        parameters = SearchSpace(listed, self._zip(listed))
        objectives = self._objectives(method)
        termination = self._early_terminate()
        has_scheduler = self._scheduler(method)
        texts = {key: self._text(key) for key in ("program", "name", "description", "project", "entity")}
        for key in ("job", "image_uri", "apiVersion"):
            self._text(key)
        run_cap = self._integer("run_cap", 1, LARGEST_SEED)
        time_budget = self._entries.get("time_budget")
        budget_seconds = None if time_budget is None else read_seconds(time_budget, "`time_budget`", self._findings)
        host_failures = self._integer("max_host_failures", 1, _MOST_RETRIES)
        seed = self._integer("seed", 0, LARGEST_SEED)
        max_retries = self._integer("max_retries", 0, _MOST_RETRIES)
        raw = self._root.value
        assert isinstance(raw, dict)  # noqa: S101  the caller looked
        return SweepConfig(
            # A file without a legal method is refused; what a check says about the rest needs some method.
            method=method or Method.RANDOM,
            parameters=parameters,
            objectives=objectives,
            repeats=repeats,
            has_scheduler=has_scheduler,
            time_budget_seconds=budget_seconds,
            max_host_failures=host_failures,
            run_cap=run_cap,
            command=command,
            termination=termination,
            seed=seed,
            max_retries=max_retries,
            raw=raw,
            warnings=tuple(self._findings.warnings),
            not_for_hub=tuple(self._findings.not_for_hub),
            not_for_wandb=tuple(self._findings.not_for_wandb),
            lines=self._lines(),
            **texts,
        )

    @property
    def _has_metric(self) -> bool:
        return not {"metric", "metrics"}.isdisjoint(self._entries)

    def _lines(self) -> dict[str, str]:
        lines = {key: self._findings.at(node) for key, node in self._entries.items()}
        if "metric" in self._entries:
            within = self._entries["metric"].entries.items()
            lines.update({f"metric.{key}": self._findings.at(node) for key, node in within})
        return lines

    def _check_top_level(self) -> None:
        findings = self._findings
        findings.check_keys(self._root, _WANDB_KEYS | OWN_KEYS, "a sweep file")
        for key, node in self._entries.items():
            if key in OWN_KEYS:
                findings.only_for_hub(node, f"wandb.ai knows no key `{key}` in a sweep file")
        if "kind" in self._entries:
            findings.choice(self._entries["kind"], "`kind`", ("sweep",))
        for key in ("job", "image_uri"):
            if key in self._entries:
                findings.only_for_wandb(self._entries[key], f"the hub does not serve W&B Launch (`{key}`)")
        controller = self._mapping("controller", {"type"})
        if controller is not None:
            kind = controller.entries.get("type")
            if kind is None:
                findings.violation(controller, "`controller` must have `type`")
            elif findings.choice(kind, "`controller.type`", ("local", "cloud")) == "local":
                if "scheduler" in self._entries:
                    rule = "`scheduler` and `controller: {type: local}` must not stand together"
                    findings.violation(controller, rule)
                findings.only_for_wandb(kind, "this version of the hub does not serve local controllers", kind.value)

    def _method(self) -> Method | None:
        node = self._entries.get("method")
        if node is None:
            self._findings.violation(self._root, f"a sweep file must have `method` ({', '.join(_METHODS)})")
            return None
        name = self._findings.choice(node, "`method`", _METHODS)
        if name is None:
            return None
        method = Method(name)
        if method is Method.CUSTOM and "scheduler" not in self._entries:
            sentence = f"the hub does not search by `method: {name}`, which leaves that to a scheduler of W&B's"
            self._findings.only_for_wandb(
                node, sentence, hint="Use grid, random or bayes, or give it a `scheduler` with `engine: optuna` or `ax`"
            )
        if method is Method.BAYES and not self._has_metric:
            self._findings.violation(node, "method bayes must have a `metric`")
        return method

    def _parameters(self, method: Method | None) -> list[Parameter]:
        node = self._entries.get("parameters")
        if node is not None:
            return ParameterReader(self._findings, grid=method is Method.GRID).read(node)
        scheduler = self._entries.get("scheduler")
        if scheduler is None or "search_space" not in scheduler.entries:
            self._findings.violation(self._root, "a sweep file must have `parameters`")
        return []

    def _zip(self, parameters: list[Parameter]) -> list[tuple[ParameterPath, ...]]:
        node = self._entries.get("zip")
        return [] if node is None else read_zip(node, parameters, self._findings)

    def _repeats(self, parameters: list[Parameter], command: tuple[str, ...]) -> Repeats | None:
        node = self._entries.get("repeats")
        if node is None:
            return None
        ours = any(PurePath(word).name == "sweepyard" and after == "train" for word, after in pairwise(command))
        return read_repeats(node, parameters, self._findings, default_key="seed.value" if ours else "seed")

    def _objectives(self, method: Method | None) -> tuple[Objective, ...]:
        several = self._entries.get("metrics")
        if several is not None:
            if "metric" in self._entries:
                self._findings.violation(several, "`metric` and `metrics` must not stand together")
            elif method not in {None, Method.CUSTOM}:
                self._findings.only_for_hub(several, "wandb.ai takes `metrics` with `method: custom` only")
            if len(several.items) < 2:
                self._findings.violation(several, "`metrics` must be a list of two or more", several.value)
            found = [self._metric(item, "`metrics`") for item in several.items]
            names = [objective.metric for objective in found if objective is not None]
            if len(set(names)) < len(names):
                self._findings.violation(several, "`metrics` must be different ones", ", ".join(names))
            return tuple(objective for objective in found if objective is not None)
        node = self._entries.get("metric")
        objective = None if node is None else self._metric(node, "`metric`")
        return () if objective is None else (objective,)

    def _metric(self, node: Node, owner: str) -> Objective | None:
        findings = self._findings
        if not node.is_mapping:
            findings.violation(node, f"{owner} must be a mapping with `name` and `goal`", node.value)
            return None
        findings.check_keys(node, {"name", "goal", "target", "impute", "impute_while_running"}, owner)
        goal, target, name = Goal.MINIMIZE, None, ""
        impute, while_running = Imputation.WORST, None
        if "name" not in node.entries:
            findings.violation(node, f"{owner} must have `name`")
        else:
            name = findings.text(node.entries["name"], f"{owner}'s name")
        if "goal" in node.entries:
            chosen = findings.choice(node.entries["goal"], f"{owner}'s goal", [goal.value for goal in Goal])
            goal = Goal(chosen) if chosen else goal
        if "target" in node.entries:
            target = findings.number(node.entries["target"], f"{owner}'s target")
        if "impute" in node.entries:
            chosen = findings.choice(node.entries["impute"], f"{owner}'s impute", _IMPUTATIONS)
            impute = Imputation(chosen) if chosen else impute
        running = node.entries.get("impute_while_running")
        if running is not None:
            chosen = findings.choice(running, f"{owner}'s impute_while_running (text)", (*_IMPUTATIONS, "false"))
            while_running = Imputation(chosen) if chosen and chosen != "false" else None
        return Objective(name, goal, target, impute, while_running) if name else None

    def _early_terminate(self) -> Termination | None:
        node = self._entries.get("early_terminate")
        if node is None:
            return None
        if not self._has_metric:
            self._findings.violation(node, "`early_terminate` must go with a `metric`")
        return TerminationReader(self._findings).read(node)

    def _scheduler(self, method: Method | None) -> bool:
        """Read `scheduler`; says whether there is one."""
        node = self._mapping("scheduler", {"engine", "source", "optimizer", "search_space"})
        if node is None:
            return False
        findings, entries = self._findings, node.entries
        if "early_terminate" in self._entries:
            findings.violation(node, "`scheduler` and `early_terminate` must not stand together")
        for key in _OF_OWN_SEARCH:
            if key in self._entries:
                rule = f"`{key}` must not stand with `scheduler`, which proposes the runs in place of the hub"
                findings.violation(self._entries[key], rule)
        if "engine" not in entries:
            findings.violation(node, f"`scheduler` must have `engine` ({', '.join(_ENGINES)})")
        else:
            engine = findings.choice(entries["engine"], "`scheduler.engine`", _ENGINES)
            if engine is not None and method is not None and method.value not in _ENGINES[engine]:
                rule = f"`scheduler.engine: {engine}` must go with method {' or '.join(_ENGINES[engine])}"
                findings.violation(entries["engine"], rule, method.value)
        for key in ("source", "optimizer", "search_space"):
            if key in entries:
                findings.text(entries[key], f"`scheduler.{key}`")
                if "source" not in entries:
                    findings.violation(entries[key], f"`scheduler.{key}` must go with `source`")
        return True

    def _command(self) -> tuple[str, ...]:
        node = self._entries.get("command")
        if node is None:
            return ()
        if not isinstance(node.value, list):
            self._findings.violation(node, "`command` must be a list", node.value)
        return tuple(self._findings.text(item, "each item of `command`") for item in node.items)

    def _text(self, key: str) -> str:
        node = self._entries.get(key)
        return "" if node is None else self._findings.text(node, f"`{key}`")

    def _mapping(self, key: str, allowed: set[str]) -> Node | None:
        node = self._entries.get(key)
        if node is None:
            return None
        if not node.is_mapping:
            self._findings.violation(node, f"`{key}` must be a mapping", node.value)
            return None
        self._findings.check_keys(node, allowed, f"`{key}`")
        return node

    def _integer(self, key: str, low: int, high: int) -> int | None:
        node = self._entries.get(key)
        return None if node is None else self._findings.integer(node, f"`{key}`", low, high)


_METHODS = tuple(method.value for method in Method)


def _meant(root: Node) -> dict[str, Node]:
    """The values of unknown keys, by the known key that is nearest."""
    known = _WANDB_KEYS | OWN_KEYS
    nearest = {key: nearest_word(key, sorted(known)) for key in root.entries if key not in known}
    return {name: root.entries[key] for key, name in nearest.items() if name is not None}


def _line_of(violation: Violation) -> int:
    return int(violation.where.rpartition(":")[2])
