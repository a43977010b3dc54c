"""`sweepyard db`: whether a database does what it is there for."""

from __future__ import annotations

import click

from sweepyard.cli.environment import settings_now
from sweepyard.cli.options import JSON
from sweepyard.cli.style import CONTEXT, CommandGroup, examples

_EXAMPLES = examples("sweepyard db check", "sweepyard db check postgresql://ann@db.example.org/predictions")


@click.group("db", cls=CommandGroup, context_settings=CONTEXT, epilog=_EXAMPLES)
def command() -> None:
    """Try out databases."""


@command.command(epilog=_EXAMPLES)
@click.argument("url", required=False)
@JSON
def check(url: str | None, as_json: bool) -> None:
    """Connect to the database at URL, make a table, write a bad joke, read it back, drop the table.

    Without URL, it is the predictions database: that of $SWEEPYARD_PREDICTIONS, or the SQLite file in the home. What
    fails is told with host, user and cause; passwords are not shown. One in a URL can be read in the list of processes:
    $SWEEPYARD_PREDICTIONS and PostgreSQL's own password file keep it out of there.

    Exit codes: 0 all of it worked; 1 something did not.
    """
    from sweepyard.cli.output import print_json
    from sweepyard.wiring.predictions import check_database

    done = check_database(settings_now(), url)
    if as_json:
        print_json({"database": done.database, "joke": done.joke, "seconds": {**dict(done.steps)}})
        return
    print(done.database)
    for what, took in done.steps:
        print(f"  {what:<15} {took * 1000:7.1f} ms")
    print(done.joke)
