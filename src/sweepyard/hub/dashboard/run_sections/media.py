"""What a run logged beside numbers, at a step: images, tables, confusion matrices, histograms, other files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain import series
from sweepyard.domain.logged_media import Histogram, OtherFile, Picture, Pictures, TableFile, logged
from sweepyard.domain.predictions import confusion_matrix_of
from sweepyard.domain.run import Run, RunPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link
from sweepyard.hub.dashboard.run_sections.media_view import MediaView
from sweepyard.hub.dashboard.run_sections.pictures import Bars, Matrix, Shown, bars_of, matrix_of, shown
from sweepyard.hub.dashboard.run_sections.section import Section
from sweepyard.hub.dashboard.run_sections.table_view import TablePart, table_part
from sweepyard.services.bundle import Services
from sweepyard.services.media import LoggedAt, NoTable

_MOST_PICTURES = 60
_MOST_MARKS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What stands under a key at a step.

    Attributes:
        step: When it was logged: the chosen step, or the last one before.
        url: The view of this key alone.
        more_pictures: How many there are beyond those shown.
        file: Where the bytes lie, for what is not shown itself, or not all of it.
        problem: Why a table is not shown; empty where nothing is amiss.
    """

    key: str
    step: int
    url: str
    pictures: tuple[Shown, ...] = ()
    more_pictures: int = 0
    table: TablePart | None = None
    matrix: Matrix | None = None
    bars: Bars | None = None
    file: Link | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Going through steps.

    Attributes:
        at: The chosen one.
        marks: The ones that a slider stops at: all, or a sample of many.
        mark: The place of the chosen one among them.
        kept: The rest of the view.
    """

    path: str
    at: int
    count: int
    marks: tuple[int, ...]
    mark: int
    previous_url: str
    next_url: str
    kept: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media(Section):
    """Media at a step.

    Attributes:
        all_url: The view of all keys, where one was chosen.
    """

    template: ClassVar[str] = "run_media.html"
    scripts: ClassVar[tuple[str, ...]] = ("media.js",)
    steps: Steps | None
    items: tuple[Item, ...]
    all_url: str


def media(services: Services, run: Run, asked: QueryParams) -> Media:
    """Media at the step that the address asks for.

    Raises:
        RequestInvalid: The step or the page is no number.
        NotFound: Nothing was logged under the key.
    """
    view = MediaView.of(asked)
    path = urls.run_section_url(run.path, "media")
    found = view.chosen(services.media.logged(run.path))
    steps = sorted({each.step for values in found.values() for each in values})
    at = next((step for step in reversed(steps) if view.step is None or step <= view.step), steps[0] if steps else 0)
    latest = {key: next((each for each in reversed(found[key]) if each.step <= at), None) for key in sorted(found)}
    shown_ones = {key: each for key, each in latest.items() if each is not None}
    uploaded = _uploaded(services, run.path, shown_ones.values())
    return Media(
        steps=_steps(path, steps, at, view) if steps else None,
        items=tuple(_item(services, run.path, key, each, view, uploaded) for key, each in shown_ones.items()),
        all_url=replace(view, key="", sort="", page=1).url(path) if view.key else "",
    )


def _uploaded(services: Services, path: RunPath, shown_ones: Iterable[LoggedAt]) -> frozenset[str]:
    """Which files of the images among these are there: a run's rows come before the files that they name."""
    media = (logged(each.value) for each in shown_ones)
    names = [picture.path for each in media if isinstance(each, Pictures) for picture in each.pictures]
    return frozenset(file.name for file in services.files.list(path, names=names).items) if names else frozenset()


def _item(services: Services, path: RunPath, key: str, at: LoggedAt, view: MediaView, uploaded: frozenset[str]) -> Item:
    url = replace(view, key=key).url(urls.run_section_url(path, "media"))
    item = Item(key=key, step=at.step, url=url)
    match logged(at.value):
        case Pictures(pictures):
            drawn = tuple(
                shown(picture, urls.file_url(path, picture.path) if picture.path in uploaded else "", key)
                for picture in pictures[:_MOST_PICTURES]
            )
            return replace(item, pictures=drawn, more_pictures=len(pictures) - len(drawn))
        case TableFile() as table:
            return _with_table(services, path, table, item, view)
        case Histogram() as histogram:
            return replace(item, bars=bars_of(histogram))
        case OtherFile(kind, name):
            where = urls.file_url(path, name) if name else ""
            return replace(item, file=Link(texts.shortened(name or kind), where, texts.shortened(kind)))


def _with_table(services: Services, path: RunPath, table: TableFile, item: Item, view: MediaView) -> Item:
    item = replace(item, file=Link("as JSON", urls.file_url(path, table.path)))
    loaded = services.media.table(path, table)
    if isinstance(loaded, NoTable):
        return replace(item, problem=loaded.why)
    counts = confusion_matrix_of(loaded.columns, loaded.rows)
    if counts is not None and not view.key:
        return replace(item, matrix=matrix_of(counts))

    def picture_url(picture: Picture) -> str:
        return urls.logged_file_url(path, loaded.artifact, picture.path)

    view_of_it = replace(view, key=item.key)
    part = table_part(loaded, view_of_it, urls.run_section_url(path, "media"), picture_url, whole=bool(view.key))
    return replace(item, table=part, matrix=matrix_of(counts) if counts is not None else None)


def _steps(path: str, steps: Sequence[int], at: int, view: MediaView) -> Steps:
    place = steps.index(at)
    marks = tuple(steps[mark] for mark in series.spread(len(steps), _MOST_MARKS).tolist())

    def url(wanted: int) -> str:
        return replace(view, step=steps[wanted]).url(path) if 0 <= wanted < len(steps) else ""

    return Steps(
        path=path,
        at=at,
        count=len(steps),
        marks=marks,
        mark=max((number for number, mark in enumerate(marks) if mark <= at), default=0),
        previous_url=url(place - 1),
        next_url=url(place + 1),
        kept=replace(view, step=None).pairs(),
    )
