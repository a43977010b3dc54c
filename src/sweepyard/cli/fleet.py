"""`sweepyard fleet`: agents on one sweep, started by an engine on this host, on Slurm or on Ray."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from sweepyard import exitcodes
from sweepyard.cli.environment import interrupted_when_ended, settings_now
from sweepyard.cli.options import CONFIG_DIR, JSON, TARGET
from sweepyard.cli.reading import path_of
from sweepyard.cli.style import CONTEXT, RunByDefault, examples
from sweepyard.jsonvalue import JsonObject
from sweepyard.settings import OUTPUT_VARIABLE, own_command
from sweepyard.wiring.fleets import FleetRequest, cancel_fleet, look_at_fleet, submit_fleet

if TYPE_CHECKING:
    from sweepyard.agents.fleet.roll import AgentStanding, Fleet
    from sweepyard.services.check import Target

_LOOK_SECONDS = 2.0


def _folder(context: click.Context, parameter: click.Parameter, value: str) -> Path:
    given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    if given and not Path(value).is_dir():
        raise click.BadParameter(f"it must be a folder that is there; received {value!r}")
    return Path(value).absolute()


_OUTPUT = click.option(
    "--output",
    envvar=OUTPUT_VARIABLE,
    default="outputs",
    show_default=True,
    metavar="DIR",
    callback=_folder,
    help="Where its logs are.",
)


@click.group(
    "fleet",
    cls=RunByDefault,
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard fleet sweepyard/k3x9q2ab agents=2",
        "sweepyard fleet sweepyard/k3x9q2ab fleet=slurm agents=16 fleet.gpus=1 fleet.minutes=240",
        "sweepyard fleet status",
        "sweepyard fleet cancel x7c2m1pq",
    ),
)
def command() -> None:
    """Start agents on a sweep with an engine: `sweepyard fleet SWEEP` is short for `sweepyard fleet run SWEEP`."""


@command.command(
    "run",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard fleet sweepyard/k3x9q2ab agents=2",
        "sweepyard fleet sweepyard/k3x9q2ab fleet=slurm agents=16 fleet.gpus=1 fleet.partition=gpu fleet.minutes=240",
        "sweepyard fleet team/digits/k3x9q2ab --target wandb fleet=ray agents=4 fleet.address=head:6379",
        "sweepyard fleet sweepyard/k3x9q2ab fleet=slurm --detach --json",
    )
    + """

