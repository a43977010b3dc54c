"""What tells the newest runs of a project apart, without reading runs again that have not changed."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Self

from sweepyard.domain.run import Run
from sweepyard.domain.run_columns import column_of, plain_items
from sweepyard.jsonvalue import dumps_canonical
from sweepyard.services.ports import UnitOfWork
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.run_index import RunIndex

NEWEST = 100
"""What tells runs apart is looked for among so many."""

_SELECTIONS_KEPT = 32
_OPTIONAL = ("sweep", "group", "tags")


@dataclass(frozen=True, slots=True)
class Telling:
    """What tells runs apart.

    Attributes:
        attributes: Those that some runs have and others need not: sweep, group, tags.
        config: The keys whose values differ, the most telling first: those that many runs have, with values that
            differ among these, before all others; lists and keys of nested configs behind their like.
        summary: All keys.
        metrics: Those keys of summaries under which some runs have numbers.
        first: Names of columns that come before all others: what sweeps vary and search for.
        keys: All keys of configs, in the order of `config`.
        rare: The keys of summaries that few of the runs have.
        sweeps: Those that the runs are of, by how many these are.
    """

    attributes: tuple[str, ...]
    config: tuple[str, ...]
    summary: tuple[str, ...]
    metrics: tuple[str, ...]
    first: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    rare: frozenset[str] = frozenset()
    sweeps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Facts:
    """What matters of a run here; `config` holds values as canonical JSON, by key; `nested` are those below others."""

    attributes: frozenset[str]
    sweep_id: str | None
    config: dict[str, str]
    nested: frozenset[str]
    summary: frozenset[str]
    metrics: frozenset[str]

    @classmethod
    def of(cls, run: Run) -> Self:
        summary = dict(plain_items(run.summary))
        config = {key: dumps_canonical(value) for key, value in plain_items(run.config)}
        return cls(
            attributes=frozenset(name for name in _OPTIONAL if column_of(name).read(run)),
            sweep_id=run.sweep_id,
            config=config,
            nested=frozenset(config.keys() - run.config.keys()),
            summary=frozenset(summary),
            metrics=frozenset(
                key for key, value in summary.items() if isinstance(value, int | float) and not isinstance(value, bool)
            ),
        )


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found out of the newest runs of a selection, by id and stamp."""

    facts: dict[tuple[str, int], _Facts]
    told: Telling


class NewestRuns:
    """Keeps what it knows of the newest runs until they change. Thread-safe; one for all units of work."""

    def __init__(self, index: RunIndex) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._known: OrderedDict[RunSelection, _Known] = OrderedDict()

    def telling(self, unit: UnitOfWork, selection: RunSelection) -> Telling:
        """What tells the newest of the selected runs apart."""
        newest = self._index.newest(unit, selection, NEWEST)
        with self._lock:
            known = self._known.get(selection) or _Known({}, _told([]))
        if set(newest) == known.facts.keys():
            return known.told
        facts = {stamped: known.facts[stamped] for stamped in newest if stamped in known.facts}
        stamps = dict(newest)
        changed = [run_id for run_id, stamp in newest if (run_id, stamp) not in facts]
        for run in unit.runs.of_ids(selection.entity, selection.project, changed):
            facts[run.path.run_id, stamps[run.path.run_id]] = _Facts.of(run)
        told = _told(list(facts.values()))
        with self._lock:
            self._known[selection] = _Known(facts, told)
            self._known.move_to_end(selection)
            if len(self._known) > _SELECTIONS_KEPT:
                self._known.popitem(last=False)
        return told


def _told(facts: Sequence[_Facts]) -> Telling:
    values: defaultdict[str, list[str]] = defaultdict(list)
    for each in facts:
        for key, value in each.config.items():
            values[key].append(value)
    several = {key: set(listed) for key, listed in values.items()}
    nested = {key for each in facts for key in each.nested}
    keys = _ranked(values, several, nested)
    attributes = {name for each in facts for name in each.attributes}
    summary = Counter(key for each in facts for key in each.summary)
    return Telling(
        attributes=tuple(name for name in _OPTIONAL if name in attributes),
        config=tuple(key for key in keys if len(several[key]) > 1 or len(values[key]) < len(facts)),
        summary=tuple(sorted(summary)),
        metrics=tuple(sorted({key for each in facts for key in each.metrics})),
        keys=tuple(keys),
        rare=_rare(summary),
        sweeps=tuple(sweep for sweep, _ in Counter(each.sweep_id for each in facts if each.sweep_id).most_common()),
    )


def _ranked(values: Mapping[str, list[str]], several: Mapping[str, set[str]], nested: Set[str]) -> list[str]:
    """The keys of configs, the most telling first.

    Args:
        values: All that the runs have under each key.
        several: The same, each once.
    """
    rare = _rare({key: len(listed) for key, listed in values.items()})

    def rank(key: str) -> tuple[bool, bool, bool, bool, str]:
        has_lists = any(value[0] in "[{" for value in several[key])
        return key in rare, len(several[key]) < 2, has_lists, key in nested, key

    return sorted(values, key=rank)


def _rare(counts: Mapping[str, int]) -> frozenset[str]:
    """The keys that fewer than half as many runs have as the one that most have."""
    most = max(counts.values(), default=0)
    return frozenset(key for key, count in counts.items() if 2 * count < most)
