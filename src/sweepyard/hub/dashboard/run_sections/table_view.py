"""A logged table on a page: sorted, in pages, with pictures in its cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sweepyard.domain.logged_media import Picture, picture_in_cell
from sweepyard.domain.ordering import rank_of
from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.run_sections.media_view import MediaView
from sweepyard.hub.dashboard.run_sections.pictures import Shown, shown
from sweepyard.jsonvalue import JsonValue
from sweepyard.services.media import LoadedTable
from sweepyard.services.run_tables import pages_of

_ROWS = 50
_ROWS_AT_FIRST = 10


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head.

    Attributes:
        direction: How the column orders the rows, as `aria-sort` has it; empty for not at all.
    """

    label: str
    sort_url: str
    direction: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell: a text, with more of it for who points at it, or a picture."""

    text: str
    note: str = ""
    picture: Shown | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePart:
    """A page of a table, or its first rows."""

    heads: tuple[Head, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    total: int
    page: int
    pages: int
    previous_url: str
    next_url: str


def table_part(
    table: LoadedTable, view: MediaView, path: str, picture_url: Callable[[Picture], str], *, whole: bool
) -> TablePart:
    """What a view shows of a table.

    Args:
        whole: Whether it is shown page by page; otherwise its first rows are, in its own order.
    """
    size = _ROWS if whole else _ROWS_AT_FIRST
    number, pages = pages_of(len(table.rows), view.page if whole else 1, size)
    order = _sorted(table, view) if whole and view.column in table.columns else range(len(table.rows))
    places = order[(number - 1) * size : number * size]
    rows = [table.rows[place] for place in places]

    def page_url(wanted: int) -> str:
        return replace(view, page=wanted).url(path) if 1 <= wanted <= pages else ""

    return TablePart(
        heads=tuple(
            Head(
                label=texts.shortened(column),
                sort_url=_turned(view, column).url(path),
                direction=_direction(view, column) if whole else "",
                numeric=bool(rows) and all(isinstance(row[number], int | float | None) for row in rows),
            )
            for number, column in enumerate(table.columns)
        ),
        rows=tuple(tuple(_cell(cell, picture_url) for cell in row) for row in rows),
        total=len(table.rows),
        page=number,
        pages=pages,
        previous_url=page_url(number - 1) if whole else "",
        next_url=page_url(number + 1) if whole else "",
    )


def _sorted(table: LoadedTable, view: MediaView) -> list[int]:
    """The places of the rows in the view's order; what has no place in any order comes last."""
    column = table.columns.index(view.column)
    ranked = [(place, rank_of(row[column])) for place, row in enumerate(table.rows)]
    known = [(place, rank) for place, rank in ranked if rank is not None]
    known.sort(key=lambda pair: pair[1], reverse=view.descending)
    return [*(place for place, _ in known), *(place for place, rank in ranked if rank is None)]


def _turned(view: MediaView, column: str) -> MediaView:
    """The view when a head is clicked: greatest first, least first, as it was."""
    steps = {f"-{column}": f"+{column}", f"+{column}": ""}
    return replace(view, sort=steps.get(view.sort, f"-{column}"), page=1)


def _direction(view: MediaView, column: str) -> str:
    if view.column != column:
        return ""
    return "descending" if view.descending else "ascending"


def _cell(value: JsonValue, picture_url: Callable[[Picture], str]) -> TableCell:
    picture = picture_in_cell(value)
    if picture is not None:
        return TableCell("", picture=shown(picture, picture_url(picture), "image"))
    return TableCell(texts.value_text(value), note=texts.note_of(value))