\b
Exit codes:
  0 every agent worked until the sweep was over (--detach: they were submitted); 1 refused, or an agent failed
  or was lost; 2 the command line makes no sense; 75 agents were told to leave; 130 interrupted: the fleet goes on.""",
)
@click.argument("sweep", metavar="SWEEP")
@click.argument("overrides", nargs=-1, metavar="[OVERRIDE...]")
@TARGET
@click.option("--detach", is_flag=True, help="Leave when the agents are submitted; they go on either way.")
@CONFIG_DIR
@JSON
def run(
    sweep: str, overrides: tuple[str, ...], target: Target, detach: bool, config_dir: Path | None, as_json: bool
) -> int:
    """Start agents on SWEEP (id, project/id or entity/project/id) and follow them until they have left.

    The overrides choose the engine and what each agent gets: fleet=local (this host), fleet=slurm (a job array) or
    fleet=ray (a cluster that runs), agents=N, fleet.KEY=VALUE; docs/fleets.md explains every key. Agents on other hosts
    need a server that they can reach. Ctrl-C stops following, not the agents: `sweepyard fleet cancel` has those leave.
    """
    request = FleetRequest(
        sweep=path_of(sweep, "sweep"), overrides=overrides, config_folder=config_dir, working_folder=Path.cwd()
    )
    fleet = submit_fleet(request, settings_now(), target=target)
    say = _speaker(as_json)
    say(f"fleet {fleet.id} on {fleet.sweep}: {_counted(fleet)}; logs: {fleet.folder}")
    if detach:
        if as_json:
            _print_fleets([(fleet, look_at_fleet(fleet))])
        else:
            _say_how_to_go_on(fleet, say)
        return 0
    try:
        with interrupted_when_ended():
            standings = _follow(fleet, say)
    except KeyboardInterrupt:
        print("\nthe fleet goes on", file=sys.stderr)
        _say_how_to_go_on(fleet, lambda line: print(line, file=sys.stderr))
        raise
    if as_json:
        _print_fleets([(fleet, standings)])
    return _verdict(standings)


@command.command(
    "status",
    context_settings=CONTEXT,
    epilog=examples("sweepyard fleet status", "sweepyard fleet status x7c2m1pq --json"),
)
@click.argument("fleet", required=False)
@_OUTPUT
@JSON
def status(fleet: str | None, output: Path, as_json: bool) -> int:
    """Show the agents of FLEET, or of all fleets whose logs are here: how each is, and on which host.

    Exit code 1 if there is no such fleet, its file is damaged, or its engine does not answer.
    """
    from sweepyard.agents.fleet.roll import find_fleet, fleets_below

    fleets, damages = ([find_fleet(output, fleet)], []) if fleet else fleets_below(output)
    shown = [(each, look_at_fleet(each)) for each in fleets]
    if as_json:
        _print_fleets(shown)
    else:
        _show_fleets(shown)
        if not fleets and not damages:
            print(f"there is no fleet below {output}")
    for damage in damages:
        print(f"error: {damage}", file=sys.stderr)
    return 1 if damages else 0


def _show_fleets(shown: list[tuple[Fleet, list[AgentStanding]]]) -> None:
    from sweepyard.cli.output import print_table

    for each, standings in shown:
        print_table(
            ["agent", "state", "host", "job", "log"],
            [[str(agent.number), _told(agent), _host(agent), agent.job, str(agent.log)] for agent in standings],
            title=f"fleet {each.id} on {each.sweep}: {_counted(each)}",
        )


@command.command("cancel", context_settings=CONTEXT, epilog=examples("sweepyard fleet cancel x7c2m1pq"))
@click.argument("fleet")
@_OUTPUT
@JSON
def cancel(fleet: str, output: Path, as_json: bool) -> None:
    """Have the agents of FLEET leave: runs save a checkpoint and go back to the sweep's queue, for other agents.

    Agents that wait for a host never begin. Exit code 1 if there is no such fleet, or its engine does not answer.
    """
    from sweepyard.agents.fleet.roll import find_fleet

    found = find_fleet(output, fleet)
    is_over = all(agent.standing.is_over for agent in look_at_fleet(found))
    if not is_over:
        cancel_fleet(found)
    if as_json:
        _print_fleets([(found, look_at_fleet(found))])
    elif is_over:
        print(f"fleet {fleet} is over already: all of its agents have left")
    else:
        print(f"the agents of fleet {fleet} leave; `{own_command(os.environ)} fleet status {fleet}` shows them")


def _follow(fleet: Fleet, say: Callable[[str], None]) -> list[AgentStanding]:
    """Tell each change until every agent has left; gives how they ended."""
    before: dict[int, str] = {}
    while True:
        standings = look_at_fleet(fleet)
        for agent in standings:
            told = _told(agent) + (f" on {_host(agent)}" if agent.record else "")
            if before.get(agent.number) != told:
                before[agent.number] = told
                say(f"agent {agent.number}: {told}")
        if all(agent.standing.is_over for agent in standings):
            return standings
        time.sleep(_LOOK_SECONDS)


def _verdict(standings: list[AgentStanding]) -> int:
    """The exit code; says on standard error where to look at what went wrong."""
    from sweepyard.agents.fleet.roll import Standing

    bad = [agent for agent in standings if agent.standing in {Standing.FAILED, Standing.LOST}]
    for agent in bad:
        print(f"agent {agent.number} {_told(agent)}: {agent.log}", file=sys.stderr)
    if bad:
        return 1
    return exitcodes.PREEMPTED if any(agent.standing is Standing.LEFT for agent in standings) else 0


def _told(agent: AgentStanding) -> str:
    from sweepyard.agents.fleet.roll import Standing

    if agent.standing is Standing.FAILED and agent.record is not None:
        return f"failed (exit code {agent.record.exit_code})"
    if agent.standing is Standing.PENDING and agent.record is not None:
        return "pending again"
    return agent.standing.value


def _host(agent: AgentStanding) -> str:
    return agent.record.host if agent.record else "-"


def _counted(fleet: Fleet) -> str:
    from sweepyard.cli.output import counted

    return f"{counted(fleet.config.agents, 'agent')}, {fleet.config.fleet.name}"


def _say_how_to_go_on(fleet: Fleet, say: Callable[[str], None]) -> None:
    again = own_command(os.environ)
    say(f"look at it with: {again} fleet status {fleet.id}")
    say(f"have it leave:   {again} fleet cancel {fleet.id}")


def _speaker(as_json: bool) -> Callable[[str], None]:
    stream = sys.stderr if as_json else sys.stdout
    return lambda line: print(line, file=stream, flush=True)


def _print_fleets(shown: list[tuple[Fleet, list[AgentStanding]]]) -> None:
    from sweepyard.cli.output import print_json

    print_json([_described(fleet, standings) for fleet, standings in shown])


def _described(fleet: Fleet, standings: list[AgentStanding]) -> JsonObject:
    return {
        "fleet": fleet.id,
        "sweep": fleet.sweep,
        "engine": fleet.config.fleet.name,
        "folder": str(fleet.folder),
        "submitted_at": fleet.submitted_at,
        "agents": [
            {
                "agent": agent.number,
                "state": agent.standing.value,
                "host": agent.record.host if agent.record else None,
                "job": agent.job,
                "exit_code": agent.record.exit_code if agent.record else None,
                "log": str(agent.log),
            }
            for agent in standings
        ],
    }
