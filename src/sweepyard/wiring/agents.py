"""Our agent: all devices of this host at work on one sweep, of the hub or of any W&B server."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.settings import Settings
from sweepyard.wiring.joining import open_target

if TYPE_CHECKING:
    from sweepyard.agents.devices import Place
    from sweepyard.agents.supervisor import Supervisor
    from sweepyard.domain.sweep import SweepPath
    from sweepyard.services.check import Target
    from sweepyard.tracking.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRequest:
    """What `sweepyard agent` was asked for.

    Attributes:
        sweep: entity/project/id or project/id.
        count: How many runs to start in all; None for as many as there are.
        output: Folder below which runs, and the sweep's logs, get their own.
    """

    sweep: str
    places: Sequence[Place]
    count: int | None
    output: Path
    working_folder: Path


@dataclass(frozen=True, slots=True)
class ReadyAgent:
    """A registered agent for each place, not yet at work.

    Attributes:
        folder: Where what runs print is kept, see `agents.launching.output_of`.
    """

    sweep: SweepPath
    supervisor: Supervisor
    folder: Path


@contextmanager
def agent_on(
    request: AgentRequest, settings: Settings, environ: Mapping[str, str], *, target: Target
) -> Iterator[ReadyAgent]:
    """An agent on a sweep that hands out runs, with its server for as long as the block lasts.

    Raises:
        HubError, TrackingError: The server is away or refuses, there is no such sweep, or it hands out nothing.
    """
    from sweepyard.agents.environment import agent_environment
    from sweepyard.agents.sweeping import make_sweep_folder, require_open
    from sweepyard.agents.warm.ahead import started_ahead
    from sweepyard.tracking.reader import Reader

    with open_target(target, settings) as server:
        reader = Reader(server)
        record = reader.sweep(request.sweep)
        path = record.path
        require_open(record)
        folder = make_sweep_folder(request.output, path.project, path.sweep_id)
        common = agent_environment(environ, server=server, folder=folder, output=request.output)
        said = record.config.get("command")
        command = said if isinstance(said, list) else []
        # The places differ in their devices alone, which forks can choose.
        of_runs = {**common, **request.places[0].environ(shared=False), "WANDB_SWEEP_ID": path.sweep_id}
        with started_ahead(command, of_runs):
            yield ReadyAgent(path, _supervisor(request, reader, path, command, common, folder), folder)


def _supervisor(
    request: AgentRequest,
    reader: Reader,
    path: SweepPath,
    command: Sequence[object],
    environ: Mapping[str, str],
    folder: Path,
) -> Supervisor:
    """All places with their lines to the server; imports the W&B client, beside which a fork server may import."""
    from sweepyard.agents.environment import with_token
    from sweepyard.agents.failures import Failures
    from sweepyard.agents.launching import Launcher
    from sweepyard.agents.line import AgentLine
    from sweepyard.agents.service import SharedService
    from sweepyard.agents.supervisor import Supervisor
    from sweepyard.clock import SystemClock

    clock = SystemClock()
    service = SharedService()

    def line_and_launcher() -> tuple[AgentLine, Launcher]:
        token = secrets.token_hex(8)
        line = AgentLine(reader, path, host=socket.gethostname(), token=token, service=service)
        return line, Launcher(path, command, with_token(environ, token), folder, request.working_folder, service)

    # Processors take another run while one uploads; a device's memory is free only when a run has ended.
    places = [
        (place, [line_and_launcher() for _ in range(2 if place.device is None else 1)]) for place in request.places
    ]
    failures = Failures(environ, began=clock.monotonic_seconds())
    return Supervisor(places, count=request.count, failures=failures, clock=clock, spared=service.processes)
