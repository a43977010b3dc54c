"""Groups of runs that repeat one another but for seeds, as the comparison shows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sweepyard.domain.names import shown_name
from sweepyard.domain.repeats import LEVEL, GroupedRepeats, Standing, grouped_repeats, letter_of
from sweepyard.domain.run import Run
from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.comparing.differences import change_text

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
        significant: Whether the difference counts as more than chance.
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
    found = grouped_repeats([run.config for run in runs], [run.summary for run in runs], base, seeds)
    if found is None:
        return None
    return Repeats(
        groups=tuple(_group(found, number, runs) for number in range(len(found.groups))),
        rows=tuple(
            (texts.shortened(metric), tuple(_cell(each) if each else None for each in standings))
            for metric, standings in found.metrics.items()
        ),
        tests=found.tests,
        level=f"{LEVEL:.0%}",
    )


def _group(found: GroupedRepeats, number: int, runs: Sequence[Run]) -> Group:
    named = [f"{key} = {texts.value_text(values[number])}" for key, values in found.differences.items()]
    more = f", and {len(named) - _NAMED_KEYS} keys more" if len(named) > _NAMED_KEYS else ""
    members = [runs[place] for place in found.groups[number]]
    return Group(
        letter=letter_of(number),
        label=texts.shortened(", ".join(named[:_NAMED_KEYS])) + more,
        members=tuple(texts.shortened(shown_name(run.display_name, run.path.run_id)) for run in members),
        is_base=number == found.base,
    )


def _cell(standing: Standing) -> GroupCell:
    spread, difference = standing.spread, standing.difference
    mean = texts.rounded_text(spread.mean, 4)
    return GroupCell(
        spread=mean if spread.deviation is None else f"{mean} ± {texts.rounded_text(spread.deviation, 2)}",
        count=spread.count,
        change="" if difference is None else change_text(difference),
        p=standing.p_text,
        words=standing.verdict,
        significant=bool(standing.significant),
    )
