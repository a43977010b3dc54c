"""Curves on a page: a chart a metric, with the choices that its address has (`dashboard.curve_views`).

A project's page, a sweep's and a run's show them; what the charts draw is asked for by their script.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sweepyard.domain.curves import Axis
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import Sweep
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.curve_views import MOST_SMOOTHING, RUN_COUNTS, CurveView
from sweepyard.hub.dashboard.interest import by_interest
from sweepyard.hub.dashboard.runs_section import Choice
from sweepyard.services.bundle import Services
from sweepyard.services.sweep_rows import parsed

CHARTS_BESIDE_A_TABLE = 3
CHARTS_OF_A_RUN = 9

_LABELS = {Axis.STEP: "Step", Axis.EPOCH: "Epoch", Axis.TIME: "Time since the start"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvesSection:
    """The curves of a page.

    Attributes:
        data_url: Where the charts' numbers are, without the page's query.
        runs_url: What the addresses of the runs drawn begin with.
        charts: The metrics drawn.
        metrics: Those that can be chosen, the most telling first.
        run_choices: How many runs may be drawn; none where a page names its runs.
    """

    data_url: str
    runs_url: str
    view: CurveView
    charts: tuple[str, ...]
    metrics: tuple[str, ...]
    axis_choices: tuple[Choice, ...]
    run_choices: tuple[Choice, ...]
    most_smoothing: int = MOST_SMOOTHING


def curves_section(
    project: str,
    path: str,
    view: CurveView,
    metrics: Iterable[str],
    *,
    objectives: Sequence[str] = (),
    rare: Collection[str] = (),
    of_given_runs: bool = False,
) -> CurvesSection:
    """The curves that a view shows on the page at `path`.

    Args:
        project: The address of the runs' project.
        metrics: Those that the page's runs have logged, as far as known.
        objectives: Those of them that a search is for.
        rare: Those of them that few runs have.
        of_given_runs: Whether the page is about runs that its address names, so that there are no others to choose.
    """
    listed = by_interest(metrics, objectives, rare)
    usual = CHARTS_OF_A_RUN if of_given_runs else CHARTS_BESIDE_A_TABLE
    return CurvesSection(
        data_url=urls.curves_url(path),
        runs_url=urls.runs_url(project),
        view=view,
        charts=view.charts or listed[:usual],
        metrics=listed,
        axis_choices=tuple(Choice(each.value, _LABELS[each], each is view.axis) for each in Axis),
        run_choices=()
        if of_given_runs
        else tuple(Choice(str(count), f"{count} runs", count == view.runs) for count in RUN_COUNTS),
    )


def metrics_of_run(services: Services, path: RunPath) -> tuple[str, ...]:
    """What a run has logged numbers of.

    Raises:
        NotFound: There is no such run.
    """
    keys = services.history.keys(path).keys
    return tuple(key for key, known in keys.items() if "number" in known.type_counts and not key.startswith("_"))


def objectives_of(sweeps: Iterable[Sweep]) -> tuple[str, ...]:
    """The metrics that these sweeps search for, those of the first first."""
    names = (objective.metric for sweep in sweeps for objective in parsed(sweep.config_yaml).objectives)
    return tuple(dict.fromkeys(names))
