"""Columns of runs in memory, so that lists of thousands of runs are filtered and sorted without reading them all.

A column holds the values of one field, by run id; it is read when a filter or an order first names the field, and kept.
Before each use the mark of the project's runs is compared with that of the last use, and what has changed is read
again: an answer is always that of the unit of work that asks, whoever wrote to the store meanwhile.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sweepyard.domain.fields import Columns, RunField, field_of
from sweepyard.domain.filters import RunFilter, parse_filter
from sweepyard.domain.ordering import Order, parse_order
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.services.ports import UnitOfWork
from sweepyard.services.ports.runs import STAMP_MODULUS, RunSelection, RunsMark

MAX_VALUES = 1_000_000
"""How many values are kept, of all projects together; the columns that were used longest ago go first."""

_Key = tuple[str, str, RunField]


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of the runs that pass a filter, in order.

    Attributes:
        total: How many pass in all.
        has_next: Whether there are more behind the piece.
    """

    run_ids: list[str]
    total: int
    has_next: bool


@dataclass(slots=True)
class _Project:
    """What the columns of a project were last brought up to.

    Attributes:
        run_ids: In their own order.
    """

    mark: RunsMark = field(default_factory=lambda: RunsMark(0, 0))
    newest: int = -1
    stamps: dict[str, int] = field(default_factory=dict)
    run_ids: list[str] = field(default_factory=list)


