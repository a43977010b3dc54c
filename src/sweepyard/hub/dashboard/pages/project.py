"""A project: its sweeps and its runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from sweepyard.domain.access import Actor
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.frame import Link, Live, Page
from sweepyard.hub.dashboard.links import project_link, sweep_link
from sweepyard.hub.dashboard.tables import RunTable, run_table
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection

RUNS_A_PAGE = 100
_SWEEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage(Page):
    """A project's sweeps and runs."""

    template: ClassVar[str] = "project.html"
    description: str
    sweeps: tuple[Link, ...]
    runs: RunTable
    total_runs: int
    next_url: str


def project_page(services: Services, actor: Actor, entity: str, name: str, after: str | None) -> ProjectPage:
    """A project's newest sweeps, and a page of its runs, newest first.

    Raises:
        NotFound: There is no such project.
        RequestInvalid: `after` is no cursor of this list.
    """
    mark = services.watching.project(entity, name)
    project = services.projects.get(entity, name)
    runs = services.runs.list(RunSelection(entity=entity, project=name), first=RUNS_A_PAGE, after=after)
    link = project_link(entity, name)
    return ProjectPage(
        title=link.text,
        username=actor.username,
        live=Live(urls.events_url(link.url), mark),
        description=project.description,
        sweeps=tuple(sweep_link(sweep) for sweep in services.sweeps.list(entity, name, first=_SWEEPS).items),
        runs=run_table(runs.items),
        total_runs=runs.total,
        next_url=f"{link.url}?after={quote(runs.end_cursor or '', safe='')}" if runs.has_next else "",
    )
