"""Runs on a page: a table with its filter, its columns and its pages, as the address has it.

Any page whose address has a view (`dashboard.views`) can show one: a project's, a sweep's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweepyard.config.names import hint_among
from sweepyard.domain.query import mongo_form
from sweepyard.domain.query_names import ATTRIBUTES, keys_in
from sweepyard.domain.run_columns import CONFIG_PREFIX, SUMMARY_PREFIX, column_of
from sweepyard.domain.run_config import RESOLVED
from sweepyard.errors import RequestInvalid
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.interest import by_interest
from sweepyard.hub.dashboard.tables import (
    Column,
    GroupRow,
    RunRow,
    aligned,
    columns_of,
    group_rows,
    run_rows,
    shown_of,
    sorted_groups,
)
from sweepyard.hub.dashboard.views import DEFAULT_SIZE, SIZES, RunsView, check_columns
from sweepyard.services.bundle import Services
from sweepyard.services.newest_runs import Telling
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.run_tables import RunQuery, pages_of

_MOST_BY_ITSELF = 8
"""So many config keys, and so many summary keys, are shown where nobody chose."""
_ALWAYS = ("state", "created", "duration")


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose in a list."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsSection:
    """The runs of a page.

    Attributes:
        path: The page's.
        problems: What is wrong with the filter or the columns; then no run is shown.
        existing: How many runs there are before any filter.
        telling: What tells the runs apart, before any filter.
        unknown: The names in the filter, and those grouped by, that no run has; told where that leaves nothing to see.
        total: How many rows there are on all pages.
        common: The columns grouped by; none for a row a run.
        kept: What the form keeps of the view beside its own fields.
        clear_url: The view without search and filter.
        tick_url: The view of the selected runs alone; or, where it is this, that of all.
        hidden: How many groups are hidden.
        leave_url: The view without the hidden groups in the table; or, where it is this, with them.
        show_url: The view that hides no group.
        compare_url: Where the selected runs are compared.
        group_names: What is offered to group by.
    """

    path: str
    view: RunsView
    existing: int
    telling: Telling
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    total: int = 0
    page: int = 1
    pages: int = 1
    common: tuple[Column, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: tuple[RunRow, ...] = ()
    groups: tuple[GroupRow, ...] = ()
    group_names: tuple[str, ...] = ()
    size_choices: tuple[Choice, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    previous_url: str = ""
    next_url: str = ""
    columns_url: str = ""
    csv_url: str = ""
    json_url: str = ""
    clear_url: str = ""
    tick_url: str = ""
    hidden: int = 0
    leave_url: str = ""
    show_url: str = ""
    compare_url: str = ""

    @property
    def clear_label(self) -> str:
        """What `clear_url` does."""
        return f"Clear the {' and the '.join(filter(None, _narrowing(self.view)))}"


def _narrowing(view: RunsView) -> tuple[str, str]:
    return "filter" if view.filter else "", "search" if view.search else ""


def runs_section(services: Services, selection: RunSelection, view: RunsView, path: str) -> RunsSection:
    """The runs that a view shows of those selected."""
    telling = services.tables.telling(selection)
    names = shown_columns(view, telling)
    empty = RunsSection(
        path=path,
        view=view,
        existing=services.runs.count(selection),
        telling=telling,
        group_names=_group_names(telling),
        size_choices=tuple(Choice(str(size), f"{size} rows", size == view.size) for size in SIZES),
        kept=replace(view, search="", filter="", group=(), size=DEFAULT_SIZE, page=1).pairs(),
        columns_url=view.url(urls.columns_url(path)),
        csv_url=view.url(urls.table_url(path, "csv")),
        json_url=view.url(urls.table_url(path, "json")),
        clear_url=replace(view, search="", filter="", page=1).url(path),
        tick_url=replace(view, only_selected=not view.only_selected, page=1).url(path),
        leave_url=replace(view, without_hidden=not view.without_hidden, page=1).url(path),
        show_url=replace(view, hidden=(), without_hidden=False, page=1).url(path),
        compare_url=urls.compare_url(selection.entity, selection.project),
    )
    try:
        check_columns([*view.columns, *view.pinned, *view.group, *filter(None, [view.sort_column])])
        query = view.query(selection)
    except RequestInvalid as error:
        return replace(empty, problems=tuple(str(violation) for violation in error.violations))
    section = replace(empty, columns=columns_of(names, view, path), common=columns_of(view.group, view, path))
    filled = (_with_groups if view.group else _with_runs)(services, query, section, names)
    return replace(filled, unknown=_unknown(services, selection, filled))


def _unknown(services: Services, selection: RunSelection, section: RunsSection) -> tuple[str, ...]:
    view, telling = section.view, section.telling
    keys = [] if section.total else keys_in(mongo_form(view.filter))
    groups = view.group if section.total <= 1 else ()
    if not (keys or groups) or not section.existing:
        return ()
    known = {*ATTRIBUTES, *telling.keys, *telling.summary}
    unknown = services.tables.unknown
    names = dict.fromkeys([*unknown(selection, keys), *unknown(selection, groups, mappings=True)])
    return tuple(
        f"no run has {texts.shortened(name)!r}. {hint_among(name.removeprefix(CONFIG_PREFIX), known)}" for name in names
    )


def shown_columns(view: RunsView, telling: Telling) -> tuple[str, ...]:
    """The columns of a view, the pinned ones first; where nobody chose, what tells runs, or groups, apart."""
    chosen = view.columns or _by_itself(view, telling)
    return tuple(name for name in dict.fromkeys([*view.pinned, *chosen]) if name not in view.group)


def _by_itself(view: RunsView, telling: Telling) -> tuple[str, ...]:
    varied = [name for name in telling.first if name.startswith(CONFIG_PREFIX)]
    sought = [name.removeprefix(SUMMARY_PREFIX) for name in telling.first if name not in varied]
    ranked = by_interest(telling.summary, sought, telling.rare)[:_MOST_BY_ITSELF]
    summary = [f"{SUMMARY_PREFIX}{key}" for key in ranked]
    if view.group:
        return ("duration", *summary)
    others = (
        f"{CONFIG_PREFIX}{key}"
        for key in telling.config
        # What swept keys came to says nothing beside the swept keys.
        if not (varied and key.startswith(f"{RESOLVED}."))
    )
    config = list(dict.fromkeys([*varied, *others]))[: max(_MOST_BY_ITSELF, len(varied))]
    return (*_ALWAYS, *telling.attributes, *telling.first, *config, *summary)


def _with_runs(services: Services, query: RunQuery, section: RunsSection, names: Sequence[str]) -> RunsSection:
    view = section.view
    found = services.tables.page(query, number=view.page, size=view.size)
    rows = run_rows(found.runs, names, view, services.clock.now())
    columns = aligned(section.columns, [row.cells for row in rows])
    return _paged(replace(section, columns=columns, rows=rows), found.total, found.number, found.pages)


def _with_groups(services: Services, query: RunQuery, section: RunsSection, names: Sequence[str]) -> RunsSection:
    view = section.view
    of = {column_of(name) for name in (*names, *filter(None, [view.sort_column]))}
    found = services.tables.groups(query, [column_of(name) for name in view.group], of)
    groups = sorted_groups(found, view)
    number, pages = pages_of(len(groups), view.page, view.size)
    shown = groups[(number - 1) * view.size : number * view.size]
    rows = group_rows(shown, found.columns, names, view, section.path)
    columns = aligned(section.columns, [row.cells for row in rows])
    common = aligned(section.common, [row.common for row in rows])
    hidden = len(found.groups) - len(shown_of(found.groups, view))
    section = replace(section, columns=columns, common=common, groups=rows, hidden=hidden)
    return _paged(section, len(groups), number, pages)


def _paged(section: RunsSection, total: int, number: int, pages: int) -> RunsSection:
    def page(wanted: int) -> str:
        return replace(section.view, page=wanted).url(section.path) if 1 <= wanted <= pages else ""

    return replace(
        section, total=total, page=number, pages=pages, previous_url=page(number - 1), next_url=page(number + 1)
    )


def _group_names(telling: Telling) -> tuple[str, ...]:
    """What runs can be grouped by, as far as the newest ones tell: those that differ first."""
    keys = dict.fromkeys([*telling.config, *telling.keys])
    return tuple(dict.fromkeys(("state", *telling.attributes, "host", *(f"{CONFIG_PREFIX}{key}" for key in keys))))
