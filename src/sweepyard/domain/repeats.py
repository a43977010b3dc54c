"""Groups of runs that repeat one another but for seeds: what their metrics come to, and whether by chance."""

from __future__ import annotations

import string
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sweepyard.domain.comparison import config_differences, is_seed, numbers_of, repeats
from sweepyard.domain.grouping import Spread, spread_of
from sweepyard.domain.significance import WelchTest, welch_test
from sweepyard.jsonvalue import JsonObject, JsonValue

LEVEL = 0.05
"""Below this p, a difference counts as more than chance."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a metric comes to in a group, and how that compares with the base group.

    Attributes:
        base: Of the base group; None in that group itself, and where that has no finite number.
        test: None where there is no base, or nothing to judge by.
    """

    spread: Spread
    base: Spread | None
    test: WelchTest | None

    @property
    def difference(self) -> float | None:
        """The mean less that of the base group."""
        return None if self.base is None else self.spread.mean - self.base.mean

    @property
    def significant(self) -> bool | None:
        """Whether p is below `LEVEL`; None where there is no test."""
        return None if self.test is None else self.test.p < LEVEL

    @property
    def p_text(self) -> str:
        """How probable such a difference is by chance; empty without a test."""
        if self.test is None:
            return ""
        return "p < 0.0001" if self.test.p < 0.0001 else f"p = {self.test.p:.2g}"

    @property
    def verdict(self) -> str:
        """What follows from the test, or why there is none; empty where there is nothing to compare with."""
        if self.base is None:
            return ""
        if self.test is None:
            alone = self.base.deviation is None or self.spread.deviation is None
            return "needs two runs or more in both groups" if alone else "no spread to judge by"
        if not self.significant:
            return "may be chance"
        return f"{'higher' if self.test.difference > 0 else 'lower'}, hardly by chance"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedRepeats:
    """Runs in groups of repeats.

    Attributes:
        groups: The places of their members.
        base: The number of the group that the others are compared with.
        differences: The config keys in which the groups differ, seeds left out, with each group's value.
        metrics: By metric, a standing for each group; None for a group that has no finite number there.
    """

    groups: tuple[tuple[int, ...], ...]
    base: int
    differences: dict[str, list[JsonValue]]
    metrics: dict[str, tuple[Standing | None, ...]]

    @property
    def tests(self) -> int:
        """How many tests were made."""
        return sum(each is not None and each.test is not None for row in self.metrics.values() for each in row)


def grouped_repeats(
    configs: Sequence[JsonObject], summaries: Sequence[JsonObject], base: int, seeds: Collection[str] = ()
) -> GroupedRepeats | None:
    """The runs in groups; None where no two of them repeat one another.

    Args:
        configs: Each run's.
        summaries: Each run's, in the same order.
        base: The place of a run whose group the others are compared with.
        seeds: Config keys that are seeds, beside those known by name.
    """
    groups = tuple(repeats(configs, seeds))
    if len(groups) == len(configs):
        return None
    base_group = next(number for number, members in enumerate(groups) if base in members)
    found = config_differences([configs[members[0]] for members in groups])
    return GroupedRepeats(
        groups=groups,
        base=base_group,
        differences={key: values for key, values in found.items() if not (is_seed(key) or key in seeds)},
        metrics={
            metric: _standings([spread_of([values[place] for place in members]) for members in groups], base_group)
            for metric, values in numbers_of(summaries).items()
        },
    )


def letter_of(number: int) -> str:
    """What tables call the group with this number: A to Z, then AA, AB and so on."""
    letters = string.ascii_uppercase
    return (letter_of(number // len(letters) - 1) if number >= len(letters) else "") + letters[number % len(letters)]


def _standings(spreads: Sequence[Spread | None], base: int) -> tuple[Standing | None, ...]:
    first = spreads[base]
    return tuple(
        Standing(spread, *((None, None) if first is None or number == base else (first, welch_test(first, spread))))
        if spread
        else None
        for number, spread in enumerate(spreads)
    )
