"""A sweep: how far it is, what its runs teach, who works on it, its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.access import Actor
from sweepyard.domain.names import shown_name
from sweepyard.domain.run import RunState
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.curve_section import CurvesSection, curves_section, objectives_of
from sweepyard.hub.dashboard.curve_views import CurveView
from sweepyard.hub.dashboard.drawn.printed import FORMS, can_print
from sweepyard.hub.dashboard.frame import Link, Live, Page
from sweepyard.hub.dashboard.links import project_link
from sweepyard.hub.dashboard.reports_section import ReportsSection, reports_section
from sweepyard.hub.dashboard.runs_section import RunsSection, runs_section
from sweepyard.hub.dashboard.sweep_sections.charts import Charts, charts
from sweepyard.hub.dashboard.sweep_sections.influences import Influences, influences
from sweepyard.hub.dashboard.sweep_sections.overview import Control, Overview, controls, overview
from sweepyard.hub.dashboard.sweep_sections.repeats import RepeatedPoints, repeated_points
from sweepyard.hub.dashboard.sweep_sections.termination import EarlyTermination, early_termination
from sweepyard.hub.dashboard.sweep_sections.work import Work, work
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection
from sweepyard.sweeps.document import readable


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPage(Page):
    """A sweep.

    Attributes:
        controls: What the reader may do with it.
        sheets: The page as a document.
        repeats: None for a sweep that repeats no point.
        early: None for a sweep without early termination.
    """

    template: ClassVar[str] = "sweep.html"
    state: str
    description: str
    controls: tuple[Control, ...]
    overview: Overview
    reports: ReportsSection
    charts: Charts
    influences: Influences
    repeats: RepeatedPoints | None
    early: EarlyTermination | None
    curves: CurvesSection
    runs: RunsSection
    work: Work
    readmit_url: str
    sheets: tuple[Link, ...]
    config_yaml: str


def sweep_page(services: Services, actor: Actor, path: SweepPath, parameters: QueryParams) -> SweepPage:
    """A sweep, its runs and charts as the address has them.

    Raises:
        NotFound: There is no such sweep.
        RequestInvalid: The address asks for what no table or chart can show.
    """
    mark = services.watching.sweep(path)
    sweep = services.sweeps.get(path)
    page = urls.sweep_url(path)
    view = RunsView.of(parameters)
    selection = RunSelection(entity=path.entity, project=path.project, sweep_id=path.sweep_id)
    analysis = services.sweep_analysis.analysis(path)
    telling = services.tables.telling(selection)
    counts = services.sweeps.counts(path)
    live_runs = sum(count for state, count in counts.items() if RunState(state).is_live)
    return SweepPage(
        title=texts.shortened(shown_name(sweep.display_name, path.sweep_id)),
        username=actor.username,
        trail=(project_link(path.entity, path.project),),
        live=Live(urls.events_url(page), mark),
        state=sweep.state.value.lower(),
        description=sweep.description,
        controls=controls(sweep, actor, live_runs=live_runs),
        overview=overview(services, sweep),
        reports=reports_section(services, actor, path.entity, path.project, path.sweep_id),
        charts=charts(selection, page, parameters, analysis, telling),
        influences=influences(analysis),
        repeats=repeated_points(services, sweep, view, page),
        early=early_termination(services, sweep),
        curves=curves_section(
            urls.project_url(path.entity, path.project),
            page,
            CurveView.of(parameters),
            telling.metrics,
            objectives=objectives_of([sweep]),
            rare=telling.rare,
        ),
        runs=runs_section(services, selection, view, page),
        work=work(services, path, actor),
        readmit_url=urls.readmit_url(page),
        sheets=_sheets(page, parameters),
        config_yaml=readable(sweep.config_yaml),
    )


def _sheets(page: str, parameters: QueryParams) -> tuple[Link, ...]:
    pairs = parameters.multi_items()
    forms = ("html", *(FORMS if can_print() else ()))
    return tuple(Link(form.upper(), urls.with_query(urls.sweep_sheet_url(page, form), pairs)) for form in forms)
