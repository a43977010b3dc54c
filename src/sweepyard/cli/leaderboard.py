"""The end of a sweep: its runs in order, the best first."""

from __future__ import annotations

import os
import shlex
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweepyard.cli.output import duration, number, print_table
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical
from sweepyard.settings import DEFAULT_PROJECT, own_command

if TYPE_CHECKING:
    from sweepyard.domain.sweep import SweepPath
    from sweepyard.tracking.records import RunRecord, SweepRecord

_MOST_ROWS = 20


def print_leaderboard(sweep: SweepRecord) -> None:
    """Print the runs that have a value of the objective, the best first, then the ones that have none.

    With several objectives a star marks the runs that no other beats in all of them; where points are repeated, a
    second table sums up their runs.
    """
    ranked = sweep.ranked()
    rest = [run for run in sweep.runs if run not in ranked]
    keys = swept_keys(sweep)
    metric = sweep.objective.metric if sweep.objective else "objective"
    others = sweep.objectives[1:]
    front = {run.path for run in sweep.front()} if others else set()
    rows = []
    for place, run in enumerate([*ranked, *rest][:_MOST_ROWS], start=1):
        value = run.objective_value(sweep.objective) if sweep.objective else None
        rows.append(
            [
                (str(place) if value is not None else "-") + ("*" if run.path in front else ""),
                run.path.run_id,
                *(str(swept_value(run, key)) for key in keys),
                number(value),
                *(number(run.objective_value(other)) for other in others),
                duration(run.duration_seconds) if run.duration_seconds is not None else "-",
                run.state,
            ]
        )
    print_table(["", "run", *keys, metric, *(other.metric for other in others), "took", "state"], rows)
    if len(sweep.runs) > _MOST_ROWS:
        print(f"... and {len(sweep.runs) - _MOST_ROWS} more: {listing_again(sweep.path)}")
    if sweep.repeats:
        _print_points(sweep)


def listing_again(sweep: SweepPath) -> str:
    """The command that lists the sweep's runs."""
    project = "" if sweep.project == DEFAULT_PROJECT else f" --project {shlex.quote(sweep.project)}"
    return f"{own_command(os.environ)} runs list{project} --sweep {sweep.sweep_id}"


def leaderboard_json(sweep: SweepRecord) -> JsonObject:
    """The same as JSON."""
    keys = swept_keys(sweep)
    runs: list[JsonValue] = [
        {
            "run": run.path.run_id,
            "state": run.state,
            "parameters": {key: swept_value(run, key) for key in keys},
            "value": run.objective_value(sweep.objective) if sweep.objective else None,
            "url": run.url,
        }
        for run in [*sweep.ranked(), *(run for run in sweep.runs if run not in sweep.ranked())]
    ]
    found: JsonObject = {
        "sweep": str(sweep.path),
        "state": sweep.state,
        "url": sweep.url,
        "metric": sweep.objective.metric if sweep.objective else None,
        "runs": runs,
    }
    if len(sweep.objectives) > 1:
        found["metrics"] = [objective.metric for objective in sweep.objectives]
        found["front"] = [run.path.run_id for run in sweep.front()]
    if sweep.repeats:
        found["points"] = [
            {
                "parameters": point.parameters,
                "runs": [run.path.run_id for run in point.runs],
                "mean": point.mean,
                "spread": point.spread,
                "n": point.count,
            }
            for point in points_of(sweep, keys)
        ]
    return found


@dataclass(frozen=True, slots=True)
class PointRecord:
    """All runs of one point.

    Attributes:
        mean: Of the objective, over the runs that have a value; None without any.
        spread: The sample standard deviation; None with fewer than two.
        count: How many runs have a value.
    """

    parameters: JsonObject
    runs: tuple[RunRecord, ...]
    mean: float | None
    spread: float | None
    count: int


def points_of(sweep: SweepRecord, keys: list[str]) -> list[PointRecord]:
    """The points with their runs, the best mean first, points without a value last."""
    grouped: dict[str, list[RunRecord]] = {}
    for run in sweep.runs:
        grouped.setdefault(dumps_canonical([swept_value(run, key) for key in keys]), []).append(run)
    found = []
    for runs in grouped.values():
        values = [run.objective_value(sweep.objective) for run in runs] if sweep.objective else []
        known = [value for value in values if value is not None]
        found.append(
            PointRecord(
                {key: swept_value(runs[0], key) for key in keys},
                tuple(runs),
                statistics.fmean(known) if known else None,
                statistics.stdev(known) if len(known) > 1 else None,
                len(known),
            )
        )
    sign = -1.0 if sweep.objective is not None and sweep.objective.better(1.0, 0.0) else 1.0
    return sorted(found, key=lambda point: (point.mean is None, sign * (point.mean or 0.0)))


def points_table(sweep: SweepRecord) -> tuple[list[str], list[list[str]]]:
    """The heads and the rows of a table of the points, the best mean first; parameters come before the last three."""
    keys = swept_keys(sweep)
    metric = sweep.objective.metric if sweep.objective else "objective"
    rows = [
        [
            *(str(value) for value in point.parameters.values()),
            number(point.mean),
            number(point.spread),
            str(point.count),
        ]
        for point in points_of(sweep, keys)
    ]
    return [*keys, f"mean {metric}", "spread", "n"], rows


def _print_points(sweep: SweepRecord) -> None:
    heads, rows = points_table(sweep)
    print()
    print_table(heads, rows[:_MOST_ROWS])
    if len(rows) > _MOST_ROWS:
        again = f"{own_command(os.environ)} watch {shlex.quote(str(sweep.path))} --once --json"
        print(f"... and {len(rows) - _MOST_ROWS} more points: {again}")


def swept_keys(sweep: SweepRecord) -> list[str]:
    """The parameters that vary."""
    parameters = sweep.config.get("parameters")
    if not isinstance(parameters, dict):
        return []
    return [key for key, rule in parameters.items() if not (isinstance(rule, dict) and "value" in rule)]


def swept_value(run: RunRecord, key: str) -> JsonValue:
    """What a run's config has of a parameter."""
    from sweepyard.domain.fields import descend

    value = run.config.get(key)
    return descend(run.config, key) if value is None else value
