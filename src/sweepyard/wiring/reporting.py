"""Reports of sweeps: on the server, or as files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sweepyard.agents.environment import hub_variables
from sweepyard.clock import SystemClock
from sweepyard.domain.sweep import SweepPath
from sweepyard.settings import Settings
from sweepyard.wiring.joining import join_hub, open_target

if TYPE_CHECKING:
    from sweepyard.services.check import Target
    from sweepyard.tracking.reports import SavedReport


def report_on_server(sweep: str, source: Target, settings: Settings) -> SavedReport:
    """Save a new report of a sweep where the sweep is.

    Raises:
        HubError: No hub could be joined or started.
        TrackingError: There is no such sweep, the server refuses, or a package is missing.
    """
    with open_target(source, settings) as server:
        if server is not None:
            # The package that makes reports looks here alone; it must stand here before the client is imported.
            os.environ.update({**hub_variables(server), "WANDB_SILENT": "true"})
        from sweepyard.tracking.parting import only_reading
        from sweepyard.tracking.reader import Reader
        from sweepyard.tracking.reports import save_report

        with only_reading():
            return save_report(Reader(server).sweep(sweep), SystemClock().now())


def report_as_file(sweep: str, form: str, settings: Settings) -> bytes:
    """The page of a sweep of this home's hub as one document: html, pdf or png.

    Raises:
        HubError: No hub could be joined or started.
        TrackingError: There is no such sweep, or the hub cannot make the document.
    """
    from sweepyard.tracking.sheets import fetch_sheet

    with join_hub(settings) as server:
        parts = sweep.strip("/").split("/")
        entity, project, sweep_id = parts if len(parts) == 3 else (server.entity, *parts)
        return fetch_sheet(server, SweepPath(entity, project, sweep_id), form)
