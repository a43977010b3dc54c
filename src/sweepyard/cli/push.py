"""`sweepyard push`: send runs and sweeps to wandb.ai or another W&B server."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import interrupted_when_ended, settings_now
from sweepyard.cli.reading import FROM, path_of
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.errors import ArgumentInvalid, Violation
from sweepyard.wiring.pushing import push_runs

if TYPE_CHECKING:
    from sweepyard.services.check import Target
    from sweepyard.tracking.push.report import PushReport

_EPILOG = (
    examples(
        "sweepyard push x1y2z3w4 --to https://api.wandb.ai --project digits",
        "sweepyard push digits/ab12cd34 --to http://hub.example:8080 --key-file hub.key",
        "sweepyard push ab12cd34 --to https://api.wandb.ai --dry-run",
    )
    + "\n\n\b\nExit codes:\n"
    + "  0  the destination has all of it, or would have (--dry-run)\n"
    + "  1  something was left out, is not equal, or a server is away; what was sent stays, and the\n"
    + "     next push goes on from there\n"
    + "  2  the command line makes no sense\n"
    + "  130  interrupted"
)
_LONGEST_PROJECT = 128
_NOT_IN_PROJECTS = frozenset("/\\#?%:")


@click.command("push", context_settings=CONTEXT, epilog=_EPILOG)
@click.argument("names", metavar="SWEEP|RUN...", nargs=-1, required=True)
@click.option("--to", required=True, metavar="URL", help="The destination: its base URL, as for `wandb login --host`.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    help="A file that holds the destination's API key. Without it: SWEEPYARD_PUSH_API_KEY, or the login of "
    "`wandb login --host URL`.",
)
@click.option("--entity", help="At the destination; by default yours there.")
@click.option("--project", help="At the destination; by default named as here.")
@click.option("--running", is_flag=True, help="Send runs that still run, too, as far as they are.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@FROM
@click.option("--json", "as_json", is_flag=True, help="Print a JSON report; progress goes to standard error.")
def command(
    names: tuple[str, ...],
    to: str,
    key_file: Path | None,
    entity: str | None,
    project: str | None,
    running: bool,
    dry_run: bool,
    source: Target,
    as_json: bool,
) -> int:
    """Send runs to another W&B server, with their sweep, history, files and artifacts.

    Runs keep their ids. A push that was interrupted goes on where it was; what the destination has already
    is compared, not sent again; a run that has grown since is extended.
    """
    from sweepyard.cli.output import print_json
    from sweepyard.tracking.push.opening import PushRequest

    _check_project(project)
    request = PushRequest(
        names=tuple(path_of(name, "run or sweep") for name in names),
        to=to,
        entity=entity,
        project=project,
        key_file=key_file,
        source=source,
        with_running=running,
        dry_run=dry_run,
    )
    try:
        with interrupted_when_ended():
            report = push_runs(request, settings_now(), os.environ, say=_say)
    except KeyboardInterrupt:
        _say("what was sent stays; the same command goes on from there")
        raise
    if as_json:
        print_json(report.as_json())
    else:
        _print(report)
    return 0 if report.is_well else 1


def _check_project(name: str | None) -> None:
    """Refuse a name that W&B's client would refuse for each run anew."""
    if name is not None and (not 0 < len(name) <= _LONGEST_PROJECT or _NOT_IN_PROJECTS & set(name)):
        rule = f"a project's name has 1 to {_LONGEST_PROJECT} characters, none of them / \\ # ? % :"
        raise ArgumentInvalid([Violation(rule, repr(name), where="--project")])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print(report: PushReport) -> None:
    from sweepyard.cli.output import print_table
    from sweepyard.tracking.push.report import Outcome

    for sweep in report.sweeps:
        place = f"{report.server}, {sweep.destination}" if sweep.destination else "(to be registered)"
        print(f"sweep {sweep.source} -> {place}, {sweep.state.lower()}")
        for note in sweep.notes:
            print(f"  {note}")
    if not report.runs:
        print("it has no runs")
        return
    print_table(
        ["run", "", "rows", "files", "artifacts", "at"],
        [
            [run.source.run_id, run.outcome.value, str(run.rows), str(run.files), str(run.artifacts), run.url]
            for run in report.runs
        ],
    )
    for run in report.runs:
        for note in run.notes:
            print(f"{run.source.run_id}: {note}")
    if report.count(Outcome.UNCHANGED) == len(report.runs):
        print("nothing to send: the destination has all of it, value by value")
