"""Runs side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.access import Actor
from sweepyard.domain.names import shown_name
from sweepyard.domain.run import Run
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.comparing.differences import SideRow, config_rows, metric_rows
from sweepyard.hub.dashboard.comparing.pictures import Pictures, pictures_of
from sweepyard.hub.dashboard.comparing.repeats import Repeats, repeats_of
from sweepyard.hub.dashboard.comparing.view import FEWEST, MOST, CompareView
from sweepyard.hub.dashboard.curve_section import CurvesSection, curves_section, metrics_of_run
from sweepyard.hub.dashboard.curve_views import CurveView
from sweepyard.hub.dashboard.frame import Live, Page
from sweepyard.hub.dashboard.links import project_link
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.run_tables import RunQuery
from sweepyard.services.sweep_rows import parsed


@dataclass(frozen=True, slots=True)
class Side:
    """A run's column.

    Attributes:
        leave_url: The comparison without it; empty where too few would be left.
    """

    run_id: str
    name: str
    url: str
    state: str
    is_base: bool
    leave_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage(Page):
    """Runs side by side.

    Attributes:
        problem: Why there is nothing to compare; empty where there is.
        missing: Ids of runs that are not there.
        kept: What the choice of a base keeps of the view.
        keys_url: The view with all config keys; or, where it is this, with the differing ones.
    """

    template: ClassVar[str] = "compare.html"
    path: str
    view: CompareView
    choose_url: str
    problem: str = ""
    missing: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    keys_url: str = ""
    curves: CurvesSection | None = None
    config: tuple[SideRow, ...] = ()
    metrics: tuple[SideRow, ...] = ()
    repeats: Repeats | None = None
    pictures: Pictures | None = None


def compare_page(services: Services, actor: Actor, entity: str, project: str, asked: QueryParams) -> ComparePage:
    """The runs that the address asks for, in its order.

    Raises:
        NotFound: There is no such project.
        RequestInvalid: It asks for curves that cannot be.
    """
    view = CompareView.of(asked)
    mark = services.watching.project(entity, project)
    link = project_link(entity, project)
    runs = _runs(services, entity, project, view) if len(view.ids) <= MOST else ()
    there = {run.path.run_id for run in runs}
    page = ComparePage(
        title="Compare runs",
        username=actor.username,
        trail=(link,),
        path=urls.compare_url(entity, project),
        view=view,
        choose_url=link.url,
        problem=_problem(view, runs),
        missing=tuple(texts.shortened(run_id) for run_id in view.ids if run_id not in there) if runs else (),
    )
    if page.problem:
        return page
    base = next((place for place, run in enumerate(runs) if run.path.run_id == view.base), 0)
    return replace(
        page,
        # Runs that are over change too: somebody renames, resumes or deletes them.
        live=Live(urls.events_url(link.url), mark),
        sides=tuple(_side(run, number == base, view, page.path) for number, run in enumerate(runs)),
        kept=replace(view, base="").pairs(),
        curves=curves_section(
            link.url,
            link.url,
            CurveView.of(asked),
            {metric for run in runs for metric in metrics_of_run(services, run.path)},
            of_given_runs=True,
        ),
        keys_url=replace(view, all_keys=not view.all_keys).url(page.path),
        config=config_rows(runs, all_keys=view.all_keys),
        metrics=metric_rows(runs, base),
        repeats=repeats_of(runs, base, _seeds(services, runs)),
        pictures=pictures_of(services, runs),
    )


def _runs(services: Services, entity: str, project: str, view: CompareView) -> tuple[Run, ...]:
    """Those of the runs that there are, in the view's order."""
    query = RunQuery(selection=RunSelection(entity=entity, project=project), only=frozenset(view.ids))
    found = services.tables.page(query, number=1, size=MOST).runs
    return tuple(sorted(found, key=lambda run: view.ids.index(run.path.run_id)))


def _problem(view: CompareView, runs: tuple[Run, ...]) -> str:
    asked = len(view.ids)
    if not FEWEST <= asked <= MOST:
        return f"{FEWEST} to {MOST} runs can be compared; {asked} {'is' if asked == 1 else 'are'} chosen."
    if len(runs) < FEWEST:
        return f"Of the {asked} runs to compare, {len(runs)} {'is' if len(runs) == 1 else 'are'} still there."
    return ""


def _side(run: Run, is_base: bool, view: CompareView, path: str) -> Side:
    rest = tuple(run_id for run_id in view.ids if run_id != run.path.run_id)
    return Side(
        run_id=run.path.run_id,
        name=texts.shortened(shown_name(run.display_name, run.path.run_id)),
        url=urls.run_url(run.path),
        state=run.state.value,
        is_base=is_base,
        leave_url=replace(view, ids=rest).url(path) if len(rest) >= FEWEST else "",
    )


def _seeds(services: Services, runs: tuple[Run, ...]) -> frozenset[str]:
    """The keys under which the runs' sweeps put the seeds of repeats."""
    ids = {run.sweep_id for run in runs if run.sweep_id is not None}
    paths = [SweepPath(runs[0].path.entity, runs[0].path.project, sweep_id) for sweep_id in ids]
    sweeps = [sweep for path in paths if (sweep := services.sweeps.find(path)) is not None]
    found = [parsed(sweep.config_yaml).repeats for sweep in sweeps]
    return frozenset(".".join(each.path) for each in found if each is not None)
