"""A project: its sweeps and its runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.access import Actor
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.curve_section import CurvesSection, curves_section, objectives_of
from sweepyard.hub.dashboard.curve_views import CurveView
from sweepyard.hub.dashboard.frame import Link, Live, Page
from sweepyard.hub.dashboard.links import project_link, sweep_link
from sweepyard.hub.dashboard.reports_section import ReportsSection, reports_section
from sweepyard.hub.dashboard.runs_section import RunsSection, runs_section
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection

_SWEEPS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage(Page):
    """A project's sweeps and runs.

    Attributes:
        states: How many runs are in each state that some are in.
        sweeps: The newest, each with its id beside its name.
        more_sweeps: How many older sweeps there are.
    """

    template: ClassVar[str] = "project.html"
    description: str
    states: tuple[tuple[str, int], ...]
    sweeps: tuple[tuple[Link, str], ...]
    more_sweeps: int
    reports: ReportsSection
    curves: CurvesSection
    runs: RunsSection


def project_page(services: Services, actor: Actor, entity: str, name: str, asked: QueryParams) -> ProjectPage:
    """A project's newest sweeps, and its curves and runs as the address has them.

    Raises:
        NotFound: There is no such project.
        RequestInvalid: The address asks for what cannot be.
    """
    mark = services.watching.project(entity, name)
    project = services.projects.get(entity, name)
    sweeps = services.sweeps.list(entity, name, first=_SWEEPS)
    selection = RunSelection(entity=entity, project=name)
    link = project_link(entity, name)
    runs = runs_section(services, selection, RunsView.of(asked), link.url)
    return ProjectPage(
        title=link.text,
        username=actor.username,
        live=Live(urls.events_url(link.url), mark),
        description=project.description,
        states=tuple((state.value, count) for state, count in services.runs.count_by_state(selection).items()),
        sweeps=tuple((sweep_link(sweep), sweep.path.sweep_id) for sweep in sweeps.items),
        more_sweeps=sweeps.total - len(sweeps.items),
        reports=reports_section(services, actor, entity, name),
        curves=curves_section(
            link.url,
            link.url,
            CurveView.of(asked),
            runs.telling.metrics,
            objectives=objectives_of(sweeps.items),
            rare=runs.telling.rare,
        ),
        runs=runs,
    )
