"""`sweepyard runs`: list, show and compare what was tracked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import settings_now
from sweepyard.cli.reading import FROM, path_of, reader_of
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.domain.run import RunState
from sweepyard.errors import InvalidInput, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.settings import DEFAULT_PROJECT

if TYPE_CHECKING:
    from sweepyard.tracking.records import RunRecord

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_PROJECT = click.option("--project", default=DEFAULT_PROJECT, show_default=True, help="Of the runs.")
_ENTITY = click.option("--entity", help="Of the project; by default yours.")
# What a list shows of a run's summary, where it is there.
_SHOWN = ("best/val_accuracy", "best/val_loss", "best/epoch", "test/accuracy")
_NOT_COMPARED = ("provenance.", "code.", "output")


@click.group(
    "runs",
    context_settings=CONTEXT,
    epilog=examples("sweepyard runs list --sort best/val_accuracy", "sweepyard runs compare ab12cd34 ef56gh78"),
)
def command() -> None:
    """List, show and compare runs."""


@command.command(
    "list", epilog=examples("sweepyard runs list", "sweepyard runs list --sweep x1y2z3w4 --sort epoch/val_accuracy")
)
@_PROJECT
@_ENTITY
@click.option("--sweep", help="Only the runs of this sweep.")
@click.option(
    "--state",
    type=click.Choice([state.value for state in RunState]),
    help="Only the runs in this state, for example finished.",
)
@click.option("--sort", metavar="METRIC", help="Greatest value of the summary first; by default the newest first.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many.")
@FROM
@_JSON
def list_runs(
    project: str,
    entity: str | None,
    sweep: str | None,
    state: str | None,
    sort: str | None,
    limit: int,
    source: str,
    as_json: bool,
) -> None:
    """List a project's runs."""
    from sweepyard.cli.output import duration, number, print_json, print_table

    filters: JsonObject = {}
    if sweep:
        filters["sweep"] = sweep
    if state:
        filters["state"] = state
    order = f"-summary_metrics.{sort}" if sort else "-created_at"
    with reader_of(source, settings_now()) as reader:
        records = reader.runs(project, entity, filters, order, limit)
    if sort and records and not any(sort in record.summary for record in records):
        from sweepyard.config.names import hint_for

        names = sorted({name for record in records for name in record.summary})
        raise InvalidInput(
            [Violation("--sort takes a metric of some run's summary", repr(sort), hint_for(sort, names))]
        )
    if as_json:
        print_json([_as_json(record) for record in records])
        return
    if not records:
        print(f"no runs in {project}" + (" that match" if filters else ""))
        return
    shown = [*([sort] if sort and sort not in _SHOWN else []), *_SHOWN]
    columns = [name for name in shown if any(name in record.summary for record in records)]
    print_table(
        ["run", "name", "state", "sweep", "created (UTC)", "took", *columns],
        [
            [
                record.path.run_id,
                record.name,
                record.state,
                record.sweep_id or "-",
                f"{record.created_at:%Y-%m-%d %H:%M}",
                duration(record.duration_seconds) if record.duration_seconds is not None else "-",
                *(number(record.summary.get(name)) for name in columns),
            ]
            for record in records
        ],
    )


@command.command(epilog=examples("sweepyard runs show ab12cd34", "sweepyard runs show ab12cd34 --history --json"))
@click.argument("run")
@_PROJECT
@click.option("--history", is_flag=True, help="Show the metrics of each epoch too.")
@FROM
@_JSON
def show(run: str, project: str, history: bool, source: str, as_json: bool) -> None:
    """Show one run: state, config, summary."""
    from sweepyard.cli.output import number, print_json, print_table
    from sweepyard.jsonvalue import flatten

    with reader_of(source, settings_now()) as reader:
        record = reader.run(path_of(run, project=project))
        rows = reader.history(record.path) if history else []
    if as_json:
        document = _as_json(record)
        if history:
            document["history"] = list[JsonValue](rows)
        print_json(document)
        return
    print(f"{record.path}  {record.name}  {record.state}" + (f"  sweep {record.sweep_id}" if record.sweep_id else ""))
    print(record.url)
    print()
    print_table(["config", "value"], [[key, _text(value)] for key, value in sorted(flatten(record.config))])
    print()
    # Media are mappings; the run's page shows them.
    plain = [(key, value) for key, value in sorted(record.summary.items()) if isinstance(value, int | float | str)]
    print_table(["summary", "value"], [[key, number(value)] for key, value in plain])
    if history:
        from sweepyard.domain import metrics

        epochs = [row for row in rows if metrics.EPOCH_NUMBER in row]
        names = [name for name in metrics.LOGGED_BY_EPOCH if any(name in row for row in epochs)]
        print()
        print_table(names, [[number(row.get(name)) for name in names] for row in epochs])


@command.command(epilog=examples("sweepyard runs compare ab12cd34 ef56gh78", "sweepyard runs compare a b c --json"))
@click.argument("runs", nargs=-1, required=True)
@_PROJECT
@FROM
@_JSON
def compare(runs: tuple[str, ...], project: str, source: str, as_json: bool) -> None:
    """Show side by side where the configs of runs differ, and their best metrics."""
    from sweepyard.cli.output import number, print_json, print_table

    if len(runs) < 2:
        raise click.UsageError(f"a comparison needs two runs or more; received {len(runs)}")
    with reader_of(source, settings_now()) as reader:
        records = [reader.run(path_of(run, project=project)) for run in runs]
    differences = config_differences([record.config for record in records])
    scores = {name: [record.summary.get(name) for record in records] for name in _SHOWN}
    scores = {name: values for name, values in scores.items() if any(value is not None for value in values)}
    if as_json:
        print_json(
            {
                "runs": [str(record.path) for record in records],
                "config": {key: list(values) for key, values in differences.items()},
                "metrics": {name: list(values) for name, values in scores.items()},
            }
        )
        return
    heads = [record.path.run_id for record in records]
    if differences:
        print_table(
            ["config", *heads], [[key, *(_text(value) for value in values)] for key, values in differences.items()]
        )
    else:
        print("the configs are the same")
    print()
    print_table(["metric", *heads], [[name, *(number(value) for value in values)] for name, values in scores.items()])


def config_differences(configs: list[JsonObject]) -> dict[str, list[JsonValue]]:
    """The dotted keys whose values are not the same in all configs; None where a config lacks the key."""
    from sweepyard.jsonvalue import flatten

    flat = [dict(flatten(config)) for config in configs]
    keys = dict.fromkeys(key for config in flat for key in config if not key.startswith(_NOT_COMPARED))
    rows = {key: [config.get(key) for config in flat] for key in keys}
    return {key: values for key, values in sorted(rows.items()) if any(value != values[0] for value in values[1:])}


def _as_json(record: RunRecord) -> JsonObject:
    return {
        "run": record.path.run_id,
        "project": record.path.project,
        "entity": record.path.entity,
        "name": record.name,
        "state": record.state,
        "sweep": record.sweep_id,
        "created_at": record.created_at.isoformat(),
        "duration_seconds": record.duration_seconds,
        "url": record.url,
        "config": record.config,
        "summary": record.summary,
    }


def _text(value: JsonValue) -> str:
    from sweepyard.jsonvalue import dumps

    return value if isinstance(value, str) else dumps(value)
