"""The charts of a sweep's page: where their data is, what may be chosen, and what stands there without scripts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams

from sweepyard.domain.run import RunPath
from sweepyard.domain.run_columns import SUMMARY_PREFIX, written_name
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link
from sweepyard.hub.dashboard.runs_section import Choice
from sweepyard.hub.dashboard.sweep_sections.chart_view import NAMES, NO_COLOUR, ChartView, axis_choices, column_choices
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.services.newest_runs import Telling
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.sweep_analysis import SweepAnalysis

_MOST_STEPS = 20


@dataclass(frozen=True, slots=True)
class Step:
    """When the best result became better.

    Attributes:
        after: The time since the first result.
        run: The run, and its value beside it.
    """

    after: str
    run: Link


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts of a sweep's page.

    Attributes:
        path: The page's.
        kept: What the forms keep of the address beside their own fields.
        view: The columns that are shown.
        axes: The names of the parallel axes, and as a filter writes them.
        objective: The column of the objective; empty without one.
        csv_url: The same columns of the runs in the table, as a file.
        steps: How the best result came about, the newest step first.
        more_steps: How many earlier steps there are.
    """

    path: str
    points_url: str
    results_url: str
    bands_url: str
    kept: tuple[tuple[str, str], ...]
    view: ChartView
    axes: tuple[dict[str, str], ...]
    objective: str
    axis_choices: tuple[Choice, ...]
    x_choices: tuple[Choice, ...]
    y_choices: tuple[Choice, ...]
    colour_choices: tuple[Choice, ...]
    metric: str
    csv_url: str
    steps: tuple[Step, ...]
    more_steps: int


def charts(
    selection: RunSelection, page: str, parameters: QueryParams, analysis: SweepAnalysis, telling: Telling
) -> Charts:
    """The charts as an address has them.

    Raises:
        RequestInvalid: It names a column that is none.
    """
    view = ChartView.of(parameters, analysis)
    objective = [f"{SUMMARY_PREFIX}{analysis.objective.metric}"] if analysis.objective else []
    columns = tuple(dict.fromkeys((*view.axes, *objective, *view.scattered)))
    steps = _steps(selection, analysis)
    none = Choice(NO_COLOUR, "one colour", not view.colour)
    return Charts(
        path=page,
        points_url=urls.sweep_points_url(page),
        results_url=urls.sweep_results_url(page),
        bands_url=urls.sweep_bands_url(page),
        kept=tuple((name, value) for name, value in parameters.multi_items() if name not in NAMES),
        view=view,
        axes=tuple({"name": name, "written": written_name(name)} for name in dict.fromkeys((*view.axes, *objective))),
        objective=next(iter(objective), ""),
        axis_choices=axis_choices(view, analysis),
        x_choices=column_choices(view.x, analysis, telling),
        y_choices=column_choices(view.y, analysis, telling),
        colour_choices=(none, *column_choices(view.colour, analysis, telling)),
        metric=texts.shortened(analysis.objective.metric) if analysis.objective else "",
        csv_url=replace(RunsView.of(parameters), columns=columns).url(urls.table_url(page, "csv")),
        steps=steps[:_MOST_STEPS],
        more_steps=max(0, len(steps) - _MOST_STEPS),
    )


def _steps(selection: RunSelection, analysis: SweepAnalysis) -> tuple[Step, ...]:
    results = analysis.results
    return tuple(
        Step(
            texts.duration_text(results[0].at, each.at),
            Link(
                texts.shortened(each.name),
                urls.run_url(RunPath(selection.entity, selection.project, each.run_id)),
                texts.number_text(each.value),
            ),
        )
        for each in reversed(results)
        if each.is_best
    )
