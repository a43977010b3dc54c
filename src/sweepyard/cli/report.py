"""`sweepyard report`: a sweep's report, on the server or as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import settings_now
from sweepyard.cli.reading import FROM, path_of
from sweepyard.cli.style import CONTEXT, examples

if TYPE_CHECKING:
    from sweepyard.services.check import Target

_FORMS = ("html", "pdf", "png")


@click.command(
    "report",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard report sweepyard/k3x9q2ab",
        "sweepyard report k3x9q2ab --to k3x9q2ab.html",
        "sweepyard report ENTITY/PROJECT/k3x9q2ab --from wandb --json",
    ),
)
@click.argument("sweep")
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the sweep's page into this file instead: .html, .pdf or .png.",
)
@FROM
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(sweep: str, file: Path | None, source: Target, as_json: bool) -> None:
    """Make a report of SWEEP (id, project/id or entity/project/id).

    Without --to, a new report is saved where the sweep is: in the hub, or with `--from wandb` on the server that you
    are logged in to. It tells how the sweep stands, with live charts of its runs, its best runs and its file. That
    needs the extra `report`.

    With --to, the hub writes the sweep's page, as it is now, into one file. An .html needs nothing else and opens from
    disk; a .pdf or .png needs the extra `pictures` where the hub runs.

    Exit codes: 0 the report is there, and its address or file is printed; 1 there is no such sweep, or something is
    missing or away; 2 the command line makes no sense.
    """
    from sweepyard.cli.output import print_json, write_bytes
    from sweepyard.wiring.reporting import report_as_file, report_on_server

    name = path_of(sweep, "sweep")
    if file is None:
        saved = report_on_server(name, source, settings_now())
        if as_json:
            print_json({"report": saved.report_id, "title": saved.title, "url": saved.url})
        else:
            print(saved.url)
        return
    form = file.suffix.removeprefix(".").lower()
    if form not in _FORMS:
        raise click.BadParameter(
            f"a file's name ends in .{', .'.join(_FORMS)}; received {file.name!r}", param_hint="--to"
        )
    if source == "wandb":
        raise click.BadParameter("the hub writes files of its own sweeps alone; leave out --from", param_hint="--to")
    content = report_as_file(name, form, settings_now())
    write_bytes(file, content)
    if as_json:
        print_json({"file": str(file), "size_bytes": len(content)})
    else:
        print(file)
