"""Tables of a project's runs as people look at them: filtered, searched, ordered, in numbered pages, or in groups."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sweepyard.domain.fields import RunField, field_of
from sweepyard.domain.filters import RunFilter, parse_filter
from sweepyard.domain.grouping import RunGroup, grouped
from sweepyard.domain.ordering import Order, parse_order
from sweepyard.domain.query_names import named
from sweepyard.domain.run import Run
from sweepyard.domain.run_columns import CONFIG_PREFIX, SUMMARY_PREFIX, plain_items
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.services.newest_runs import NewestRuns, Telling
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.run_index import RunIndex
from sweepyard.services.sweep_rows import existing_sweep, parsed

_MOST_SWEEPS = 12
"""Of so many of a project's sweeps, those of most of the newest runs, it is told what they vary and search for."""
_MOST_VARIED = 8
_SEARCHED = tuple(field_of(name) for name in ("display_name", "name", "tags", "group"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs of a project a table has, and in which order.

    Attributes:
        search: A text that a run's name, id, group or one of its tags contains, in large or small letters.
        only: The ids of those that are wanted; None for any.
    """

    selection: RunSelection
    wanted: RunFilter = field(default_factory=lambda: parse_filter(None))
    order: Order = field(default_factory=lambda: parse_order(None))
    search: str = ""
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class RunsPage:
    """A page of the runs that a query finds.

    Attributes:
        number: The page's, from 1 on: the last one where a later one was asked for.
        total: How many runs there are on all pages.
    """

    runs: tuple[Run, ...]
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class RunColumns:
    """What a query finds, column by column.

    Attributes:
        run_ids: In the query's order.
        values: Of each field, the runs' values in this order.
    """

    run_ids: tuple[str, ...]
    values: Mapping[RunField, tuple[JsonValue, ...]]


@dataclass(frozen=True, slots=True)
class RunGroups:
    """What a query finds, in groups; the groups' `places` are those in `columns`."""

    groups: tuple[RunGroup, ...]
    columns: RunColumns


@dataclass(frozen=True, slots=True)
class RunKeys:
    """Keys of configs and of summaries, dotted where nested, by name."""

    config: tuple[str, ...]
    summary: tuple[str, ...]


class RunTableService:
    """Finds runs for tables; what it answers of a project that is not there is empty."""

    def __init__(self, database: Database, index: RunIndex) -> None:
        self._database = database
        self._index = index
        self._newest = NewestRuns(index)

    def page(self, query: RunQuery, *, number: int, size: int) -> RunsPage:
        """A page of the runs.

        Raises:
            RequestInvalid: The number or the size is below 1.
        """
        pages_of(0, number, size)
        selection = query.selection
        with self._database.reading() as unit:
            found = self._found(unit, query, ()).run_ids
            number, pages = pages_of(len(found), number, size)
            begin = (number - 1) * size
            runs = unit.runs.of_ids(selection.entity, selection.project, found[begin : begin + size])
        return RunsPage(tuple(runs), number, pages, len(found))

    def columns(self, query: RunQuery, fields: Collection[RunField]) -> RunColumns:
        """The values of fields for all runs."""
        with self._database.reading() as unit:
            return self._found(unit, query, fields)

    def stamps(self, selection: RunSelection, run_ids: Collection[str]) -> dict[str, int]:
        """A number for each of these runs of a table that was asked for just now: a greater one after every change.

        What is read of a run from now on is at least as new as its number; a run that is gone by now has none.
        """
        return self._index.stamps(selection, run_ids)

    def groups(self, query: RunQuery, by: Sequence[RunField], of: Collection[RunField]) -> RunGroups:
        """All runs in groups that are alike in the fields `by`, with the values of the fields `of`.

        Raises:
            RequestInvalid: `by` is empty.
        """
        if not by:
            raise RequestInvalid([Violation("runs are grouped by one column or more", "none")])
        columns = self.columns(query, {*by, *of})
        return RunGroups(tuple(grouped([columns.values[each] for each in by])), columns)

    def keys(self, selection: RunSelection) -> RunKeys:
        """All keys that a column of the selected runs can show."""
        query = RunQuery(selection=selection)
        found = self.columns(query, _KEYS)
        config, summary = (_joined(found.values[each]) for each in _KEYS)
        return RunKeys(config, summary)

    def unknown(self, selection: RunSelection, names: Sequence[str], *, mappings: bool = False) -> tuple[str, ...]:
        """Those of the names, as filters have them, under which none of the selected runs has a value.

        Args:
            mappings: Whether a mapping is a value, too. No condition of a filter is true of one.
        """
        fields = {name: [field_of(spelt) for spelt in named(name).fields] for name in names}
        found = self.columns(RunQuery(selection=selection), {each for listed in fields.values() for each in listed})
        return tuple(
            name
            for name, listed in fields.items()
            if all(
                value is None or (isinstance(value, dict) and not mappings)
                for each in listed
                for value in found.values[each]
            )
        )

    def telling(self, selection: RunSelection) -> Telling:
        """What tells the newest of the selected runs apart; first what the sweeps that they are of vary and search for.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            found = self._newest.telling(unit, selection)
            path = partial(SweepPath, selection.entity, selection.project)
            if selection.sweep_id is not None:
                sweeps = [existing_sweep(unit, path(selection.sweep_id))]
            else:
                several = (unit.sweeps.get(path(sweep_id)) for sweep_id in found.sweeps[:_MOST_SWEEPS])
                sweeps = [sweep for sweep in several if sweep is not None]
        configs = [parsed(sweep.config_yaml) for sweep in sweeps]
        varied = {parameter.name: None for config in configs for parameter in config.parameters}
        differing = [key for key in varied if key in found.config]
        if selection.sweep_id is None:
            differing = sorted(differing, key=found.config.index)[:_MOST_VARIED]
        sought = [objective.metric for config in configs for objective in config.objectives]
        return replace(
            found,
            first=(
                *(f"{CONFIG_PREFIX}{key}" for key in differing),
                *(f"{SUMMARY_PREFIX}{key}" for key in dict.fromkeys(sought) if key in found.summary),
            ),
            attributes=tuple(name for name in found.attributes if name != "sweep" or selection.sweep_id is None),
        )

    def _found(self, unit: UnitOfWork, query: RunQuery, fields: Collection[RunField]) -> RunColumns:
        searched = _SEARCHED if query.search else ()
        run_ids, values = self._index.columns(unit, query.selection, query.wanted, query.order, {*fields, *searched})
        kept = [
            place
            for place, run_id in enumerate(run_ids)
            if (query.only is None or run_id in query.only)
            and (not searched or _mentions(query.search, [values[each][place] for each in searched]))
        ]
        if len(kept) == len(run_ids):
            return RunColumns(tuple(run_ids), {each: tuple(values[each]) for each in fields})
        return RunColumns(
            tuple(run_ids[place] for place in kept),
            {each: tuple(values[each][place] for place in kept) for each in fields},
        )


def pages_of(total: int, number: int, size: int) -> tuple[int, int]:
    """The page to show where page `number` is asked for, and how many pages there are (1 for an empty list).

    Raises:
        RequestInvalid: The number or the size is below 1.
    """
    violations = [
        Violation(f"{name} is 1 or more", str(value)) for name, value in (("page", number), ("size", size)) if value < 1
    ]
    if violations:
        raise RequestInvalid(violations)
    pages = max(1, -(-total // size))
    return min(number, pages), pages


def _mentions(search: str, values: Sequence[JsonValue]) -> bool:
    wanted = search.casefold()
    return any(wanted in text.casefold() for text in _texts(values))


def _texts(values: Sequence[JsonValue]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _texts(value)


def _keys_field(source: str, mapping_of: Callable[[Run], JsonObject]) -> RunField:
    # Interned, since thousands of runs have the same keys.
    return RunField(
        f"keys of {source}", source, lambda run: [sys.intern(key) for key, _ in plain_items(mapping_of(run))]
    )


_KEYS = (_keys_field("config", lambda run: run.config), _keys_field("summary", lambda run: run.summary))


def _joined(lists: Sequence[JsonValue]) -> tuple[str, ...]:
    return tuple(sorted({str(key) for keys in lists if isinstance(keys, list) for key in keys}))
