"""A sweep's document laid out on paper: rows of pictures, one below the other, in pages or on one long sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from sweepyard.hub.dashboard.cells import Cell
from sweepyard.hub.dashboard.drawn.frames import cut
from sweepyard.hub.dashboard.drawn.shapes import FAINT, INK, LINE, Area, Dot, Picture, Shape, Stroke, Words
from sweepyard.hub.dashboard.drawn.sweep_sheet import Figure, SweepSheet
from sweepyard.hub.dashboard.runs_section import RunsSection
from sweepyard.hub.dashboard.sweep_sections.influences import Influences

T = TypeVar("T")

WIDTH, PAGE_HEIGHT = 1_000.0, 1_414.0
"""Of a page: A4's shape."""

_MARGIN, _GAP = 20.0, 18.0
_INSIDE = WIDTH - 2 * _MARGIN
_LINE = 17.0
_LETTER = 6.9
_HEAD = 34.0
_LONGEST_CELL, _LONGEST_LINE = 24, 135
_MEANINGS = (
    "Importance: the share of the spread of the runs' ranks that the parameter explains by itself. "
    "Correlation: Spearman's."
)


def one_sheet(sheet: SweepSheet) -> Picture:
    """All of it on one picture, as high as need be."""
    rows = list(_rows(sheet))
    height = 2 * _MARGIN + sum(row.height + _GAP for row in rows) - _GAP
    return _page(rows, height, sheet.title)


def pages(sheet: SweepSheet) -> list[Picture]:
    """Pages, none of whose rows is cut."""
    found: list[list[Picture]] = [[]]
    left = PAGE_HEIGHT - 2 * _MARGIN
    for row in _rows(sheet):
        if found[-1] and row.height > left:
            found.append([])
            left = PAGE_HEIGHT - 2 * _MARGIN
        found[-1].append(row)
        left -= row.height + _GAP
    return [_page(rows, PAGE_HEIGHT, sheet.title) for rows in found]


def _page(rows: Sequence[Picture], height: float, told: str) -> Picture:
    shapes: list[Shape] = []
    top = _MARGIN
    for row in rows:
        shapes += (_moved(shape, _MARGIN, top) for shape in row.shapes)
        top += row.height + _GAP
    return Picture(WIDTH, height, tuple(shapes), told)


def _rows(sheet: SweepSheet) -> Iterator[Picture]:
    yield _head(sheet)
    yield from _beside(sheet.figures)
    yield from _influences(sheet.influences)
    yield from _runs(sheet.runs)
    yield from _chunked("Sweep file", sheet.config_yaml.splitlines())


def _influences(found: Influences) -> Iterator[Picture]:
    title = "Parameters: importance and correlation"
    if found.problem:
        yield _lines(title, [found.problem])
        return
    heads = ("parameter", "importance", "correlation", "95% interval", "runs")
    rows = [(row.name, row.importance, row.correlation, row.interval, f"{row.runs:,}") for row in found.rows]
    guess = ": too few for more than a guess" if found.is_guess else ""
    more = f"; {found.more:,} less important parameters are not shown" if found.more else ""
    yield from _table(title, f"From {found.basis}{guess}{more}", heads, rows)
    yield Picture(_INSIDE, _LINE, (Words(at=(0, 12), text=_MEANINGS),), "")


def _runs(section: RunsSection) -> Iterator[Picture]:
    """The runs of the page's table, or its groups."""
    columns = [column.label for column in section.columns]
    if section.common:
        heads = [*(column.label for column in section.common), "runs", *columns]
        rows = [[*_texts(group.common), f"{group.count:,}", *_texts(group.cells)] for group in section.groups]
    else:
        heads, rows = ["run", *columns], [[row.name, *_texts(row.cells)] for row in section.rows]
    if rows:
        title = "Groups of runs" if section.common else "Runs"
        yield from _table(title, f"{len(rows):,} of {section.total:,}", heads, rows)


def _texts(cells: Sequence[Cell]) -> list[str]:
    return [cell.text or ", ".join(cell.tags) for cell in cells]


