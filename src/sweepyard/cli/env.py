"""`sweepyard env`: what results here depend on, and where two runs differ in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import settings_now
from sweepyard.cli.options import JSON
from sweepyard.cli.reading import FROM, PROJECT, path_of, reader_of
from sweepyard.cli.style import CONTEXT, examples

if TYPE_CHECKING:
    from sweepyard.jsonvalue import JsonObject, JsonValue
    from sweepyard.services.check import Target

# What None means in these parts of the report.
_ABSENT = {"flags": "not set", "data": "not in the cache"}


@click.command(
    "env",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard env --json", "sweepyard env --diff ab12cd34 ef56gh78", "sweepyard env --diff a b --from wandb"
    ),
)
@click.option(
    "--diff", nargs=2, metavar="RUN RUN", help="Where two runs were made from different things, in place of it."
)
@PROJECT
@FROM
@JSON
def command(diff: tuple[str, str] | None, project: str, source: Target, as_json: bool) -> None:
    """Show what results here depend on: Python, packages, processor, GPUs, driver, CUDA, flags, digests of cached data.

    Each run records of it what can change its result; --diff compares these records.

    Exit codes: 0 shown; 1 there is no such run, or the server refused.
    """
    if diff is not None:
        _show_differences(diff, project, source, as_json=as_json)
        return
    from sweepyard.cli.output import print_json
    from sweepyard.wiring.environment import environment_report

    report = environment_report(settings_now())
    if as_json:
        print_json(report)
    else:
        _print(report)


def _show_differences(runs: tuple[str, str], project: str, source: Target, *, as_json: bool) -> None:
    from sweepyard.cli.output import print_json, print_table
    from sweepyard.domain.origin import origin_differences

    with reader_of(source, settings_now()) as reader:
        one, other = (reader.run(path_of(run, project=project)) for run in runs)
    found = origin_differences(one.config, other.config)
    if as_json:
        print_json({"runs": [str(one.path), str(other.path)], "differences": {**found}})
    elif found:
        heads = ["made from", one.path.run_id, other.path.run_id]
        print_table(heads, [[name, *map(_text, values)] for name, values in found.items()])
    else:
        print("both were made from the same, as far as it was recorded")


def _print(report: JsonObject) -> None:
    from sweepyard.cli.output import print_table
    from sweepyard.jsonvalue import flatten

    rows = [[name, _text(value, _ABSENT.get(name.partition(".")[0], "none"))] for name, value in flatten(report)]
    print_table(["", ""], rows)


def _text(value: JsonValue, absent: str = "none") -> str:
    from sweepyard.cli.output import value_text

    if isinstance(value, list):
        return ", ".join(map(value_text, value)) or absent
    return absent if value is None else value_text(value)
