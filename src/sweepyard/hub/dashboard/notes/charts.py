"""A note's charts on its page: which runs they show, and where their numbers are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams

from sweepyard.domain.query import parse_query
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.curve_views import MOST_CHARTS
from sweepyard.hub.dashboard.links import sweep_link
from sweepyard.hub.dashboard.notes.markdown import ChartText, Prose, parts_of
from sweepyard.hub.dashboard.notes.notation import NO_SWEEP, ChartAsked, chart_asked
from sweepyard.hub.dashboard.tables import column_label
from sweepyard.hub.dashboard.views import RunsView, check_columns
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """Charts of the same runs.

    Attributes:
        key: Tells them apart from the note's others.
        metrics: A chart for each.
        data_url: Where their numbers are, without a query.
        runs_url: What the addresses of the runs drawn begin with.
        query: What they ask by.
        look: How they are drawn, as their script reads it.
        of: Which runs these are, in words.
    """

    key: str
    metrics: tuple[str, ...]
    data_url: str
    runs_url: str
    query: str
    most: int
    look: dict[str, object]
    of: str


@dataclass(frozen=True, slots=True)
class Undrawn:
    """A block that asks for what there is not."""

    problems: tuple[str, ...]


Part = Prose | Charts | Undrawn


def note_parts(services: Services, note: str, pinned: RunSelection) -> tuple[Part, ...]:
    """What a page shows of a note, from the top.

    Args:
        pinned: The runs of what the note is pinned to.
    """
    parts: list[Part] = []
    for part in parts_of(note):
        if isinstance(part, ChartText):
            parts.append(_drawn(services, part, pinned, f"charts-{len(parts)}"))
        else:
            parts.append(part)
    return tuple(parts)


def chart_faults(services: Services, note: str, pinned: RunSelection) -> list[Violation]:
    """What is wrong with the charts that a note asks for."""
    blocks = [part for part in parts_of(note) if isinstance(part, ChartText)]
    violations: list[Violation] = []
    metrics = 0
    for block in blocks:
        asked, faults = chart_asked(block)
        metrics += len(asked.metrics)
        violations += faults + _source_faults(services, asked, pinned, block)
    if metrics > MOST_CHARTS:
        violations.append(Violation(f"a report has at most {MOST_CHARTS} charts", str(metrics)))
    return violations


def _drawn(services: Services, block: ChartText, pinned: RunSelection, key: str) -> Charts | Undrawn:
    asked, faults = chart_asked(block)
    faults += _source_faults(services, asked, pinned, block)
    if faults:
        return Undrawn(tuple(map(str, faults)))
    path, of = _source(services, asked, pinned)
    view = _view(asked)
    query = urls.with_query("", [*view.pairs(), ("chart-x", asked.axis.value), ("chart-runs", str(asked.most))])
    return Charts(
        key=f"{key} {block.text}",
        metrics=asked.metrics,
        data_url=urls.curves_url(path),
        runs_url=urls.runs_url(urls.project_url(pinned.entity, pinned.project)),
        query=query.removeprefix("?"),
        most=asked.most,
        look={
            "axis": asked.axis.value,
            "logX": "x" in asked.logarithmic,
            "logY": "y" in asked.logarithmic,
            "smoothing": asked.smoothing / 100,
        },
        of=of,
    )


def _source_faults(services: Services, asked: ChartAsked, pinned: RunSelection, block: ChartText) -> list[Violation]:
    """What is wrong with the runs that a chart asks for."""
    sweep_id = _sweep_id(asked, pinned)
    violations: list[Violation] = []
    if sweep_id and services.sweeps.find(SweepPath(pinned.entity, pinned.project, sweep_id)) is None:
        hint = f"`sweep: {NO_SWEEP}` draws all runs of the project"
        violations.append(Violation("the project has no such sweep", repr(sweep_id[:40]), hint))
    checks: tuple[Callable[[], object], ...] = (
        lambda: _view(asked),
        lambda: check_columns([*asked.group, *filter(None, [asked.sort.lstrip("+-")])]),
        lambda: parse_query(asked.runs),
    )
    for check in checks:
        try:
            check()
        except RequestInvalid as error:
            violations += error.violations
    return [
        replace(each, where=f"line {block.line}" + (f":\n{each.where}" if each.where else "")) for each in violations
    ]


def _source(services: Services, asked: ChartAsked, pinned: RunSelection) -> tuple[str, str]:
    """The page whose runs are drawn, and which of them are, in words."""
    page, name = urls.project_url(pinned.entity, pinned.project), "Runs of the project"
    sweep_id = _sweep_id(asked, pinned)
    if sweep_id:
        sweep = services.sweeps.get(SweepPath(pinned.entity, pinned.project, sweep_id))
        page, name = urls.sweep_url(sweep.path), f"Runs of the sweep {sweep_link(sweep).text}"
    words = (
        name,
        f"with {texts.shortened(asked.runs)}" if asked.runs else "",
        f"in groups by {', '.join(map(column_label, asked.group))}" if asked.group else "",
    )
    return page, " ".join(filter(None, words))


def _sweep_id(asked: ChartAsked, pinned: RunSelection) -> str:
    return "" if asked.sweep == NO_SWEEP else asked.sweep or pinned.sweep_id or ""


def _view(asked: ChartAsked) -> RunsView:
    pairs = [("filter", asked.runs), ("sort", asked.sort), *(("group", name) for name in asked.group)]
    return RunsView.of(QueryParams(pairs))
