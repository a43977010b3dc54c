"""Tables of runs: columns with their heads, a row a run, or a row a group of runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sweepyard.domain.fields import RunField
from sweepyard.domain.grouping import RunGroup, spread_of
from sweepyard.domain.names import shown_name
from sweepyard.domain.ordering import rank_of
from sweepyard.domain.run import Run
from sweepyard.domain.run_columns import CONFIG_PREFIX, SUMMARY_PREFIX, column_of, condition_on
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.cells import Cell, CellKind, run_cell, spread_cell, value_cell
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.jsonvalue import JsonValue, dumps_canonical
from sweepyard.services.run_tables import RunColumns, RunGroups


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: What it shows, as filters name it.
        label: Its head.
        sort_url: The view in this column's order.
        direction: The order that it is in, as `aria-sort` has it; empty for none.
        pin: Its place among the pinned ones, from 1 on; 0 for one that is not.
        numeric: Whether its cells are numbers, as far as there is something in them.
    """

    name: str
    label: str
    sort_url: str
    direction: str
    pin: int
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run, with a cell for each column."""

    run_id: str
    name: str
    url: str
    selected: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Runs that have something in common, with a cell for each column.

    Attributes:
        key: Tells it apart from other groups.
        common: What they have in common, a cell for each column grouped by.
        url: The view of its runs; empty where no filter can say which they are.
        hidden: Whether charts leave it out.
        turn_url: The view in which it is shown where it is hidden now, or the other way round.
    """

    key: str
    common: tuple[Cell, ...]
    count: int
    url: str
    hidden: bool
    turn_url: str
    cells: tuple[Cell, ...]


def columns_of(names: Sequence[str], view: RunsView, path: str) -> tuple[Column, ...]:
    """The columns of these names."""
    labels = [column_label(name) for name in names]
    return tuple(
        Column(
            name=name,
            label=label if labels.count(label) == 1 else name,
            sort_url=view.turned(name).url(path),
            direction=view.direction(name),
            pin=view.pinned.index(name) + 1 if name in view.pinned else 0,
        )
        for name, label in zip(names, labels, strict=True)
    )


def column_label(name: str) -> str:
    """What a column is called where no other is called so."""
    return name.removeprefix(CONFIG_PREFIX).removeprefix(SUMMARY_PREFIX) or name


def aligned(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> tuple[Column, ...]:
    """The columns, with those known as numeric whose cells are."""
    return tuple(
        replace(column, numeric=bool(kinds) and kinds <= {CellKind.NUMBER})
        for place, column in enumerate(columns)
        for kinds in [{row[place].kind for row in rows if row[place].text != texts.ABSENT}]
    )


def run_rows(runs: Sequence[Run], names: Sequence[str], view: RunsView, now: datetime) -> tuple[RunRow, ...]:
    """The rows of these runs, in their order."""
    fields = [column_of(name) for name in names]
    selected = frozenset(view.selected)
    return tuple(
        RunRow(
            run_id=run.path.run_id,
            name=texts.shortened(shown_name(run.display_name, run.path.run_id)),
            url=urls.run_url(run.path),
            selected=run.path.run_id in selected,
            cells=tuple(run_cell(field, run, now) for field in fields),
        )
        for run in runs
    )


def sorted_groups(found: RunGroups, view: RunsView) -> list[RunGroup]:
    """The groups in the view's order: by what they have in common, or by the mean of a column.

    Hidden ones are left out where the view leaves them out.
    """
    groups = shown_of(found.groups, view) if view.without_hidden else found.groups
    if not view.sort:
        return list(groups)
    ranked = [(group, _rank(group, view.sort_column, found.columns, view)) for group in groups]
    known = [(group, rank) for group, rank in ranked if rank is not None]
    known.sort(key=lambda pair: pair[1], reverse=view.descending)
    return [*(group for group, _ in known), *(group for group, rank in ranked if rank is None)]


def shown_of(groups: Sequence[RunGroup], view: RunsView) -> list[RunGroup]:
    """Those of the groups that the view does not hide."""
    hidden = frozenset(view.hidden)
    return [group for group in groups if not hidden or group_key(group, view) not in hidden]


def group_key(group: RunGroup, view: RunsView) -> str:
    """Tells a group apart from the view's others, and from those by other columns, in few letters."""
    told = dumps_canonical([[*view.group], [*group.values]]).encode("utf-8", "backslashreplace")
    return hashlib.sha256(told).hexdigest()[:12]


def group_rows(
    groups: Sequence[RunGroup], columns: RunColumns, names: Sequence[str], view: RunsView, path: str
) -> tuple[GroupRow, ...]:
    """The rows of these groups, in their order."""
    by = [column_of(name) for name in view.group]
    fields = [column_of(name) for name in names]
    keys = [group_key(group, view) for group in groups]
    return tuple(
        GroupRow(
            key=key,
            common=tuple(value_cell(field, value) for field, value in zip(by, group.values, strict=True)),
            count=len(group.places),
            url=_group_url(group, view, path),
            hidden=key in view.hidden,
            turn_url=view.turning(key).url(path),
            cells=tuple(spread_cell(field, group_values(group, field, columns)) for field in fields),
        )
        for key, group in zip(keys, groups, strict=True)
    )


def group_values(group: RunGroup, field: RunField, columns: RunColumns) -> list[JsonValue]:
    """What the runs of a group have in a field."""
    values = columns.values[field]
    return [values[place] for place in group.places]


def _rank(group: RunGroup, name: str, columns: RunColumns, view: RunsView) -> tuple[int, float | str] | None:
    if name in view.group:
        return rank_of(group.values[view.group.index(name)])
    spread = spread_of(group_values(group, column_of(name), columns))
    return rank_of(spread.mean) if spread else None


def _group_url(group: RunGroup, view: RunsView, path: str) -> str:
    conditions = [condition_on(name, value) for name, value in zip(view.group, group.values, strict=True)]
    return view.narrowed([each for each in conditions if each]).url(path) if all(conditions) else ""
