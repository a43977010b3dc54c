"""The numbers of charts of curves, for their scripts.

Lines of a chart are runs, or groups of runs where the view of a page has groups; few enough to be told apart, and the
answer says of how many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sweepyard.domain.curves import Curve
from sweepyard.domain.fields import field_of
from sweepyard.domain.names import shown_name
from sweepyard.domain.run import RunPath
from sweepyard.domain.run_columns import column_of
from sweepyard.domain.series import spread
from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.curve_numbers import chart_of
from sweepyard.hub.dashboard.curve_views import CurvesAsked
from sweepyard.hub.dashboard.tables import column_label, group_key, shown_of, sorted_groups
from sweepyard.hub.dashboard.views import RunsView, check_columns
from sweepyard.jsonvalue import JsonValue
from sweepyard.services.bundle import Services
from sweepyard.services.curves import GroupCurve
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.run_tables import RunQuery

_NAME = field_of("display_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a chart draws one line for.

    Attributes:
        key: A run's id, or what tells a group apart.
        stamp: Changes with the run; 0 where nobody need know.
        runs: The runs of a group; none for a run.
    """

    key: str
    name: str
    stamp: int = 0
    runs: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """As scripts have it."""
        return {"key": self.key, "name": self.name, "stamp": self.stamp, "runs": len(self.runs)}


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a chart, and, where they are not all, a text that says which they are."""

    lines: tuple[Line, ...]
    note: str = ""


def curves_of_run(services: Services, path: RunPath, asked: CurvesAsked) -> dict[str, object]:
    """The curves of one run.

    Raises:
        NotFound: There is no such run.
    """
    run = services.runs.get(path)
    lines = Lines((Line(key=path.run_id, name=_name(run.display_name, path.run_id)),))
    return _of_runs(services, path.entity, path.project, lines, asked)


def curves_of_view(
    services: Services, selection: RunSelection, view: RunsView, asked: CurvesAsked
) -> dict[str, object]:
    """The curves of the runs of a view: those that are ticked, or the first in its order; its groups where it has some.

    Raises:
        RequestInvalid: The view's filter breaks a rule, or a column is none.
    """
    check_columns([*view.group, *filter(None, [view.sort_column])])
    query = view.query(selection)
    if view.selected:  # whatever the filter leaves: somebody chose them
        query = RunQuery(selection=selection, order=query.order, only=frozenset(view.selected))
    entity, project = selection.entity, selection.project
    if view.group:
        return _of_groups(services, entity, project, _groups(services, query, view, asked.runs), asked)
    return _of_runs(services, entity, project, _runs(services, query, view, asked.runs), asked)


def _runs(services: Services, query: RunQuery, view: RunsView, most: int) -> Lines:
    found = services.tables.columns(query, (_NAME,))
    total = len(found.run_ids)
    places = spread(total, most).tolist() if view.selected else range(min(total, most))
    names = {found.run_ids[place]: found.values[_NAME][place] for place in places}
    stamps = services.tables.stamps(query.selection, names)
    lines = tuple(
        Line(key=run_id, name=_name(name, run_id), stamp=stamps[run_id])
        for run_id, name in names.items()
        if run_id in stamps
    )
    if total <= most:
        return Lines(lines)
    which = f"{most:,} of {total:,} selected runs, evenly chosen"
    return Lines(lines, which if view.selected else f"The first {most:,} of {total:,} runs, in the table's order")


def _groups(services: Services, query: RunQuery, view: RunsView, most: int) -> Lines:
    by = [column_of(name) for name in view.group]
    found = services.tables.groups(query, by, {column_of(name) for name in filter(None, [view.sort_column])})
    groups = shown_of(sorted_groups(found, view), view)
    total = sum(len(group.places) for group in groups)
    in_groups = [(number, place) for number, group in enumerate(groups) for place in group.places]
    kept: dict[int, list[str]] = {}
    for index in spread(total, most).tolist():
        number, place = in_groups[index]
        kept.setdefault(number, []).append(found.columns.run_ids[place])
    lines = tuple(
        Line(
            key=group_key(groups[number], view),
            name=unicode_text(
                ", ".join(
                    f"{column_label(name)} = {texts.value_text(value)}"
                    for name, value in zip(view.group, groups[number].values, strict=True)
                )
            ),
            runs=tuple(run_ids),
        )
        for number, run_ids in kept.items()
    )
    if not groups and found.groups:
        return Lines((), "All groups are hidden")
    which = "all groups" if len(groups) == len(found.groups) else "the groups shown"
    return Lines(lines, f"{most:,} of {total:,} runs, evenly chosen of {which}" if total > most else "")


def _of_runs(services: Services, entity: str, project: str, lines: Lines, asked: CurvesAsked) -> dict[str, object]:
    paths = {RunPath(entity, project, line.key): number for number, line in enumerate(lines.lines)}
    unknown = [path for path, number in paths.items() if lines.lines[number].stamp not in asked.known]
    found = services.curves.of_runs(unknown, asked.wanted)
    return _answer(
        lines, {metric: {paths[path]: curve for path, curve in curves.items()} for metric, curves in found.items()}
    )


def _of_groups(services: Services, entity: str, project: str, lines: Lines, asked: CurvesAsked) -> dict[str, object]:
    groups = [[RunPath(entity, project, run_id) for run_id in line.runs] for line in lines.lines]
    found = services.curves.of_groups(groups, asked.wanted)
    return _answer(
        lines,
        {
            metric: {number: curve for number, curve in enumerate(curves) if curve is not None}
            for metric, curves in found.items()
        },
    )


def _answer(lines: Lines, charts: Mapping[str, Mapping[int, Curve | GroupCurve]]) -> dict[str, object]:
    return {
        "note": lines.note,
        "lines": [line.as_json() for line in lines.lines],
        "charts": [{"metric": metric, **chart_of(curves)} for metric, curves in charts.items()],
    }


def _name(display_name: JsonValue, run_id: str) -> str:
    return unicode_text(texts.shortened(shown_name(str(display_name or ""), run_id)))


def unicode_text(text: str) -> str:
    """The text, half surrogate pairs (as JSON may hold) escaped."""
    return text.encode("utf-8", "backslashreplace").decode()
