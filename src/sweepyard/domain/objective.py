"""What a sweep optimises: a metric's name and the direction that is better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Goal(Enum):
    """The direction of improvement; W&B's words."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


class Imputation(Enum):
    """What stands for the result of a run that has none of its own; W&B's words."""

    LATEST = "latest"
    BEST = "best"
    WORST = "worst"


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric and its goal; the YAML key is `metric`.

    Attributes:
        target: No more runs are created once one reaches it; None without a target.
        impute: The result of a run that failed, crashed or was killed: its own latest or best value, or the worst
            result of all; the worst also where it logged nothing.
        impute_while_running: The same of a running one; None leaves that to the search's own prediction.
    """

    metric: str
    goal: Goal = Goal.MINIMIZE
    target: float | None = None
    impute: Imputation = Imputation.WORST
    impute_while_running: Imputation | None = None

    def better(self, left: float, right: float) -> bool:
        """Whether `left` is strictly better than `right`; NaN is worse than everything."""
        if math.isnan(left):
            return False
        if math.isnan(right):
            return True
        return left < right if self.goal is Goal.MINIMIZE else left > right

    def best(self, values: Iterable[float]) -> float | None:
        """The best finite value, or None where there is none."""
        finite = [value for value in values if math.isfinite(value)]
        if not finite:
            return None
        return min(finite) if self.goal is Goal.MINIMIZE else max(finite)

    def reached(self, value: float) -> bool:
        """Whether `value` is at the target or beyond it."""
        return self.target is not None and not self.better(self.target, value) and not math.isnan(value)


@dataclass(frozen=True, slots=True)
class ObjectiveValues:
    """What a run logged of an objective: its finite values, summed up as they come.

    Attributes:
        count: How many there are: the run's iterations.
        latest: The last one; None without any.
    """

    count: int = 0
    lowest: float = math.inf
    highest: float = -math.inf
    total: float = 0.0
    latest: float | None = None

    @classmethod
    def of(cls, values: Iterable[float]) -> ObjectiveValues:
        """The sum of these values; NaN and infinities are passed over."""
        summed = cls()
        for value in values:
            summed = summed.with_value(value)
        return summed

    def with_value(self, value: float) -> ObjectiveValues:
        """The same with one more; unchanged where it is not finite."""
        if not math.isfinite(value):
            return self
        return ObjectiveValues(
            self.count + 1, min(self.lowest, value), max(self.highest, value), self.total + value, value
        )

    def best(self, objective: Objective) -> float | None:
        """The best over the whole history, which is what a run is judged by; None without values."""
        if not self.count:
            return None
        return self.lowest if objective.goal is Goal.MINIMIZE else self.highest


@dataclass(frozen=True, slots=True)
class Mark:
    """How a run stood when it had logged a certain number of values of an objective: at one of its iterations.

    Attributes:
        value: The value that it logged then.
        lowest: The lowest up to then.
        highest: The highest up to then.
        mean: The mean of all up to then.
        order: Marks of several runs at one iteration were made in this order; given by the store.
    """

    value: float
    lowest: float
    highest: float
    mean: float
    order: int = 0


@dataclass(frozen=True, slots=True)
class ObjectiveRecord:
    """What was taken from a run's history for one objective.

    Attributes:
        next_line: The first line of the history that was not looked at yet.
    """

    metric: str
    next_line: int = 0
    values: ObjectiveValues = field(default_factory=ObjectiveValues)


def pareto_front(objectives: Sequence[Objective], rows: Sequence[Sequence[float]]) -> list[int]:
    """The places of the rows that no other row dominates: that is as good in everything and better in something.

    Args:
        rows: For each candidate a finite value of each objective.
    """

    def dominates(left: Sequence[float], right: Sequence[float]) -> bool:
        pairs = list(zip(objectives, left, right, strict=True))
        return any(objective.better(mine, other) for objective, mine, other in pairs) and not any(
            objective.better(other, mine) for objective, mine, other in pairs
        )

    return [place for place, row in enumerate(rows) if not any(dominates(other, row) for other in rows)]
