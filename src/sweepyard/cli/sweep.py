"""`sweepyard sweep`: check, register and run a sweep file in one step."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import interrupted_by_sigterm, settings_now
from sweepyard.cli.style import CONTEXT, examples

if TYPE_CHECKING:
    from sweepyard.wiring import SweepTarget


@click.command(
    "sweep",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard sweep sweeps/first.yaml",
        "sweepyard sweep sweeps/architecture_random.yaml --agents 4 --count 5",
        "sweepyard sweep sweeps/first.yaml --target wandb --no-agents",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--agents", default=2, show_default=True, type=click.IntRange(1, 64), help="How many agents.")
@click.option("--count", type=click.IntRange(1), help="How many runs each agent may start; by default all there are.")
@click.option("--no-agents", is_flag=True, help="Register the sweep only, and say how to start agents.")
@click.option(
    "--target",
    type=click.Choice(["hub", "wandb"]),
    default="hub",
    show_default=True,
    help="The hub, or the server that you are logged in to.",
)
@click.option("--config-dir", type=click.Path(path_type=Path), metavar="DIR", help="A conf/ folder of your own.")
@click.option("--output", default="outputs", show_default=True, metavar="DIR", help="Where logs and runs go.")
@click.option("--json", "as_json", is_flag=True, help="Print the leaderboard as JSON; progress goes to standard error.")
def command(
    file: Path,
    agents: int,
    count: int | None,
    no_agents: bool,
    target: SweepTarget,
    config_dir: Path | None,
    output: str,
    as_json: bool,
) -> int:
    """Check FILE, register it with `wandb sweep`, and run it with `wandb agent`s, the stock ones.

    Ctrl-C ends the agents and everything they started. Exit code 1 if no run finished, or the sweep did not
    reach its end.
    """
    from sweepyard import wiring
    from sweepyard.cli.leaderboard import leaderboard_json, print_leaderboard
    from sweepyard.cli.output import print_json
    from sweepyard.cli.sweeping import announce, run_shown, verdict

    plan, warnings = wiring.plan_sweep(
        file,
        target=target,
        agents=agents,
        runs_each=count,
        output=Path(output).absolute(),
        working_folder=Path.cwd(),
        config_folder=config_dir,
    )
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if no_agents:
        sweep = wiring.register_sweep(plan, settings_now(), os.environ, target=target)
        announce(sweep)
        login = 'eval "$(sweepyard hub env)"; ' if target == "hub" else ""
        print(f"start agents with: {login}wandb agent {sweep.path}")
        return 0
    with interrupted_by_sigterm():
        outcome = run_shown(plan, target=target, to_stderr=as_json)
    if as_json:
        print_json(leaderboard_json(outcome.sweep))
    else:
        print()
        print_leaderboard(outcome.sweep)
        print(f"\nlook again with: sweepyard runs list --sweep {outcome.sweep.path.sweep_id}")
    return verdict(outcome, to_the_end=count is None)
