"""`sweepyard hub`: serve, look, stop, and reach it with the plain `wandb` commands."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import click

from sweepyard.cli import hub_archive
from sweepyard.cli.environment import settings_now
from sweepyard.cli.hub_keys import keys
from sweepyard.cli.hub_teams import teams
from sweepyard.cli.hub_users import users
from sweepyard.cli.listening import listening
from sweepyard.cli.options import HOME, JSON
from sweepyard.cli.style import CONTEXT, CommandGroup, examples
from sweepyard.errors import SweepyardError
from sweepyard.jsonvalue import JsonObject
from sweepyard.settings import Settings, own_command_at
from sweepyard.wiring.hub import serve_hub
from sweepyard.wiring.joining import server_at

if TYPE_CHECKING:
    from sweepyard.web.listening import Listening


@click.group(
    "hub",
    cls=CommandGroup,
    context_settings=CONTEXT,
    epilog=examples("sweepyard hub serve --port 0", 'eval "$(sweepyard hub env)"; wandb sweep sweeps/first.yaml'),
)
def command() -> None:
    """Serve the hub, look at it, reach it with plain `wandb` commands; say who may use it."""


for group in (users, teams, keys):
    command.add_command(group)


@command.command(
    epilog=examples(
        "sweepyard hub serve",
        "sweepyard hub serve --port 0 --home /srv/sweeps",
        "sweepyard hub serve --host 0.0.0.0 --port 8443 --tls-cert hub.pem --tls-key hub.key "
        "--public-url https://sweeps.lab:8443",
        "sweepyard hub serve --behind-proxy --public-url https://sweeps.lab",
    )
)
@listening(default_port=8080)
@click.option("--detach-and-answer", type=int, hidden=True, help="For `embedded.join`: the pipe that it reads.")
@HOME
def serve(listening: Listening, detach_and_answer: int | None, settings: Settings) -> None:
    """Serve this home's hub until Ctrl-C or SIGTERM.

    What it logs goes to standard error, a line an event. Exit code 1 if it cannot serve.
    """
    from sweepyard.hub import detached
    from sweepyard.hub.places import HubAddress
    from sweepyard.web import logs

    os.umask(0o077)  # what a hub keeps is its owner's
    if detach_and_answer is None:

        def announce(address: HubAddress) -> None:
            print(f"The hub of {settings.home} answers at {address.url} (Ctrl-C stops it).", flush=True)
            login = f'eval "$({_again(settings)} hub env)"'
            print(f"In another shell: {login}, then wandb login, sweep, agent as usual.", flush=True)

        logs.log_to()
        serve_hub(settings, listening=listening, mode="served", on_ready=announce)
        return
    detached.detach()
    logs.log_to()
    descriptor: int = detach_and_answer
    try:
        serve_hub(
            settings,
            listening=listening,
            mode="embedded",
            on_ready=lambda address: detached.answer(descriptor, address),
        )
    except SweepyardError as error:
        detached.answer(descriptor, error)
        raise


@command.command(epilog=examples("sweepyard hub status --json"))
@JSON
@HOME
def status(as_json: bool, settings: Settings) -> int:
    """Say whether this home's hub runs, and where; exit code 1 if it does not."""
    from sweepyard.cli.output import print_json
    from sweepyard.hub import embedded

    address = embedded.status(settings)
    if as_json:
        report: JsonObject = {"home": str(settings.home), "running": address is not None}
        if address is not None:
            report |= {"url": address.url, "pid": address.pid, "mode": address.mode}
        print_json(report)
    elif address is None:
        print(f"no hub runs in {settings.home}")
    else:
        until = "until stopped" if address.mode == "served" else "until its last user has left"
        print(f"{address.url}  (process {address.pid}, {address.mode}, {until}; home {settings.home})")
    return 0 if address else 1


@command.command(epilog=examples("sweepyard hub stop"))
@HOME
def stop(settings: Settings) -> int:
    """Stop this home's hub, whoever uses it."""
    from sweepyard.hub import embedded

    address = embedded.stop(settings)
    print(f"stopped the hub at {address.url}" if address else f"no hub runs in {settings.home}")
    return 0


@command.command(epilog=examples('eval "$(sweepyard hub env)"', "sweepyard hub env --shell fish | source"))
@click.option("--shell", type=click.Choice(["sh", "fish"]), default="sh", show_default=True, help="Whose syntax.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@HOME
def env(shell: str, as_json: bool, settings: Settings) -> None:
    """Print what makes the plain `wandb` commands of this shell reach the hub.

    Where no hub is served, one is started that lives as long as the shell.
    """
    from sweepyard.agents.environment import hub_variables
    from sweepyard.cli.output import print_json
    from sweepyard.hub import embedded, holder

    address = embedded.status(settings)
    if address is None or address.mode == "embedded":
        address = holder.hold_for(holder.calling_shell(), settings)
    variables = hub_variables(server_at(address, settings))
    if as_json:
        print_json(dict(variables))
        return
    line = "set -gx {} {};" if shell == "fish" else "export {}={}"
    for name, value in variables.items():
        print(line.format(name, shlex.quote(value)))
    if sys.stdout.isatty():
        print(f'# To put this into effect: eval "$({_again(settings)} hub env)"', file=sys.stderr)


@command.command(hidden=True)
@click.option("--pid", type=int, required=True)
@click.option("--answer", "descriptor", type=int, required=True)
def hold(pid: int, descriptor: int) -> None:
    """Use this home's hub until the process PID ends; started by `hub env`."""
    from sweepyard.hub import detached, holder

    detached.detach()
    holder.hold(pid, settings_now(), descriptor=descriptor)


def _again(settings: Settings) -> str:
    """How this program is called again for the same home, wherever that was said."""
    return own_command_at(settings.home, os.environ)


for archive in hub_archive.COMMANDS:
    command.add_command(archive)
