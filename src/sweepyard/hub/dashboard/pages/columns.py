"""Choosing which columns a table of runs has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sweepyard.domain.access import Actor
from sweepyard.domain.query_names import ATTRIBUTES
from sweepyard.domain.run_columns import CONFIG_PREFIX, SUMMARY_PREFIX
from sweepyard.hub.dashboard.frame import Link, Page
from sweepyard.hub.dashboard.runs_section import shown_columns
from sweepyard.hub.dashboard.views import MOST_PINNED, RunsView
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that may be shown, and pinned."""

    name: str
    label: str
    shown: bool
    pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnsPage(Page):
    """The form that asks for columns.

    Attributes:
        path: The page that has the table.
        kept: The rest of the view.
        leave_url: The view as it is.
        reset_url: The view with the columns that the hub finds telling.
        choices: By where they come from: runs themselves, config, summary.
    """

    template: ClassVar[str] = "columns.html"
    path: str
    kept: tuple[tuple[str, str], ...]
    leave_url: str
    reset_url: str
    most_pinned: int
    choices: tuple[tuple[str, tuple[ColumnChoice, ...]], ...]


def columns_page(services: Services, actor: Actor, selection: RunSelection, view: RunsView, page: Link) -> ColumnsPage:
    """The form for the table of `page`."""
    services.projects.get(selection.entity, selection.project)
    keys = services.tables.keys(selection)
    shown = shown_columns(view, services.tables.telling(selection))
    names = {
        "Run": [(name, name) for name in ATTRIBUTES if name != "name"],
        "Config": [(f"{CONFIG_PREFIX}{key}", key) for key in keys.config],
        "Summary": [(f"{SUMMARY_PREFIX}{key}", key) for key in keys.summary],
    }
    return ColumnsPage(
        title="Columns",
        username=actor.username,
        trail=(page,),
        path=page.url,
        kept=replace(view, columns=(), pinned=(), page=1).pairs(),
        leave_url=view.url(page.url),
        reset_url=replace(view, columns=(), pinned=()).url(page.url),
        most_pinned=MOST_PINNED,
        choices=tuple(
            (title, tuple(ColumnChoice(name, label, name in shown, name in view.pinned) for name, label in listed))
            for title, listed in names.items()
            if listed
        ),
    )
