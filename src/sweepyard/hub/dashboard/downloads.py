"""The runs of a view as files: all pages of it, in its order, with its columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from sweepyard.domain.fields import RunField, field_of
from sweepyard.domain.grouping import RunGroup, spread_of
from sweepyard.domain.run_columns import column_of
from sweepyard.hub.dashboard.runs_section import shown_columns
from sweepyard.hub.dashboard.tables import group_values, sorted_groups
from sweepyard.hub.dashboard.views import RunsView, check_columns
from sweepyard.jsonvalue import JsonValue, dumps, strict
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.run_tables import RunGroups, RunQuery
from sweepyard.web.headers import NEVER_STORED
from sweepyard.web.problems import Json

_ID, _NAME = field_of("name"), field_of("display_name")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Named columns, and rows of values."""

    names: tuple[str, ...]
    rows: tuple[tuple[JsonValue, ...], ...]


def sheet_of(services: Services, selection: RunSelection, view: RunsView) -> Sheet:
    """What a view shows, as values.

    Raises:
        NotFound: There is no such project.
        RequestInvalid: The filter breaks a rule, or a column is none.
    """
    services.projects.get(selection.entity, selection.project)
    names = shown_columns(view, services.tables.telling(selection))
    check_columns([*names, *view.group, *filter(None, [view.sort_column])])
    query = view.query(selection)
    return _of_groups(services, query, view, names) if view.group else _of_runs(services, query, names)


def _of_runs(services: Services, query: RunQuery, names: Sequence[str]) -> Sheet:
    fields = [_ID, _NAME, *(column_of(name) for name in names)]
    found = services.tables.columns(query, fields)
    return Sheet(("id", "name", *names), tuple(zip(*(found.values[field] for field in fields), strict=True)))


def _of_groups(services: Services, query: RunQuery, view: RunsView, names: Sequence[str]) -> Sheet:
    """What the groups have in common, how many runs they have, and the spread of each column with numbers."""
    of = {column_of(name) for name in (*names, *filter(None, [view.sort_column]))}
    found = services.tables.groups(query, [column_of(name) for name in view.group], of)
    groups = sorted_groups(found, view)
    columns = {name: _spreads(groups, column_of(name), found) for name in names}
    numeric = [name for name, cells in columns.items() if any(count for _, _, count in cells)]
    heads = [f"{name} {what}" for name in numeric for what in ("mean", "deviation", "n")]
    rows = tuple(
        (*group.values, len(group.places), *(cell for name in numeric for cell in columns[name][place]))
        for place, group in enumerate(groups)
    )
    return Sheet((*view.group, "runs", *heads), rows)


def csv_response(sheet: Sheet, name: str) -> Response:
    """The sheet as CSV: a head, UTF-8, JSON where a cell holds more than one value."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        [sheet.names, *([_csv_cell(cell) for cell in row] for row in sheet.rows)]
    )
    headers = {**NEVER_STORED, "Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(
        text.getvalue().encode("utf-8", "backslashreplace"), media_type="text/csv; charset=utf-8", headers=headers
    )


def json_response(sheet: Sheet, name: str) -> Response:
    """The sheet as JSON: a list of objects; NaN and infinities are texts."""
    rows = [dict(zip(sheet.names, row, strict=True)) for row in sheet.rows]
    headers = {**NEVER_STORED, "Content-Disposition": f'attachment; filename="{name}.json"'}
    return Json(strict([*rows]), headers=headers)


def _spreads(
    groups: Sequence[RunGroup], field: RunField, found: RunGroups
) -> list[tuple[float | None, float | None, int]]:
    """Of each group mean, deviation and number of what its runs have in a field."""
    spreads = [spread_of(group_values(group, field, found.columns)) for group in groups]
    return [(each.mean, each.deviation, each.count) if each else (None, None, 0) for each in spreads]


def _csv_cell(value: JsonValue) -> str:
    match strict(value):
        case None:
            return ""
        case str(text):
            return text
        case other:
            return dumps(other)
