"""A sweep's report on a W&B server, made by the package `wandb-workspaces` (the extra `report`).

That package looks up the server and the key by itself, as `wandb.Api()` does: who calls has put them where it looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import yaml

from sweepyard.domain.objective import Goal
from sweepyard.errors import TrackingError
from sweepyard.jsonvalue import JsonObject, JsonValue, finite_number, flattened
from sweepyard.tracking.records import RunRecord, SweepRecord

_MOST_TITLE = 128  # W&B's own bound
_MOST_METRICS = 4
_MOST_AXES = 8
_MOST_RUNS = 10
_WIDTH, _HEIGHT = 12, 8  # of a panel; a grid is 24 wide


@dataclass(frozen=True, slots=True)
class SavedReport:
    """A report on a server."""

    report_id: str
    title: str
    url: str


def save_report(sweep: SweepRecord, now: datetime) -> SavedReport:
    """Make a new report of a sweep: how it stands, its charts, its best runs, its file.

    Raises:
        TrackingError: The package is not there, or the server does not take the report.
    """
    try:
        import wandb_workspaces.reports.v2 as library
    except ImportError as error:
        raise TrackingError("reports need wandb-workspaces: install Sweepyard with the extra `report`") from error
    blocks: Any = library
    title = f"{sweep.name}, {now:%Y-%m-%d %H:%M} UTC"[-_MOST_TITLE:]
    try:
        report: Any = blocks.Report(
            entity=sweep.path.entity,
            project=sweep.path.project,
            title=title,
            description=f"The sweep {sweep.path.sweep_id}, as of {now:%Y-%m-%d %H:%M} UTC",
            blocks=[
                blocks.MarkdownBlock(_standing(sweep)),
                blocks.PanelGrid(runsets=[_runs_of(blocks, sweep)], panels=_panels(blocks, sweep)),
                *([blocks.MarkdownBlock(_best_runs(sweep))] if sweep.ranked() else []),
                blocks.H2("Sweep file"),
                blocks.CodeBlock(yaml.safe_dump(sweep.config, sort_keys=False, allow_unicode=True), language="yaml"),
            ],
        )
        report.save()
    except Exception as error:  # the package raises whatever its own libraries do
        raise TrackingError(f"the server did not take the report: {type(error).__name__}: {error}") from error
    return SavedReport(str(report.id), title, report_url(sweep, title, str(report.id)))


def report_url(sweep: SweepRecord, title: str, report_id: str) -> str:
    """Where a report of a sweep's project is shown.

    Servers go by what stands behind the last `--`. The package puts the title before it as it is, which is no address
    where the title has more than letters in it: a slash alone makes it another path.
    """
    root = sweep.url.rsplit("/", 4)[0]  # entity/project/sweeps/id
    name = "-".join(re.findall(r"[A-Za-z0-9]+", title)) or "report"
    return "/".join(
        [root, *map(_part, (sweep.path.entity, sweep.path.project)), "reports", f"{name}--{_part(report_id)}"]
    )


def _part(text: str) -> str:
    return quote(text, safe="")


def parameters_of(config: JsonObject) -> tuple[str, ...]:
    """The dotted names of the parameters that a sweep file varies, in its order."""
    parameters = config.get("parameters")
    return tuple(_varied(parameters if isinstance(parameters, dict) else {}, ""))


def metrics_of(sweep: SweepRecord) -> tuple[str, ...]:
    """The metrics that tell most of a sweep: its objectives, then the best run's other numbers, validation first."""
    objectives = [objective.metric for objective in sweep.objectives]
    telling = sweep.best or next(iter(sweep.runs), None)
    others = [
        key
        for key, value in flattened(telling.summary if telling else {}).items()
        if finite_number(value) is not None and not key.startswith("_")
    ]
    others.sort(key=lambda key: (not key.rpartition("/")[2].startswith("val"), key))
    return tuple(dict.fromkeys([*objectives, *others]))[:_MOST_METRICS]


