"""What the charts of a sweep's page are drawn from, as JSON: no text in it is ever markup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sweepyard.domain.fields import RunField
from sweepyard.domain.names import shown_name
from sweepyard.domain.objective import Objective
from sweepyard.domain.ordering import rank_of
from sweepyard.domain.run_columns import CONFIG_PREFIX, SUMMARY_PREFIX, column_of, written_name, written_value
from sweepyard.domain.series import spread
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.views import RunsView, check_columns
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical, finite_number
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.sweep_analysis import SweptParameter

MOST_RUNS = 2_000
_MOST_COLUMNS = 32
_MOST_CATEGORIES = 40
_MOST_CHOICES = 12
"""A parameter with so many numbers to choose from has a place for each; with more it has a scale."""
_LOG_FROM = 1_000.0
"""Positive numbers whose greatest is so many times the least are shown on a logarithmic scale, where no distribution
in the sweep file decides it."""

_NAME, _STATE, _CREATED = column_of("name"), column_of("state"), column_of("created")


def points_data(services: Services, path: SweepPath, view: RunsView, names: Sequence[str]) -> JsonObject:
    """What the runs that pass the view's filter have in columns.

    Raises:
        NotFound: There is no such sweep.
        RequestInvalid: The filter breaks a rule, a column is none, or there are too many.
    """
    if len(names) > _MOST_COLUMNS:
        raise RequestInvalid([Violation(f"charts ask for at most {_MOST_COLUMNS} columns", f"{len(names):,}")])
    swept = {parameter.column: parameter for parameter in services.sweep_analysis.parameters(path)}
    objective = services.sweep_analysis.objective(path)
    check_columns(names)
    fields = {name: column_of(name) for name in dict.fromkeys(names)}
    selection = RunSelection(entity=path.entity, project=path.project, sweep_id=path.sweep_id)
    found = services.tables.columns(view.query(selection), {_NAME, _STATE, *fields.values()})
    chosen = spread(len(found.run_ids), MOST_RUNS).tolist()
    columns: list[JsonValue] = []
    for name, field in fields.items():
        values = [found.values[field][place] for place in chosen]
        columns.append({"name": name, "label": label_of(name), **_column(field, name, values, swept.get(name))})
    return {
        **sample_of(len(chosen), len(found.run_ids)),
        "objective": _objective(objective),
        "ids": [found.run_ids[place] for place in chosen],
        "names": [_name(found.values[_NAME][place], found.run_ids[place]) for place in chosen],
        "states": [found.values[_STATE][place] for place in chosen],
        "columns": columns,
    }


def results_data(services: Services, path: SweepPath) -> JsonObject:
    """The results of a sweep over the seconds since the first, and which of them were the best so far.

    Raises:
        NotFound: There is no such sweep.
    """
    results = services.sweep_analysis.results(path)
    begin = results[0].at if results else None
    better = [place for place, result in enumerate(results) if result.is_best]
    chosen = sorted({*spread(len(results), MOST_RUNS).tolist(), *better})
    return {
        **sample_of(len(chosen), len(results)),
        "objective": _objective(services.sweep_analysis.objective(path)),
        "results": [
            {
                "id": results[place].run_id,
                "name": texts.shortened(results[place].name),
                "seconds": (results[place].at - begin).total_seconds() if begin else 0.0,
                "value": results[place].value,
                "best": results[place].is_best,
            }
            for place in chosen
        ],
    }


def bands_data(services: Services, path: SweepPath) -> JsonObject:
    """Where the runs of a sweep stand by its early termination.

    Raises:
        NotFound: There is no such sweep.
    """
    standings = [each for each in services.sweeps.standings(path) if each.band is not None]
    known = services.sweep_overview.runs(path, [standings[place].run_id for place in spread(len(standings), MOST_RUNS)])
    return {
        **sample_of(len(known), len(standings)),
        "objective": _objective(services.sweep_analysis.objective(path)),
        "runs": [
            {
                "id": each.run_id,
                "name": _name(known[each.run_id].display_name, each.run_id),
                "state": known[each.run_id].state.value,
                "band": each.band,
                "value": each.value,
                "threshold": each.threshold,
                "of": each.runs,
            }
            for each in standings
            if each.run_id in known
        ],
    }


def sample_of(shown: int, total: int) -> JsonObject:
    """How many of how many there are, and, where not all are, how they were chosen."""
    note = f"{shown:,} of {total:,} runs, evenly chosen" if shown < total else ""
    return {"shown": shown, "total": total, "note": note}


def label_of(name: str) -> str:
    """A column's name as charts have it."""
    return texts.shortened(name.removeprefix(CONFIG_PREFIX).removeprefix(SUMMARY_PREFIX))


def _column(field: RunField, name: str, values: Sequence[JsonValue], swept: SweptParameter | None) -> JsonObject:
    """How a column is drawn, what it holds, and how a filter names it; NaN and infinities have no place."""
    written = {"written": written_name(name)}
    if field.is_time:
        moments = [datetime.fromisoformat(str(value)) if value else None for value in values]
        first = min(filter(None, moments), default=None)
        seconds: list[JsonValue] = [(each - first).total_seconds() if each and first else None for each in moments]
        return {"kind": "time", "values": seconds, "missing": seconds.count(None), "written": ""}
    present = [value for value in values if value is not None]
    are_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in present)
    if are_numbers and not (swept is not None and swept.is_choice and len(set(map(str, present))) <= _MOST_CHOICES):
        numbers = [finite_number(value) for value in values]
        finite = [number for number in numbers if number is not None]
        is_log = bool(finite) and min(finite) > 0
        if swept is not None and not swept.is_choice:
            is_log = is_log and swept.is_logarithmic  # What the sweep file says, whatever was drawn.
        else:
            is_log = is_log and max(finite) >= _LOG_FROM * min(finite)
        kind = "time" if name == "duration" else "log" if is_log else "linear"
        return {"kind": kind, "values": [*numbers], "missing": numbers.count(None), **written}
    return {"kind": "category", **_categories(values), **written}


def _categories(values: Sequence[JsonValue]) -> JsonObject:
    """The values as places in a list of categories; beyond the most there may be, the rarest are one category."""
    counts: dict[str, int] = {}
    of: dict[str, JsonValue] = {}
    keys = [None if value is None else dumps_canonical(value) for value in values]
    for key, value in zip(keys, values, strict=True):
        if key is not None:
            counts[key] = counts.get(key, 0) + 1
            of[key] = value
    kept = sorted(counts, key=lambda key: -counts[key])[:_MOST_CATEGORIES]
    ordered = sorted(kept, key=lambda key: rank_of(of[key]) or (3, key))
    places = {key: place for place, key in enumerate(ordered)}
    categories: list[JsonValue] = [
        {"label": texts.value_text(of[key]), "written": written_value(of[key])} for key in ordered
    ]
    rest = len(counts) - len(kept)
    if rest:
        categories.append({"label": f"{rest:,} other values", "written": ""})
    return {
        "categories": categories,
        "values": [None if key is None else places.get(key, len(ordered)) for key in keys],
        "missing": keys.count(None),
    }


def _objective(objective: Objective | None) -> JsonValue:
    if objective is None:
        return None
    return {"column": f"{SUMMARY_PREFIX}{objective.metric}", "label": objective.metric, "goal": objective.goal.value}


def _name(name: JsonValue, run_id: str) -> str:
    return texts.shortened(shown_name(str(name or ""), run_id))
