"""`sweepyard runs`: list, show and compare what was tracked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import settings_now
from sweepyard.cli.options import JSON
from sweepyard.cli.reading import FROM, PROJECT, path_of, reader_of, record_json
from sweepyard.cli.run_list import list_runs
from sweepyard.cli.style import CONTEXT, CommandGroup, examples
from sweepyard.domain.comparison import config_differences
from sweepyard.jsonvalue import JsonValue

if TYPE_CHECKING:
    from sweepyard.services.check import Target


@click.group(
    "runs",
    cls=CommandGroup,
    context_settings=CONTEXT,
    epilog=examples("sweepyard runs list --sort best/val_accuracy", "sweepyard runs compare ab12cd34 ef56gh78"),
)
def command() -> None:
    """List, show and compare runs.

    Exit codes: 0 done; 1 there is no such run or sweep, a filter is wrong, or the server refused.
    """


command.add_command(list_runs)


@command.command(epilog=examples("sweepyard runs show ab12cd34", "sweepyard runs show ab12cd34 --history --json"))
@click.argument("run")
@PROJECT
@click.option("--history", is_flag=True, help="Show the metrics of each epoch too.")
@FROM
@JSON
def show(run: str, project: str, history: bool, source: Target, as_json: bool) -> None:
    """Show one run: state, config, summary.

    Exit codes: 0 shown; 1 there is no such run, or the server refused.
    """
    from sweepyard.cli.output import number, print_json, print_table, value_text
    from sweepyard.hub.embedded import page_hint
    from sweepyard.jsonvalue import flattened

    with reader_of(source, settings_now()) as reader:
        record = reader.run(path_of(run, project=project))
        rows = reader.history(record.path) if history else []
        hint = page_hint(record.url, settings_now())
    if as_json:
        document = record_json(record)
        if history:
            document["history"] = list[JsonValue](rows)
        print_json(document)
        return
    print(f"{record.path}  {record.name}  {record.state}" + (f"  sweep {record.sweep_id}" if record.sweep_id else ""))
    print(record.url + (f"\n  ({hint})" if hint else ""))
    print()
    print_table(["config", "value"], [[key, value_text(value)] for key, value in flattened(record.config).items()])
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
@PROJECT
@FROM
@JSON
def compare(runs: tuple[str, ...], project: str, source: Target, as_json: bool) -> None:
    """Show side by side where the configs of runs differ, and their best metrics.

    Runs whose configs are equal but for seeds make a group: of each there are mean, deviation and n, and whether it
    differs from the first run's group by more than chance (Welch's t-test).

    Exit codes: 0 shown; 1 there is no such run, or the server refused.
    """
    from sweepyard.cli.output import number, print_json, print_table, value_text
    from sweepyard.cli.run_repeats import print_repeats, repeats_json, seeds_of
    from sweepyard.cli.run_table import SHOWN
    from sweepyard.domain.repeats import grouped_repeats

    if len(runs) < 2:
        raise click.UsageError(f"a comparison needs two runs or more; received {len(runs)}")
    with reader_of(source, settings_now()) as reader:
        records = [reader.run(path_of(run, project=project)) for run in runs]
        seeds = seeds_of(records, reader)
    repeats = grouped_repeats([run.config for run in records], [run.summary for run in records], 0, seeds)
    differences = config_differences([record.config for record in records])
    scores = {name: [record.summary.get(name) for record in records] for name in SHOWN}
    scores = {name: values for name, values in scores.items() if any(value is not None for value in values)}
    if as_json:
        print_json(
            {
                "runs": [str(record.path) for record in records],
                "config": {key: list(values) for key, values in differences.items()},
                "metrics": {name: list(values) for name, values in scores.items()},
                "repeats": repeats_json(repeats, records) if repeats else None,
            }
        )
        return
    heads = [record.path.run_id for record in records]
    if differences:
        print_table(
            ["config", *heads], [[key, *(value_text(value) for value in values)] for key, values in differences.items()]
        )
    else:
        print("the configs are the same")
    print()
    print_table(["metric", *heads], [[name, *(number(value) for value in values)] for name, values in scores.items()])
    if repeats:
        print()
        print_repeats(repeats, records)
