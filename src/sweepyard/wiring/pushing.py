"""Sending runs to another server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sweepyard.settings import Settings
from sweepyard.wiring.joining import open_target

if TYPE_CHECKING:
    from sweepyard.tracking.push.opening import PushRequest
    from sweepyard.tracking.push.report import PushReport


def push_runs(
    request: PushRequest, settings: Settings, environ: Mapping[str, str], *, say: Callable[[str], None]
) -> PushReport:
    """Send runs and sweeps to another server, or, for a dry run, say what that would do.

    Raises:
        InvalidInput: The destination is no server's address, or is where the runs are.
        HubError, TrackingError: A server is away or refuses, or has no such run.
    """
    from sweepyard.agents.leash import leash
    from sweepyard.tracking.push.opening import open_push

    # A push that is killed takes the client's process with it.
    with (
        open_target(request.source, settings) as server,
        open_push(request, server, settings.home, environ, say=say, leash=leash()) as (push, wanted),
    ):
        return push.plan(wanted) if request.dry_run else push.push(wanted)
