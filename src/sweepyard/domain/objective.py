"""What a sweep optimises: a metric's name and the direction that is better."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Goal(Enum):
    """The direction of improvement; W&B's words."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric and its goal; the YAML key is `metric`.

    Attributes:
        target: No more runs are created once one reaches it; None without a target.
    """

    metric: str
    goal: Goal = Goal.MINIMIZE
    target: float | None = None

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
