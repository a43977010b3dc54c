"""`sweepyard sweep`: check, register and run a sweep file in one step, or go on with a sweep."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import settings_now
from sweepyard.cli.options import CONFIG_DIR, OUTPUT, TARGET
from sweepyard.cli.reading import path_of
from sweepyard.cli.style import CONTEXT, RunByDefault, examples
from sweepyard.cli.sweep_changes import edit, export
from sweepyard.cli.sweep_hosts import hosts, readmit, tell_of_hosts_put_aside
from sweepyard.settings import own_command
from sweepyard.wiring.joining import rules_of
from sweepyard.wiring.sweep_files import plan_sweep
from sweepyard.wiring.sweeps import register_sweep

if TYPE_CHECKING:
    from sweepyard.agents.sweeping import SweepOutcome
    from sweepyard.services.check import Target


@click.group(
    "sweep",
    cls=RunByDefault,
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard sweep sweeps/first.yaml",
        "sweepyard sweep sweeps/architecture_random.yaml --agents 4 --count 5",
        "sweepyard sweep sweepyard/k3x9q2ab",
        "sweepyard sweep edit sweepyard/k3x9q2ab bigger.yaml",
        "sweepyard sweep hosts sweepyard/k3x9q2ab",
    ),
)
def command() -> None:
    """Check a sweep file, register it and run it: `sweepyard sweep FILE` is short for `sweepyard sweep run FILE`."""


for changing in (export, edit, hosts, readmit):
    command.add_command(changing)


@command.command(
    "run",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard sweep sweeps/first.yaml",
        "sweepyard sweep sweeps/architecture_random.yaml --agents 4 --count 5",
        "sweepyard sweep sweeps/first.yaml --target wandb --no-agents",
        "sweepyard sweep sweepyard/k3x9q2ab",
    ),
)
@click.argument("what", metavar="FILE|SWEEP")
@click.option("--agents", default=2, show_default=True, type=click.IntRange(1, 64), help="How many agents.")
@click.option("--count", type=click.IntRange(1), help="How many runs each agent may start; by default all there are.")
@click.option("--no-agents", is_flag=True, help="Register the sweep only, and say how to start agents.")
@TARGET
@CONFIG_DIR
@OUTPUT
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the leaderboard, or the sweep that was only registered, as JSON; progress goes to standard error.",
)
def run(
    what: str,
    agents: int,
    count: int | None,
    no_agents: bool,
    target: Target,
    config_dir: Path | None,
    output: str,
    as_json: bool,
) -> int:
    """Check FILE, register it with `wandb sweep`, and run it with `wandb agent`s, the stock ones.

    With the name of a registered SWEEP (id, project/id or entity/project/id) in place of FILE, go on with it where
    it stands; of one that is over, print the leaderboard. Ctrl-C ends the agents and everything they started; runs
    that it meets are saved, and go on with the sweep.

    Exit codes: 0 done; 1 FILE breaks a rule, the server refused, no run finished, or the sweep did not reach its end;
    130 interrupted.
    """
    from sweepyard.agents.sweeping import AgentPlan
    from sweepyard.cli.output import print_json
    from sweepyard.cli.sweeping import announce, interruptible, resume_shown, run_shown

    work = AgentPlan(agents=agents, runs_each=count, output=Path(output).absolute(), working_folder=Path.cwd())
    if names_sweep(what):
        if no_agents or config_dir is not None:
            raise click.UsageError("--no-agents and --config-dir are for a FILE; a SWEEP is registered already")
        with interruptible() as register:
            outcome = resume_shown(
                path_of(what, "sweep"), work, target=target, on_registered=register, to_stderr=as_json
            )
    else:
        plan, warnings = plan_sweep(Path(what), work, target=rules_of(target), config_folder=config_dir)
        for warning in warnings:
            print(f"warning: {warning}", file=sys.stderr)
        if no_agents:
            sweep = register_sweep(plan, settings_now(), os.environ, target=target)
            if as_json:
                print_json({"sweep": sweep.path, "url": sweep.url})
                return 0
            announce(sweep)
            again, path = own_command(os.environ), shlex.quote(sweep.path)
            login = f'eval "$({again} hub env)"; ' if target == "hub" else ""
            print(f"start agents with: {again} sweep {path}   or: {login}wandb agent {path}")
            return 0
        with interruptible() as register:
            outcome = run_shown(plan, target=target, on_registered=register, to_stderr=as_json)
    code = _conclude(outcome, to_the_end=count is None, as_json=as_json)
    if code and target == "hub":
        tell_of_hosts_put_aside(str(outcome.sweep.path), settings_now())
    return code


def names_sweep(what: str) -> bool:
    """Whether `what` has the form of a registered sweep's name and is no file: W&B's ids have eight characters."""
    return not Path(what).exists() and re.fullmatch(r"([^/]+/){0,2}[a-z0-9]{8}", what) is not None


def _conclude(outcome: SweepOutcome, *, to_the_end: bool, as_json: bool) -> int:
    from sweepyard.cli.leaderboard import leaderboard_json, listing_again, print_leaderboard
    from sweepyard.cli.output import print_json
    from sweepyard.cli.sweeping import verdict

    if as_json:
        print_json(leaderboard_json(outcome.sweep))
    else:
        if not outcome.logs:
            print(f"it is {outcome.sweep.state.lower()}; nothing is left to run")
        print()
        print_leaderboard(outcome.sweep)
        print(f"\nlook again with: {listing_again(outcome.sweep.path)}")
    return verdict(outcome, to_the_end=to_the_end)
