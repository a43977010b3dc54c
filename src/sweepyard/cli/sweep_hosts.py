"""`sweepyard sweep hosts` and `sweepyard sweep readmit`: hosts on which run after run fails."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sweepyard.cli.options import HOME, JSON
from sweepyard.cli.reading import path_of
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.jsonvalue import JsonObject
from sweepyard.wiring.sweeps import readmit_host, sweep_hosts

if TYPE_CHECKING:
    from sweepyard.services.hosts import HostStanding
    from sweepyard.settings import Settings


@click.command(
    "hosts",
    context_settings=CONTEXT,
    epilog=examples("sweepyard sweep hosts k3x9q2ab", "sweepyard sweep hosts sweepyard/k3x9q2ab --json"),
)
@click.argument("sweep")
@JSON
@HOME
def hosts(sweep: str, as_json: bool, settings: Settings) -> None:
    """Show the hosts of SWEEP's agents, and which are put aside because run after run failed there.

    A host that is put aside gets no more runs, and its agents leave; `max_host_failures` in the sweep file says after
    how many failures in a row. Exit code 1 if there is no such sweep on this home's hub.
    """
    from sweepyard.cli.output import print_json, print_table

    found = sweep_hosts(path_of(sweep, "sweep"), settings)
    if as_json:
        print_json([_described(host) for host in found])
    elif not found:
        print("no agent has asked for a run yet")
    else:
        print_table(
            ["host", "state", "failures in a row", "agents"],
            [[host.host, _state(host), str(host.failures), str(host.agents)] for host in found],
        )


@click.command(
    "readmit",
    context_settings=CONTEXT,
    epilog=examples("sweepyard sweep readmit k3x9q2ab gpu7", "sweepyard sweep readmit sweepyard/k3x9q2ab gpu7 --json"),
)
@click.argument("sweep")
@click.argument("host")
@JSON
@HOME
def readmit(sweep: str, host: str, as_json: bool, settings: Settings) -> None:
    """Let HOST have runs of SWEEP again: what failed there is forgotten.

    Agents that left have to be started again: `sweepyard sweep SWEEP`, or `wandb agent SWEEP`. Exit code 1 if there is
    no such sweep on this home's hub, or none of its agents was ever on HOST.
    """
    from sweepyard.cli.output import print_json

    standing = readmit_host(path_of(sweep, "sweep"), host, settings)
    if as_json:
        print_json(_described(standing))
    else:
        print(f"{host} gets runs of {path_of(sweep, 'sweep')} again; start its agents")


def tell_of_hosts_put_aside(sweep: str, settings: Settings) -> None:
    """Say on standard error which hosts of a sweep get no more runs, and how they would."""
    for host in sweep_hosts(sweep, settings):
        if host.put_aside:
            print(
                f"{host.host} was put aside, since runs kept failing there ({host.failures} in a row); "
                f"once it is well, `sweepyard sweep readmit {sweep} {host.host}` lets it have runs again",
                file=sys.stderr,
            )


def _state(host: HostStanding) -> str:
    return "put aside" if host.put_aside else "in use"


def _described(host: HostStanding) -> JsonObject:
    return {"host": host.host, "put_aside": host.put_aside, "failures": host.failures, "agents": host.agents}