def _varied(parameters: Mapping[str, JsonValue], above: str) -> Iterator[str]:
    for name, told in parameters.items():
        if not isinstance(told, dict):
            continue
        nested = told.get("parameters")
        if isinstance(nested, dict):
            yield from _varied(nested, f"{above}{name}.")
        elif "value" not in told:
            yield f"{above}{name}"


def _runs_of(blocks: Any, sweep: SweepRecord) -> Any:
    return blocks.Runset(
        entity=sweep.path.entity,
        project=sweep.path.project,
        name="Runs of the sweep",
        filters=f"Metric('Sweep') == '{sweep.path.sweep_id}'",
    )


def _panels(blocks: Any, sweep: SweepRecord) -> list[Any]:
    parameters, objective = parameters_of(sweep.config), sweep.objective
    places = (blocks.Layout(x=24 * (n % 2) // 2, y=_HEIGHT * (n // 2), w=_WIDTH, h=_HEIGHT) for n in range(100))
    panels = [blocks.LinePlot(title=metric, x="Step", y=[metric], layout=next(places)) for metric in metrics_of(sweep)]
    if objective is None or not parameters:
        return panels
    result = blocks.SummaryMetric(objective.metric)
    axes = [blocks.Config(name) for name in parameters[:_MOST_AXES]]
    return [
        *panels,
        blocks.ParallelCoordinatesPlot(
            columns=[blocks.ParallelCoordinatesPlotColumn(axis) for axis in (*axes, result)], layout=next(places)
        ),
        blocks.ParameterImportancePlot(with_respect_to=objective.metric, layout=next(places)),
        *(blocks.ScatterPlot(x=axis, y=result, layout=next(places)) for axis in axes[:2]),
    ]


def _standing(sweep: SweepRecord) -> str:
    states = [run.state for run in sweep.runs]
    counted = ", ".join(f"{states.count(state):,} {state}" for state in dict.fromkeys(states)) or "none yet"
    lines = [
        f"- Sweep: [{_escaped(sweep.name)}]({sweep.url}), {sweep.state.lower()}",
        f"- Method: {sweep.config.get('method')}",
        f"- Runs: {counted}" + (f", of {sweep.bound:,} at most" if sweep.bound else ""),
    ]
    if sweep.objective is not None:
        aim = "as small as possible" if sweep.objective.goal is Goal.MINIMIZE else "as great as possible"
        lines.append(f"- Objective: `{sweep.objective.metric}`, {aim}")
    if sweep.best is not None and sweep.objective is not None:
        value = sweep.best.objective_value(sweep.objective)
        lines.append(f"- Best: [{_escaped(sweep.best.name)}]({sweep.best.url}) with {value:.6g}")
    return "\n".join(lines)


def _best_runs(sweep: SweepRecord) -> str:
    parameters = parameters_of(sweep.config)[:_MOST_AXES]
    heads = ["run", *parameters, *(objective.metric for objective in sweep.objectives)]
    rows = [_row(run, parameters, sweep) for run in sweep.ranked()[:_MOST_RUNS]]
    table = [heads, ["---"] * len(heads), *rows]
    return "## Best runs\n\n" + "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in table)


def _row(run: RunRecord, parameters: Sequence[str], sweep: SweepRecord) -> list[str]:
    config = flattened(run.config)
    chosen = [config.get(name, run.config.get(name)) for name in parameters]
    results = [run.objective_value(objective) for objective in sweep.objectives]
    said = ["–" if value is None else str(value) for value in chosen]
    return [run.name, *said, *("–" if value is None else f"{value:.6g}" for value in results)]


def _cell(text: str) -> str:
    return text if text == "---" else _escaped(text)


def _escaped(text: str) -> str:
    special = "\\`*_[]<>|"
    return "".join(f"\\{letter}" if letter in special else letter for letter in text.replace("\n", " "))
