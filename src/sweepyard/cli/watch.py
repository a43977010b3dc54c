"""`sweepyard watch`: a sweep in the terminal, live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import interrupted_when_ended, settings_now
from sweepyard.cli.reading import FROM, path_of, sweep_in
from sweepyard.cli.style import CONTEXT, examples

if TYPE_CHECKING:
    from sweepyard.services.check import Target

_EVERY_SECONDS = 2.0


@click.command(
    "watch",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard watch sweepyard/k3x9q2ab",
        "sweepyard watch k3x9q2ab --once",
        "sweepyard watch k3x9q2ab --json --every 10 | jq .progress",
        "sweepyard watch ENTITY/PROJECT/k3x9q2ab --from wandb",
    ),
)
@click.argument("sweep")
@click.option(
    "--every",
    default=_EVERY_SECONDS,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0.2, 3600.0),
    help="How long to wait between two looks.",
)
@click.option("--once", is_flag=True, help="Look once, print the picture, and leave.")
@FROM
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object on a line for each look.")
def command(sweep: str, every: float, once: bool, source: Target, as_json: bool) -> None:
    """Watch SWEEP (id, project/id or entity/project/id) until it is over.

    Shows how far it is, the best run so far, the runs with a curve of the objective each, and the agents. `q` or Ctrl-C
    leaves; the sweep goes on. Where the output is no terminal, each change is a line. While the hub is away, what was
    seen last stays, and it is looked for again. Without a hub, one is started for as long as the sweep is watched.

    Exit codes: 0 the sweep is over or you left; 1 there is no such sweep, or nothing answered at the beginning.
    """
    from sweepyard.cli.watch_loop import Lookout, watch
    from sweepyard.cli.watch_views import JsonView, view_for
    from sweepyard.tracking.parting import only_reading
    from sweepyard.wiring.joining import open_target

    settings = settings_now()
    path_of(sweep, "sweep")  # Refused before any server is asked.
    with interrupted_when_ended(), open_target(source, settings) as server, only_reading():
        lookout = Lookout(sweep_in(sweep, server), server, settings)
        view = JsonView() if as_json else view_for(every)
        if once:
            view.print_once(lookout.look())
        else:
            watch(lookout, view, every_seconds=every)
