"""A sweep file for wandb.ai: what W&B lacks is expanded where that is possible, and stripped where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.sweeps.config import Method, SweepConfig
from sweepyard.sweeps.extensions import Repeats
from sweepyard.sweeps.grid import Grid
from sweepyard.sweeps.hyperband import Asha
from sweepyard.sweeps.space import SearchSpace, copied, place
from sweepyard.sweeps.terminations import OWN_TYPES

_STRIPPED = {
    "seed": "W&B draws from a generator of its own: its suggestions are others at each time",
    "max_retries": "W&B does not try failed or crashed points again",
    "max_host_failures": "W&B puts no host aside on which run after run fails",
    "time_budget": "W&B ends no sweep for its time",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """A sweep file as wandb.ai takes it.

    Attributes:
        document: Its plain values, in the order of the original.
        changes: What was expanded: said in another way, and lost nothing.
        losses: What W&B will not do.
    """

    document: JsonObject
    changes: tuple[str, ...]
    losses: tuple[str, ...]


def for_wandb(config: SweepConfig) -> Exported:
    """The same sweep as far as W&B can run it."""
    export = _Export(config)
    for step in export.steps:
        step()
    return Exported(export.document, tuple(export.changes), tuple(export.losses))


class _Export:
    def __init__(self, config: SweepConfig) -> None:
        self._config = config
        self.document = copied(config.raw)
        self.changes: list[str] = []
        self.losses: list[str] = []
        self.steps: list[Callable[[], None]] = [
            self._strip, self._repeats, self._zip, self._metrics, self._early_terminate, self._parameters, self._count
        ]  # fmt: skip

    def _strip(self) -> None:
        for key, loss in _STRIPPED.items():
            if self.document.pop(key, None) is not None:
                self.losses.append(f"`{key}`: {loss}")

    def _repeats(self) -> None:
        given = self.document.pop("repeats", None)
        if given is None:
            return
        if self._config.method is not Method.GRID:
            self.losses.append("`repeats`: W&B runs each point once")
            return
        parameters, repeats = self.document["parameters"], self._config.repeats
        assert isinstance(parameters, dict)  # noqa: S101  the file was read
        assert repeats is not None  # noqa: S101
        _set_parameter(parameters, repeats)
        self.changes.append(f"`repeats` became the parameter `{'.'.join(repeats.path)}` with {repeats.count} values")

    def _zip(self) -> None:
        if self.document.pop("zip", None) is None:
            return
        names = "; ".join(" with ".join(".".join(path) for path in group) for group in self._config.parameters.coupled)
        self.losses.append(f"`zip`: W&B does not couple parameters ({names}) and tries every combination")

    def _metrics(self) -> None:
        several = self.document.get("metrics")
        if self._config.method is Method.CUSTOM or not isinstance(several, list):
            return
        # The place of the key is kept, since people read these files.
        self.document = {
            ("metric" if key == "metrics" else key): (several[0] if key == "metrics" else value)
            for key, value in self.document.items()
        }
        others = ", ".join(objective.metric for objective in self._config.objectives[1:])
        self.losses.append(f"`metrics`: W&B looks at the first one only, and not at {others}")

    def _early_terminate(self) -> None:
        given = self.document.get("early_terminate")
        if not isinstance(given, dict) or given.get("type") not in OWN_TYPES:
            return
        rule = self._config.termination
        if isinstance(rule, Asha):
            self.document["early_terminate"] = {
                "type": "hyperband", "min_iter": rule.bands.first, "eta": rule.bands.eta, "strict": True
            }  # fmt: skip
            self.losses.append("`early_terminate`: asha became hyperband, which compares runs again as others arrive")
        else:
            del self.document["early_terminate"]
            self.losses.append("`early_terminate`: W&B has no median rule, and stops no run early")

    def _parameters(self) -> None:
        parameters = self.document.get("parameters")
        if isinstance(parameters, dict):
            self._level(parameters, "")

    def _level(self, parameters: JsonObject, prefix: str) -> None:
        for name, rule in parameters.items():
            if not isinstance(rule, dict):
                continue
            when = rule.pop("when", None)
            if when is not None:
                self.losses.append(f"`{prefix}{name}`'s `when`: W&B gives it to every run, also where it means nothing")
            if "probabilities" in rule and rule.get("distribution") == "categorical":
                del rule["distribution"]
                self.changes.append(f"`{prefix}{name}`: W&B takes probabilities without a distribution only")
            below = rule.get("parameters")
            if isinstance(below, dict):
                self._level(below, f"{prefix}{name}.")

    def _count(self) -> None:
        """Say what a grid grows to for want of `zip` and `when` together."""
        if self._config.method is not Method.GRID:
            return
        known = self._config.parameters
        free = SearchSpace([replace(parameter, conditions=()) for parameter in known])
        here, there = Grid(known).points, Grid(free).points
        if here != there:
            self.losses.append(f"the grid has {there} runs there in place of {here}")


def _set_parameter(parameters: JsonObject, repeats: Repeats) -> None:
    """Put the seeds where the file's parameter is, or is to be."""
    values: list[JsonValue] = list(range(repeats.first, repeats.first + repeats.count))
    steps = [step for key in repeats.path for step in (key, "parameters")][:-1]
    place(parameters, tuple(steps), {"values": values})
