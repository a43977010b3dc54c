"""What the address of a request names: a project, a sweep, a run."""

from __future__ import annotations

from starlette.requests import Request

from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.services.ports.runs import RunSelection

PROJECT = "/{entity}/{project}"
RUN = f"{PROJECT}/runs/{{run}}"
SWEEP = f"{PROJECT}/sweeps/{{sweep}}"
REPORT = f"{PROJECT}/reports/{{report}}"


def project_of(request: Request) -> tuple[str, str]:
    """The entity and the project's name, of an address below `PROJECT`."""
    return request.path_params["entity"], request.path_params["project"]


def run_of(request: Request) -> RunPath:
    """The run, of an address below `RUN`."""
    return RunPath(*project_of(request), request.path_params["run"])


def sweep_of(request: Request) -> SweepPath:
    """The sweep, of an address below `SWEEP`."""
    return SweepPath(*project_of(request), request.path_params["sweep"])


def report_of(request: Request) -> tuple[str, str, str]:
    """The entity, the project and the report's id, of an address below `REPORT`; clients put its title before it."""
    return *project_of(request), request.path_params["report"].rpartition("--")[2]


def runs_of_project(request: Request) -> RunSelection:
    """All runs of the project that an address names."""
    entity, project = project_of(request)
    return RunSelection(entity=entity, project=project)


def runs_of_sweep(request: Request) -> RunSelection:
    """All runs of the sweep that an address names."""
    path = sweep_of(request)
    return RunSelection(entity=path.entity, project=path.project, sweep_id=path.sweep_id)


def asked_for(request: Request) -> str:
    """The address in a request, with the view that its query holds."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