def _head(sheet: SweepSheet) -> Picture:
    told = sheet.overview
    best = f"Best so far: {told.best.text} with {told.best.note} {told.metric}" if told.best else ""
    lines = [f"{sheet.path} · {sheet.state} · as of {sheet.made}", told.text, best]
    shapes = [Words(at=(0, 20), text=cut(sheet.title, 70), colour=INK, size=20, bold=True)]
    kept = [line for line in lines if line]
    for number, line in enumerate(kept):
        colour = INK if number else FAINT
        shapes.append(Words(at=(0, 44 + number * _LINE), text=cut(line, _LONGEST_LINE), colour=colour))
    return Picture(_INSIDE, 40 + len(kept) * _LINE, tuple(shapes), sheet.title)


def _beside(figures: Sequence[Figure]) -> Iterator[Picture]:
    """Figures with their headings, as many in a row as there is room for."""
    row: list[Figure] = []
    for figure in [*figures, None]:
        used = sum(each.picture.width for each in row)
        if row and (figure is None or used + figure.picture.width > _INSIDE):
            shapes: list[Shape] = []
            left = 0.0
            for each in row:
                title = Words(at=(left, 12), text=cut(each.title, 50), colour=INK, size=13, bold=True)
                note = Words(at=(left, 27), text=cut(each.note, int(each.picture.width / _LETTER)))
                shapes += [title, note, *(_moved(shape, left, _HEAD) for shape in each.picture.shapes)]
                left += each.picture.width + min(_GAP, (_INSIDE - used) / max(1, len(row) - 1))
            yield Picture(_INSIDE, _HEAD + max(each.picture.height for each in row), tuple(shapes), "")
            row = []
        if figure is not None:
            row.append(figure)


def _table(title: str, note: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Picture]:
    """A table in pieces that fit on a page; columns for which there is no room are counted."""
    texts = [[cut(cell, _LONGEST_CELL) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[place]) for row in texts) * _LETTER + 14 for place in range(len(heads))]
    kept = next((place for place in range(len(widths)) if sum(widths[: place + 1]) > _INSIDE), len(widths))
    missing = f"; {len(widths) - kept} more columns are not shown" if kept < len(widths) else ""
    places = [sum(widths[:place]) for place in range(kept)]
    for number, piece in enumerate(_pieces(texts[1:])):
        shapes: list[Shape] = []
        for line, row in enumerate((texts[0], *piece)):
            height = _HEAD + 12 + line * _LINE
            colour = INK if line else FAINT
            shapes += [Words(at=(at, height), text=row[place], colour=colour) for place, at in enumerate(places)]
            shapes.append(Stroke(points=((0, height + 5), (_INSIDE, height + 5)), colour=LINE))
        heading = title if not number else f"{title}, continued"
        shapes += [
            Words(at=(0, 12), text=heading, colour=INK, size=13, bold=True),
            Words(at=(0, 27), text=cut(note + missing, _LONGEST_LINE)),
        ]
        yield Picture(_INSIDE, _HEAD + (len(piece) + 1) * _LINE, tuple(shapes), title)


def _chunked(title: str, lines: Sequence[str]) -> Iterator[Picture]:
    for number, piece in enumerate(_pieces(lines)):
        yield _lines(title if not number else f"{title}, continued", piece)


def _lines(title: str, lines: Iterable[str]) -> Picture:
    shapes = [Words(at=(0, 14), text=title, colour=INK, size=13, bold=True)]
    shapes += [
        Words(at=(0, _HEAD + 12 + number * _LINE), text=cut(line, _LONGEST_LINE), colour=INK)
        for number, line in enumerate(lines)
    ]
    return Picture(_INSIDE, _HEAD + (len(shapes) - 1) * _LINE, tuple(shapes), title)


def _pieces(lines: Sequence[T]) -> Iterator[Sequence[T]]:
    most = int((PAGE_HEIGHT - 2 * _MARGIN - _HEAD) / _LINE) - 2
    for begin in range(0, len(lines), most):
        yield lines[begin : begin + most]


def _moved(shape: Shape, right: float, down: float) -> Shape:
    match shape:
        case Stroke() | Area():
            return replace(shape, points=tuple((x + right, y + down) for x, y in shape.points))
        case Dot() | Words():
            return replace(shape, at=(shape.at[0] + right, shape.at[1] + down))
