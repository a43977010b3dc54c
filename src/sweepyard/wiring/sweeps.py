"""Sweeps on a server: registered, run with stock agents, gone on with, edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import SweepFileInvalid, Violation
from sweepyard.settings import DEFAULT_ENTITY, Settings
from sweepyard.wiring.hub import build_services
from sweepyard.wiring.joining import join_hub, open_target
from sweepyard.wiring.sweep_files import check_sweep_file

if TYPE_CHECKING:
    from sweepyard.agents.stock import RegisteredSweep
    from sweepyard.agents.sweeping import AgentPlan, SweepOutcome, SweepPlan
    from sweepyard.domain.progress import SweepProgress
    from sweepyard.services.check import Target
    from sweepyard.services.hosts import HostStanding


def edit_sweep(
    name: str, file: Path, settings: Settings, environ: Mapping[str, str], *, config_folder: Path | None = None
) -> tuple[Violation, ...]:
    """Give a sweep of this home's hub a new file; gives what the check warns of.

    Raises:
        SweepFileInvalid: The file breaks rules; all of them are named.
        HubError, TrackingError: The hub is away, there is no such sweep, or its runs do not suit the file.
    """
    from sweepyard.agents import sweeping

    report = check_sweep_file(file, target="hub", config_folder=config_folder)
    if report.violations:
        raise SweepFileInvalid(report.violations)
    with join_hub(settings) as server:
        sweeping.edit(name, file, server=server, environ=environ)
    return report.warnings


def sweep_hosts(name: str, settings: Settings) -> tuple[HostStanding, ...]:
    """How the hosts of the agents of a sweep of this home do, whether or not its hub runs.

    Raises:
        NotFound: There is no such sweep.
        StorageError: The database cannot be used.
    """
    with build_services(settings) as services:
        return services.agents.hosts(_path_of(name))


def readmit_host(name: str, host: str, settings: Settings) -> HostStanding:
    """Let a host of a sweep of this home have runs again, whether or not its hub runs.

    Raises:
        NotFound: There is no such sweep, or none of its agents was ever on that host.
        StorageError: The database cannot be used.
    """
    with build_services(settings) as services:
        return services.agents.readmit(_path_of(name), host)


def register_sweep(
    plan: SweepPlan, settings: Settings, environ: Mapping[str, str], *, target: Target
) -> RegisteredSweep:
    """Register the sweep, and start nothing.

    Raises:
        HubError, TrackingError: The server is away or refuses.
    """
    from sweepyard.agents import sweeping

    with open_target(target, settings) as server:
        return sweeping.start(plan, server=server, environ=environ)[0]


def run_sweep(
    plan: SweepPlan,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    target: Target,
    on_registered: Callable[[RegisteredSweep], None],
    on_progress: Callable[[SweepProgress], None],
) -> SweepOutcome:
    """Run the sweep to its end with stock agents.

    Raises:
        HubError, TrackingError: The server is away or refuses.
    """
    from sweepyard.agents import sweeping
    from sweepyard.clock import SystemClock
    from sweepyard.tracking.parting import only_reading

    with open_target(target, settings) as server, only_reading():  # Stock agents log through services of their own.
        return sweeping.run(
            plan,
            server=server,
            environ=environ,
            clock=SystemClock(),
            on_registered=on_registered,
            on_progress=on_progress,
        )


def resume_sweep(
    name: str,
    plan: AgentPlan,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    target: Target,
    on_registered: Callable[[RegisteredSweep], None],
    on_progress: Callable[[SweepProgress], None],
) -> SweepOutcome:
    """Go on with a registered sweep to its end, with stock agents.

    Raises:
        HubError, TrackingError: The server is away or refuses, or the sweep hands out nothing.
    """
    from sweepyard.agents import sweeping
    from sweepyard.clock import SystemClock
    from sweepyard.tracking.parting import only_reading

    with open_target(target, settings) as server, only_reading():  # Stock agents log through services of their own.
        return sweeping.resume(
            name,
            plan,
            server=server,
            environ=environ,
            clock=SystemClock(),
            on_registered=on_registered,
            on_progress=on_progress,
        )


def _path_of(name: str) -> SweepPath:
    """The sweep that entity/project/id names, or project/id for one of the home's owner."""
    entity, project, sweep_id = [DEFAULT_ENTITY, *name.split("/")][-3:]
    return SweepPath(entity, project, sweep_id)
