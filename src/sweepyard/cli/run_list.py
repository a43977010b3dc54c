"""`sweepyard runs list`: a project's runs, filtered, sorted, and with the columns that one wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from sweepyard.cli.environment import settings_now
from sweepyard.cli.options import JSON
from sweepyard.cli.reading import ENTITY, FROM, PROJECT, reader_of, record_json
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.domain.run import RunState
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import InvalidInput, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue

if TYPE_CHECKING:
    from sweepyard.services.check import Target
    from sweepyard.tracking.reader import Reader

_LOOKED_AT = 100
"""How many runs say which keys there are, when none passes a filter."""


@click.command(
    "list",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard runs list --sweep x1y2z3w4 --sort epoch/val_accuracy",
        "sweepyard runs list --filter 'best/val_accuracy > 0.98 and model.name = convnet' --columns name,model.name",
        "sweepyard runs list --filter 'state in (failed, crashed) and created >= 2026-11-20' --columns name,seed",
        "sweepyard runs list --sort +config.seed --json",
    ),
)
@PROJECT
@ENTITY
@click.option(
    "--filter",
    "text",
    metavar="TEXT",
    help="Only the runs that pass: 'optimizer.learning_rate < 0.01 and tags = best'.",
)
@click.option("--sweep", help="Only the runs of this sweep.")
@click.option(
    "--state",
    type=click.Choice([state.value for state in RunState]),
    help="Only the runs in this state, for example finished.",
)
@click.option(
    "--sort",
    metavar="[+|-]NAME",
    help="By a metric's last value, config.KEY or an attribute; the greatest first, with + the smallest. "
    "By default the newest first.",
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many.")
@click.option("--columns", metavar="NAME,...", help="The table's columns behind the run's id; JSON has everything.")
@FROM
@JSON
def list_runs(
    project: str,
    entity: str | None,
    text: str | None,
    sweep: str | None,
    state: str | None,
    sort: str | None,
    limit: int,
    columns: str | None,
    source: Target,
    as_json: bool,
) -> None:
    """List a project's runs.

    A filter joins conditions (= != > >= < <= ~ in exists) with and, or, not. Names are attributes of runs (name,
    state, tags, created, duration...), config.KEY, summary.KEY, or a key of either. docs/filters.md has all of it.

    Exit codes: 0 listed, be it none; 1 there is no such sweep, a filter or a name is wrong, or the server refused.
    """
    from sweepyard.cli.run_table import (
        check_columns,
        check_sort,
        lacking,
        print_runs,
        unknown_names,
        usual_columns,
    )
    from sweepyard.domain.query import mongo_form
    from sweepyard.domain.query_names import keys_in

    wanted = mongo_form(text or "")
    demands: list[JsonValue] = [{"sweep": sweep}] if sweep else []
    demands += [{"state": state}] if state else []
    demands += [wanted] if wanted else []
    filters: JsonObject = {"$and": demands} if demands else {}
    sign, sorted_by = _signed(sort)
    order = order_form(sign, sorted_by)
    if source == "wandb":
        from sweepyard.tracking.wandb_filters import check_wandb_filter, check_wandb_order

        check_wandb_filter(filters)
        check_wandb_order(sorted_by, order[1:])
    shown = [name.strip() for name in columns.split(",")] if columns else []
    with reader_of(source, settings_now()) as reader:
        records = reader.runs(project, entity, filters, order, limit)
        if sweep and not records:
            project = _project_of(sweep, reader, project, entity)
            records = reader.runs(project, entity, filters, order, limit)
        empty = lacking([sorted_by, *shown], records)
        looks_on = bool(empty) or (bool(wanted) and not records)
        others = reader.runs(project, entity, {}, "-created_at", _LOOKED_AT) if looks_on else []
    check_sort(sorted_by, records, others)
    check_columns(shown, records, others)
    if as_json:
        from sweepyard.cli.output import print_json

        print_json([record_json(record) for record in records])
    elif records:
        print_runs(records, shown or usual_columns(records, [sorted_by, *keys_in(wanted)]))
    else:
        print(f"no runs in {project}" + (" that match" if filters else ""))
    told = [f"none of these runs has {name!r}" for name in empty]
    for line in told or unknown_names(keys_in(wanted), others):
        click.echo(line, err=True)


def _project_of(sweep: str, reader: Reader, project: str, entity: str | None) -> str:
    """The project of a sweep: the one asked for, or, where nobody named one, the one that has it.

    Raises:
        NotTracked: The sweep is not in the project; the message says where else it is.
    """
    source = click.get_current_context().get_parameter_source("project")
    found = reader.sweeps_called(sweep, entity)
    if source is ParameterSource.DEFAULT and len(found) == 1:
        return found[0].project
    reader.sweep_config(SweepPath(entity or reader.default_entity(), project, sweep))
    return project


def _signed(sort: str | None) -> tuple[str, str]:
    """The sign and the name that `--sort` has."""
    if sort is None:
        return "-", "created"
    return (sort[0], sort[1:]) if sort.startswith(("+", "-")) else ("-", sort)


def order_form(sign: str, name: str) -> str:
    """An order in the client's form.

    Raises:
        InvalidInput: There is no name.
    """
    from sweepyard.domain.query_names import ATTRIBUTES, CONFIG, PREFIXES, named

    if not name or name in PREFIXES:
        rule = "--sort takes a metric, config.KEY or an attribute"
        raise InvalidInput([Violation(rule, repr(name), f"Attributes: {', '.join(ATTRIBUTES)}")])
    *_, field = named(name).fields  # Of the two that a bare key may be, the metric.
    if field.startswith(CONFIG):
        return f"{sign}{field}.value"
    return f"{sign}{'created_at' if field == 'createdAt' else field}"  # Orders have a spelling of their own.
