"""The end of a sweep: its runs in order, the best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweepyard.cli.output import duration, number, print_table
from sweepyard.jsonvalue import JsonObject, JsonValue

if TYPE_CHECKING:
    from sweepyard.tracking.records import RunRecord, SweepRecord

_MOST_ROWS = 20


def print_leaderboard(sweep: SweepRecord) -> None:
    """Print the runs that have a value of the objective, the best first, then the ones that have none."""
    ranked = sweep.ranked()
    rest = [run for run in sweep.runs if run not in ranked]
    keys = swept_keys(sweep)
    metric = sweep.objective.metric if sweep.objective else "objective"
    rows = []
    for place, run in enumerate([*ranked, *rest][:_MOST_ROWS], start=1):
        value = run.objective_value(sweep.objective) if sweep.objective else None
        rows.append(
            [
                str(place) if value is not None else "-",
                run.path.run_id,
                *(str(_swept_value(run, key)) for key in keys),
                number(value),
                duration(run.duration_seconds) if run.duration_seconds is not None else "-",
                run.state,
            ]
        )
    print_table(["", "run", *keys, metric, "took", "state"], rows)
    if len(sweep.runs) > _MOST_ROWS:
        print(f"... and {len(sweep.runs) - _MOST_ROWS} more: sweepyard runs list --sweep {sweep.path.sweep_id}")


def leaderboard_json(sweep: SweepRecord) -> JsonObject:
    """The same as JSON."""
    keys = swept_keys(sweep)
    runs: list[JsonValue] = [
        {
            "run": run.path.run_id,
            "state": run.state,
            "parameters": {key: _swept_value(run, key) for key in keys},
            "value": run.objective_value(sweep.objective) if sweep.objective else None,
            "url": run.url,
        }
        for run in [*sweep.ranked(), *(run for run in sweep.runs if run not in sweep.ranked())]
    ]
    return {
        "sweep": str(sweep.path),
        "state": sweep.state,
        "url": sweep.url,
        "metric": sweep.objective.metric if sweep.objective else None,
        "runs": runs,
    }


def swept_keys(sweep: SweepRecord) -> list[str]:
    """The parameters that vary."""
    parameters = sweep.config.get("parameters")
    if not isinstance(parameters, dict):
        return []
    return [key for key, rule in parameters.items() if not (isinstance(rule, dict) and "value" in rule)]


def _swept_value(run: RunRecord, key: str) -> JsonValue:
    from sweepyard.domain.fields import descend

    value = run.config.get(key)
    return descend(run.config, key) if value is None else value
