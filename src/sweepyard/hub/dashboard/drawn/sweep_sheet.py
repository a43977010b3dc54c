"""A sweep's page as one document that needs nothing else: what is told there, and its charts as drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.names import shown_name
from sweepyard.domain.run_columns import SUMMARY_PREFIX
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.curve_data import curves_of_view
from sweepyard.hub.dashboard.curve_section import CHARTS_BESIDE_A_TABLE, objectives_of
from sweepyard.hub.dashboard.curve_views import CurvesAsked, CurveView
from sweepyard.hub.dashboard.drawn import curve_charts, sweep_charts
from sweepyard.hub.dashboard.drawn.shapes import Picture
from sweepyard.hub.dashboard.frame import Page
from sweepyard.hub.dashboard.interest import by_interest
from sweepyard.hub.dashboard.runs_section import RunsSection, runs_section
from sweepyard.hub.dashboard.sweep_sections.chart_data import bands_data, points_data, results_data
from sweepyard.hub.dashboard.sweep_sections.chart_view import ChartView
from sweepyard.hub.dashboard.sweep_sections.influences import Influences, influences
from sweepyard.hub.dashboard.sweep_sections.overview import Overview, overview
from sweepyard.hub.dashboard.sweep_sections.repeats import RepeatedPoints, repeated_points
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.services.bundle import Services
from sweepyard.services.curves import CurvesWanted
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.sweep_analysis import SweepAnalysis
from sweepyard.sweeps.document import readable

_POINTS = 240


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its heading.

    Attributes:
        note: What else there is to say of it, such as which runs were left out.
    """

    title: str
    note: str
    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSheet(Page):
    """A sweep as it was at one moment.

    Attributes:
        made: When, in words.
        figures: Its charts, from the top.
        runs: The table, as the page's address has it.
    """

    template: ClassVar[str] = "sweep_sheet.html"
    path: str
    state: str
    made: str
    description: str
    overview: Overview
    figures: tuple[Figure, ...]
    influences: Influences
    repeats: RepeatedPoints | None
    runs: RunsSection
    config_yaml: str


def sweep_sheet(services: Services, path: SweepPath, asked: QueryParams, now: datetime) -> SweepSheet:
    """The document of a sweep's page, as its address has it.

    Raises:
        NotFound: There is no such sweep.
        RequestInvalid: The address asks for what no table or chart can show.
    """
    sweep = services.sweeps.get(path)
    page, view = urls.sweep_url(path), RunsView.of(asked)
    selection = RunSelection(entity=path.entity, project=path.project, sweep_id=path.sweep_id)
    analysis = services.sweep_analysis.analysis(path)
    telling = services.tables.telling(selection)
    metrics = by_interest(telling.metrics, objectives_of([sweep]), telling.rare)
    return SweepSheet(
        title=texts.shortened(shown_name(sweep.display_name, path.sweep_id)),
        path=str(path),
        state=sweep.state.value.lower(),
        made=f"{texts.moment_text(now)} UTC",
        description=sweep.description,
        overview=overview(services, sweep),
        figures=(
            *(_of_points(services, path, asked, analysis) if analysis.runs else ()),
            *_of_curves(services, selection, asked, metrics),
            *_of_bands(services, path),
        ),
        influences=influences(analysis),
        repeats=repeated_points(services, sweep, view, page),
        runs=runs_section(services, selection, view, page),
        config_yaml=readable(sweep.config_yaml),
    )


def _of_points(services: Services, path: SweepPath, asked: QueryParams, analysis: SweepAnalysis) -> list[Figure]:
    view = ChartView.of(asked, analysis)
    objective = f"{SUMMARY_PREFIX}{analysis.objective.metric}" if analysis.objective else ""
    names = list(dict.fromkeys(filter(None, [*view.axes, objective, *view.scattered])))
    points: Any = points_data(services, path, RunsView.of(asked), names)
    columns = {column["name"]: column for column in points["columns"]}
    result, note = columns.get(objective), points["note"]
    coloured = " · ".join(filter(None, (note, f"coloured by {result['label']}, the best stand out" if result else "")))
    axes = [columns[name] for name in dict.fromkeys(filter(None, (*view.axes, objective)))]
    figures = [Figure("Parameters and result", coloured, sweep_charts.parallel(points, axes, result))]
    if analysis.results:
        results: Any = results_data(services, path)
        figures.append(Figure("Best so far", results["note"], sweep_charts.best(results)))
    x, y, colour = columns[view.x], columns[view.y], columns.get(view.colour)
    said = " · ".join(filter(None, (note, f"coloured by {colour['label']}" if colour else "")))
    figures.append(Figure("Two against each other", said, sweep_charts.scatter(points, x, y, colour)))
    figures += [
        Figure(f"Slice: {column['label']}", "", sweep_charts.scatter(points, column, result, None, sweep_charts.SLICE))
        for column in axes
        if result is not None and column is not result
    ]
    return figures


def _of_curves(services: Services, selection: RunSelection, asked: QueryParams, metrics: Sequence[str]) -> list[Figure]:
    view = CurveView.of(asked)
    chosen = view.charts or tuple(metrics[:CHARTS_BESIDE_A_TABLE])
    if not chosen:
        return []
    wanted = CurvesWanted(metrics=chosen, axis=view.axis, edges=(None, None), points=_POINTS)
    answer: Any = curves_of_view(services, selection, RunsView.of(asked), CurvesAsked(wanted=wanted, runs=view.runs))
    return [
        Figure(chart["metric"], answer["note"], curve_charts.curves(answer, chart, view.axis.value))
        for chart in answer["charts"]
    ]


def _of_bands(services: Services, path: SweepPath) -> list[Figure]:
    found: Any = bands_data(services, path)
    if not found["runs"]:
        return []
    return [Figure("Early termination", "red: worse than the threshold, the line", sweep_charts.bands(found))]
