"""`sweepyard agent`: one supervisor for all devices of this host, on a sweep of the hub or of any W&B server."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from sweepyard import exitcodes
from sweepyard.cli.environment import settings_now
from sweepyard.cli.options import OUTPUT, TARGET
from sweepyard.cli.output import duration
from sweepyard.cli.reading import path_of
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.errors import SweepClosed
from sweepyard.signals import handled_by

if TYPE_CHECKING:
    from sweepyard.agents.supervisor import Event
    from sweepyard.services.check import Target
    from sweepyard.wiring.agents import ReadyAgent

_TAIL_LINES = 4
_MEANINGS = {
    "FINISH": "starting no more runs; those at work finish (again: they save and leave)",
    "REQUEUE": "the runs save a checkpoint and go back to the queue (again: they are killed)",
    "KILL": "killing the runs",
}
_ENDINGS = {
    exitcodes.PREEMPTED: "preempted: it goes back to the queue",
    exitcodes.STOPPED: "stopped by the server",
    exitcodes.OUT_OF_MEMORY: "found too little memory on the device",
}


@click.command(
    "agent",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard agent sweepyard/k3x9q2ab",
        "sweepyard agent sweepyard/k3x9q2ab --cpus 2 --count 10",
        "sweepyard agent sweepyard/k3x9q2ab --gpus all --per-gpu 2",
        "sweepyard agent team/digits/k3x9q2ab --target wandb --gpus 0,1",
    )
    + """

\b
Exit codes:
  0 the sweep is over, or --count runs were started; 1 too many runs failed, or the server refused;
  2 the command line makes no sense; 75 told to leave (SIGTERM); 130 told to leave (Ctrl-C).""",
)
@click.argument("sweep", metavar="SWEEP")
@click.option(
    "--gpus", metavar="all|ID,ID...", help="Devices to use, by number or UUID (MIG-... too); by default none."
)
@click.option("--per-gpu", default=1, show_default=True, type=click.IntRange(1, 64), help="Runs at a time on a device.")
@click.option(
    "--cpus",
    type=click.IntRange(1),
    metavar="N",
    help="Processors for each run. Without --gpus, as many runs work side by side as fit; by default one with all.",
)
@click.option(
    "--count", type=click.IntRange(1), metavar="N", help="Start so many runs in all; by default all there are."
)
@click.option(
    "--on-stop",
    type=click.Choice(["requeue", "finish"]),
    default="requeue",
    show_default=True,
    help="What SIGTERM or Ctrl-C means for runs: save a checkpoint and go back to the queue, or finish.",
)
@click.option(
    "--unless-over", is_flag=True, help="Leave with exit code 0, and do nothing, where SWEEP is over already."
)
@TARGET
@OUTPUT
def command(
    sweep: str,
    gpus: str | None,
    per_gpu: int,
    cpus: int | None,
    count: int | None,
    on_stop: str,
    unless_over: bool,
    target: Target,
    output: str,
) -> int:
    """Work on SWEEP (id, project/id or entity/project/id) until it hands out no more runs.

    Asks for the next run the moment one ends, and starts it warm. What a run prints is kept in a file of its own;
    the last lines of one that failed are shown. A second SIGTERM or Ctrl-C has runs save and leave, a third kills.
    """
    from sweepyard.agents.devices import Division, devices_of, has_gpu
    from sweepyard.wiring.agents import AgentRequest, agent_on

    if per_gpu > 1 and gpus is None:
        raise click.UsageError("--per-gpu is for --gpus; without devices, --cpus says how many runs fit")
    places = Division(
        devices=() if gpus is None else devices_of(gpus, os.environ), per_device=per_gpu, cpus=cpus
    ).places()
    if gpus and not has_gpu():
        print(f"warning: this host has no GPU; runs at --gpus {gpus} train on its processors", file=sys.stderr)
    request = AgentRequest(
        sweep=path_of(sweep, "sweep"),
        places=places,
        count=count,
        output=Path(output).absolute(),
        working_folder=Path.cwd(),
    )
    try:
        with agent_on(request, settings_now(), os.environ, target=target) as agent:
            names = ", ".join(place.name for place in places)
            print(f"agent on {agent.sweep}, at {names}; what runs print: {agent.folder}", flush=True)
            return _work(agent, requeues=on_stop == "requeue")
    except SweepClosed as error:
        if not (unless_over and error.is_over):
            raise
        print(f"nothing to do: {error}", flush=True)
        return 0


def _work(agent: ReadyAgent, *, requeues: bool) -> int:
    """Until the agent is done; gives the exit code."""
    from sweepyard.agents.supervisor import Ending

    told: list[int] = []

    def leave(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        first = Ending.REQUEUE if requeues else Ending.FINISH
        how = Ending(min(first + len(told) - 1, Ending.KILL))
        print(f"\n{_MEANINGS[how.name]}", file=sys.stderr, flush=True)
        agent.supervisor.end(how)

    with handled_by(leave, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        agent.supervisor.work(lambda event: _show(event, agent.folder))
    if not told:
        return 0
    return exitcodes.INTERRUPTED if told[0] == signal.SIGINT else exitcodes.PREEMPTED


def _show(event: Event, folder: Path) -> None:
    from sweepyard.agents.launching import output_of
    from sweepyard.agents.supervisor import PlaceLeft, PlaceWaits, RunBegan, RunEnded

    match event:
        case RunBegan(place, command):
            parameters = ", ".join(f"{name}={value}" for name, value in command.parameters.items())
            print(f"{place}: {command.run_id} began, {parameters}", flush=True)
        case RunEnded(place, run_id, code, seconds):
            told = "finished" if code == 0 else _ENDINGS.get(code) or _failure(code)
            print(f"{place}: {run_id} {told} ({duration(seconds)})", flush=True)
            if code not in {0, exitcodes.PREEMPTED, exitcodes.STOPPED}:
                _show_tail(output_of(folder, run_id))
        case PlaceWaits(place):
            print(f"{place}: no run to be had for now, asking again", flush=True)
        case PlaceLeft(place, why):
            print(f"{place}: leaves, {why}", flush=True)


def _failure(code: int) -> str:
    return f"failed with exit code {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}"


def _show_tail(log: Path) -> None:
    print(f"  {log}:", flush=True)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    # What the W&B client says at a run's end is never why it failed.
    own = [line for line in lines if line.strip() and not line.startswith("wandb: ")]
    for line in (own or lines)[-_TAIL_LINES:]:
        print(f"    {line}", flush=True)
