"""Runs that repeat one another but for seeds, in groups: their metrics, and whether those differ by chance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sweepyard.domain.comparison import config_differences, is_seed, repeats
from sweepyard.domain.grouping import Spread, spread_of
from sweepyard.domain.run import Run
from sweepyard.domain.significance import WelchTest, welch_test
from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.comparing.differences import change_text, numbers_of

LEVEL = 0.05
_NAMED_KEYS = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that repeat one another.

    Attributes:
        letter: What the tables call it.
        label: What tells its config from the other groups'.
        members: The names of its runs.
        is_base: Whether the others are compared with it.
    """

    letter: str
    label: str
    members: tuple[str, ...]
    is_base: bool


@dataclass(frozen=True, slots=True)
class GroupCell:
    """A group's mean and spread, and how it compares with the base group.

    Attributes:
        spread: Mean ± sample standard deviation.
        count: Of how many runs.
        change: The difference of the means; empty in the base group.
        p: Of Welch's test; empty where there is none.
        words: What follows from it.
        significant: Whether p is below `LEVEL`.
    """

    spread: str
    count: int
    change: str = ""
    p: str = ""
    words: str = ""
    significant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Groups of repeats.

    Attributes:
        rows: By metric, a cell for each group; None for a group that has no finite number there.
        tests: How many tests were made.
    """

    groups: tuple[Group, ...]
    rows: tuple[tuple[str, tuple[GroupCell | None, ...]], ...]
    tests: int
    level: str


def repeats_of(runs: Sequence[Run], base: int, seeds: Collection[str]) -> Repeats | None:
    """The runs in groups; None where no two of them repeat one another.

    Args:
        base: The place of a run whose group the others are compared with.
        seeds: Config keys that are seeds, beside those known by name.
    """
    places = repeats([run.config for run in runs], seeds)
    if len(places) == len(runs):
        return None
    base_group = next(number for number, members in enumerate(places) if base in members)
    tests = 0
    rows = []
    for metric, values in numbers_of(runs).items():
        spreads = [spread_of([values[place] for place in members]) for members in places]
        first = spreads[base_group]
        compared = [
            welch_test(first, other) if first and other and number != base_group else None
            for number, other in enumerate(spreads)
        ]
        tests += sum(test is not None for test in compared)
        cells = tuple(
            _cell(spread, None if number == base_group else first, test) if spread else None
            for number, (spread, test) in enumerate(zip(spreads, compared, strict=True))
        )
        rows.append((texts.shortened(metric), cells))
    return Repeats(groups=_groups(runs, places, base_group, seeds), rows=tuple(rows), tests=tests, level=f"{LEVEL:.0%}")


def _groups(
    runs: Sequence[Run], places: Sequence[Sequence[int]], base: int, seeds: Collection[str]
) -> tuple[Group, ...]:
    found = config_differences([runs[members[0]].config for members in places])
    telling = {key: values for key, values in found.items() if not (is_seed(key) or key in seeds)}
    labels = []
    for number in range(len(places)):
        named = [f"{key} = {texts.value_text(values[number])}" for key, values in telling.items()]
        more = f", and {len(named) - _NAMED_KEYS} keys more" if len(named) > _NAMED_KEYS else ""
        labels.append(texts.shortened(", ".join(named[:_NAMED_KEYS])) + more)
    return tuple(
        Group(
            letter=_letter(number),
            label=label,
            members=tuple(texts.shortened(runs[place].display_name or runs[place].path.run_id) for place in members),
            is_base=number == base,
        )
        for number, (members, label) in enumerate(zip(places, labels, strict=True))
    )


def _letter(number: int) -> str:
    return chr(ord("A") + number)  # Twenty runs make at most twenty groups.


def _cell(spread: Spread, base: Spread | None, test: WelchTest | None) -> GroupCell:
    mean = texts.rounded_text(spread.mean, 4)
    text = mean if spread.deviation is None else f"{mean} ± {texts.rounded_text(spread.deviation, 2)}"
    if base is None:
        return GroupCell(text, spread.count)
    change = change_text(spread.mean - base.mean)
    if test is None:
        alone = base.deviation is None or spread.deviation is None
        return GroupCell(
            text,
            spread.count,
            change,
            words="needs two runs or more in both groups" if alone else "no spread to judge by",
        )
    significant = test.p < LEVEL
    way = "higher" if test.difference > 0 else "lower"
    words = f"{way}, hardly by chance" if significant else "may be chance"
    return GroupCell(text, spread.count, change, _p_text(test.p), words, significant)


def _p_text(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"
