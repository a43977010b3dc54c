"""What tells the newest runs of a project apart, without reading runs again that have not changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
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
        config: The keys whose values differ, those of nested configs behind the others.
        summary: All keys.
        metrics: Those keys of summaries under which some runs have numbers.
        first: Names of columns that come before all others: what a sweep varies and searches for.
    """

    attributes: tuple[str, ...]
    config: tuple[str, ...]
    summary: tuple[str, ...]
    metrics: tuple[str, ...]
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Facts:
    """What matters of a run here; `config` holds values as canonical JSON, by key; `nested` are those below others."""

    attributes: frozenset[str]
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
            config=config,
            nested=frozenset(config.keys() - run.config.keys()),
            summary=frozenset(summary),
            metrics=frozenset(
                key for key, value in summary.items() if isinstance(value, int | float) and not isinstance(value, bool)
            ),
        )


class NewestRuns:
    """Keeps what it knows of the newest runs until they change. Thread-safe; one for all units of work."""

    def __init__(self, index: RunIndex) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._known: OrderedDict[RunSelection, dict[tuple[str, int], _Facts]] = OrderedDict()

    def telling(self, unit: UnitOfWork, selection: RunSelection) -> Telling:
        """What tells the newest of the selected runs apart."""
        newest = self._index.newest(unit, selection, NEWEST)
        with self._lock:
            known = self._known.get(selection, {})
        facts = {stamped: known[stamped] for stamped in newest if stamped in known}
        stamps = dict(newest)
        changed = [run_id for run_id, stamp in newest if (run_id, stamp) not in facts]
        for run in unit.runs.of_ids(selection.entity, selection.project, changed):
            facts[run.path.run_id, stamps[run.path.run_id]] = _Facts.of(run)
        with self._lock:
            self._known[selection] = facts
            self._known.move_to_end(selection)
            if len(self._known) > _SELECTIONS_KEPT:
                self._known.popitem(last=False)
        return _told(list(facts.values()))


def _told(facts: Sequence[_Facts]) -> Telling:
    attributes = {name for each in facts for name in each.attributes}
    nested = {key for each in facts for key in each.nested}
    keys = sorted({key for each in facts for key in each.config}, key=lambda key: (key in nested, key))
    return Telling(
        attributes=tuple(name for name in _OPTIONAL if name in attributes),
        config=tuple(key for key in keys if len({each.config.get(key) for each in facts}) > 1),
        summary=tuple(sorted({key for each in facts for key in each.summary})),
        metrics=tuple(sorted({key for each in facts for key in each.metrics})),
    )
