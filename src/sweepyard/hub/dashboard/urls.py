"""The addresses of pages; the client prints the first three of them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from sweepyard.domain.artifact import ArtifactVersion
from sweepyard.domain.report import Report
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath

LOGIN = "/login"
LOGOUT = "/logout"
UNSENT = "#unsent"
"""Behind the address of a page with a form that was sent without a session, for whoever comes back from the login."""


def project_url(entity: str, project: str) -> str:
    """The page of a project."""
    return f"/{_part(entity)}/{_part(project)}"


def run_url(path: RunPath) -> str:
    """The page of a run."""
    return f"{runs_url(project_url(path.entity, path.project))}{_part(path.run_id)}"


def run_section_url(path: RunPath, section: str) -> str:
    """One of the pages of a run; the first without a name."""
    return f"{run_url(path)}/{section}" if section else run_url(path)


def runs_url(project: str) -> str:
    """What the addresses of a project's runs begin with."""
    return f"{project}/runs/"


def sweep_url(path: SweepPath) -> str:
    """The page of a sweep."""
    return f"{project_url(path.entity, path.project)}/sweeps/{_part(path.sweep_id)}"


def sweep_state_url(sweep: str) -> str:
    """Where the form is sent that pauses, resumes, stops or cancels the sweep at an address."""
    return f"{sweep}/state"


def confirm_sweep_url(sweep: str, what: str) -> str:
    """The page that asks whether to stop, or to cancel, the sweep at an address."""
    return f"{sweep}/{what}"


def edit_sweep_url(sweep: str) -> str:
    """The form with the file of the sweep at an address, and where it is sent."""
    return f"{sweep}/edit"


def readmit_url(sweep: str) -> str:
    """Where the form is sent that lets a host have runs again."""
    return f"{sweep}/readmit"


def sweep_points_url(sweep: str) -> str:
    """What a sweep's runs have in the columns of charts."""
    return f"{sweep}/points.json"


def sweep_results_url(sweep: str) -> str:
    """How the best result of a sweep came about."""
    return f"{sweep}/results.json"


def sweep_sheet_url(sweep: str, form: str) -> str:
    """A sweep's page as one document: html, pdf or png."""
    return f"{sweep}/sheet.{form}"


def sweep_bands_url(sweep: str) -> str:
    """Where the runs of a sweep stand by early termination."""
    return f"{sweep}/bands.json"


def events_url(page: str) -> str:
    """The stream of marks of a project's, a sweep's or a run's page."""
    return f"{page}/events"


def columns_url(page: str) -> str:
    """Where the columns of a page's runs are chosen."""
    return f"{page}/columns"


def table_url(page: str, form: str) -> str:
    """A page's runs as a file: csv or json."""
    return f"{page}/runs.{form}"


def curves_url(page: str) -> str:
    """Where the numbers of a page's curves are asked for."""
    return f"{page}/curves.json"


def file_url(path: RunPath, name: str) -> str:
    """Where a run's file is read."""
    return f"/files{project_url(path.entity, path.project)}/{_part(path.run_id)}/{quote(name, safe='/')}"


def console_url(path: RunPath) -> str:
    """All that a run printed, as a file."""
    return f"{run_url(path)}/console.log"


def system_url(path: RunPath) -> str:
    """Where the numbers of a run's system metrics are asked for."""
    return f"{run_url(path)}/system.json"


def artifact_url(version: ArtifactVersion) -> str:
    """The page of a committed version, as the client prints it."""
    parts = (version.artifact_type, version.collection, f"v{version.version}")
    return f"{project_url(version.entity, version.project)}/artifacts/{'/'.join(map(_part, parts))}"


def artifact_file_url(version: ArtifactVersion, name: str) -> str:
    """Where a file of a committed version is read."""
    return f"{artifact_url(version)}/files/{quote(name, safe='/')}"


def compare_url(entity: str, project: str) -> str:
    """Where runs of a project are compared, without saying which."""
    return f"{project_url(entity, project)}/compare"


def logged_file_url(path: RunPath, artifact: ArtifactVersion | None, name: str) -> str:
    """Where a file that a run logged is read: in an artifact, or else among the run's own."""
    return artifact_file_url(artifact, name) if artifact else file_url(path, name)


def reports_url(project: str) -> str:
    """The list of a project's reports."""
    return f"{project}/reports"


def report_url(report: Report) -> str:
    """The page of a report."""
    return f"{reports_url(project_url(report.entity, report.project))}/{_part(report.report_id)}"


def new_report_url(project: str, sweep_id: str | None = None) -> str:
    """Where a report is written, pinned to a sweep where one is given."""
    return with_query(f"{reports_url(project)}/new", [("sweep", sweep_id)] if sweep_id else [])


def edit_report_url(report: str) -> str:
    """The form of the report at an address, and where it is sent."""
    return f"{report}/edit"


def delete_report_url(report: str) -> str:
    """The page that asks whether to delete the report at an address, and where the answer is sent."""
    return f"{report}/delete"


def with_query(path: str, pairs: Sequence[tuple[str, str]]) -> str:
    """An address with names and values behind it; without any, the path alone."""
    return f"{path}?{urlencode(pairs, quote_via=quote, safe=',')}" if pairs else path


def login_url(wanted: str) -> str:
    """The login page that leads on to `wanted`."""
    return f"{LOGIN}?next={quote(wanted, safe='/')}"


def is_local(wanted: str) -> bool:
    """Whether an address stays on this host: a path, with nothing that a browser reads as another host."""
    return wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()


def _part(text: str) -> str:
    return quote(text, safe="")