class RunIndex:
    """Finds runs. Thread-safe; one for all units of work on a database."""

    def __init__(self, *, max_values: int = MAX_VALUES) -> None:
        self._max_values = max_values
        self._lock = threading.Lock()
        self._projects: dict[tuple[str, str], _Project] = {}
        self._columns: OrderedDict[_Key, dict[str, JsonValue]] = OrderedDict()
        # The client asks for the number of runs that pass and for a page of them, one right after the other.
        self._latest: tuple[tuple[RunSelection, str, RunsMark], list[str]] | None = None

    def count(self, unit: UnitOfWork, selection: RunSelection, wanted: RunFilter) -> int:
        """How many of the selected runs pass."""
        with self._lock:
            kept, _ = self._passing(unit, selection, wanted, frozenset())
        return len(kept)

    def find(
        self,
        unit: UnitOfWork,
        selection: RunSelection,
        wanted: RunFilter,
        order: Order,
        *,
        limit: int,
        behind: Sequence[JsonValue] | None = None,
    ) -> Found:
        """At most `limit` of the selected runs that pass, in this order.

        Args:
            behind: The key, in this order, of the run that the piece begins behind.

        Raises:
            ValueError: The key is of another order.
        """
        with self._lock:
            kept, columns = self._passing(unit, selection, wanted, order.fields)
            kept = order.sort(kept, columns)
            begin = 0 if behind is None else order.behind(kept, columns, behind)
        end = begin + limit
        return Found(kept[begin:end], len(kept), end < len(kept))

    def columns(
        self,
        unit: UnitOfWork,
        selection: RunSelection,
        wanted: RunFilter,
        order: Order,
        fields: Collection[RunField],
    ) -> tuple[list[str], dict[RunField, list[JsonValue]]]:
        """The selected runs that pass, in this order, and of each field their values in this order."""
        with self._lock:
            kept, columns = self._passing(unit, selection, wanted, order.fields | frozenset(fields))
            run_ids = order.sort(kept, columns)
            asked = {each: columns[each] for each in fields}
            return run_ids, {each: [column[run_id] for run_id in run_ids] for each, column in asked.items()}

    def newest(self, unit: UnitOfWork, selection: RunSelection, limit: int) -> list[tuple[str, int]]:
        """At most `limit` of the selected runs, the newest first, each with its stamp."""
        order = parse_order(None)
        with self._lock:
            kept, columns = self._passing(unit, selection, parse_filter(None), order.fields)
            stamps = self._projects[selection.entity, selection.project].stamps
            return [(run_id, stamps[run_id]) for run_id in order.sort(kept, columns)[:limit]]

    def stamps(self, selection: RunSelection, run_ids: Collection[str]) -> dict[str, int]:
        """The stamps of those of the runs that there are, as whoever asked for the project last has seen them."""
        with self._lock:
            known = self._projects[selection.entity, selection.project].stamps
            return {run_id: known[run_id] for run_id in run_ids if run_id in known}

    def _passing(
        self, unit: UnitOfWork, selection: RunSelection, wanted: RunFilter, others: frozenset[RunField]
    ) -> tuple[list[str], Columns]:
        """The selected runs that pass, by run id; the columns of the filter's fields and of the others."""
        within = _within(selection)
        run_ids, columns = self._columns_of(unit, selection, within.fields | wanted.fields | others)
        question = (selection, wanted.source, self._projects[selection.entity, selection.project].mark)
        if self._latest is None or self._latest[0] != question:
            self._latest = question, wanted.keep(within.keep(run_ids, columns), columns)
        return self._latest[1], columns

    def _columns_of(
        self, unit: UnitOfWork, selection: RunSelection, fields: Collection[RunField]
    ) -> tuple[list[str], Columns]:
        """The runs of the project, and these columns of them, as the unit of work sees them now."""
        entity, project = selection.entity, selection.project
        known = self._projects.setdefault((entity, project), _Project())
        mark = unit.runs.mark(entity, project)
        if mark != known.mark:
            self._refresh(unit, entity, project, known, mark)
        missing = [name for name in fields if (entity, project, name) not in self._columns]
        if missing:
            for name, column in unit.runs.columns(entity, project, missing).items():
                self._columns[entity, project, name] = column
        for name in fields:
            self._columns.move_to_end((entity, project, name))
        columns = {name: self._columns[entity, project, name] for name in fields}
        self._forget(keep=len(columns))
        return known.run_ids, columns

    def _refresh(self, unit: UnitOfWork, entity: str, project: str, known: _Project, mark: RunsMark) -> None:
        """Bring the project up to date: by what is newer than all that is known, or, if that is not all, by all."""
        changed = unit.runs.stamps(entity, project, newer_than=known.newest)
        after = {**known.stamps, **changed}
        if _mark_of(after) != mark:
            after = unit.runs.stamps(entity, project)
            changed = {run_id: stamp for run_id, stamp in after.items() if known.stamps.get(run_id) != stamp}
        gone = known.stamps.keys() - after.keys()
        kept = [key for key in self._columns if key[:2] == (entity, project)]
        fresh = unit.runs.columns(entity, project, [name for _, _, name in kept], changed) if changed and kept else {}
        for key in kept:
            column = self._columns[key]
            column.update(fresh.get(key[2], {}))
            for run_id in gone:
                column.pop(run_id, None)  # Gone already, where a refresh broke off.
        if gone or len(after) != len(known.stamps):
            known.run_ids = sorted(after)
        known.stamps, known.mark = after, mark
        known.newest = max(after.values(), default=-1)

    def _forget(self, *, keep: int) -> None:
        """Let go of the columns used longest ago, but for the last `keep`, until few enough values are left."""
        total = sum(map(len, self._columns.values()))
        while total > self._max_values and len(self._columns) > keep:
            _, column = self._columns.popitem(last=False)
            total -= len(column)


def _within(selection: RunSelection) -> RunFilter:
    """What a selection demands, as a filter."""
    demands: JsonObject = {}
    if selection.sweep_id is not None:
        demands[field_of("sweep").name] = selection.sweep_id
    if selection.agent_id is not None:
        demands[field_of("agent").name] = selection.agent_id
    if selection.states is not None:
        demands[field_of("state").name] = {"$in": [state.value for state in selection.states]}
    return parse_filter(demands)


def _mark_of(stamps: Mapping[str, int]) -> RunsMark:
    return RunsMark(len(stamps), sum(stamp % STAMP_MODULUS for stamp in stamps.values()))
