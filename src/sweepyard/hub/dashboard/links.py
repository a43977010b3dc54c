"""Links to what pages name again and again."""

from __future__ import annotations

from sweepyard.domain.artifact import ArtifactVersion
from sweepyard.domain.names import shown_name
from sweepyard.domain.report import Report
from sweepyard.domain.run import Run
from sweepyard.domain.sweep import Sweep
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link


def project_link(entity: str, name: str) -> Link:
    """To a project."""
    return Link(f"{entity}/{name}", urls.project_url(entity, name))


def sweep_link(sweep: Sweep) -> Link:
    """To a sweep, with its state beside it."""
    name = shown_name(sweep.display_name, sweep.path.sweep_id)
    return Link(texts.shortened(name), urls.sweep_url(sweep.path), sweep.state.value.lower())


def run_link(run: Run) -> Link:
    """To a run, with its state beside it."""
    return Link(texts.shortened(shown_name(run.display_name, run.path.run_id)), urls.run_url(run.path), run.state.value)


def report_link(report: Report) -> Link:
    """To a report, with who changed it last beside it."""
    return Link(texts.shortened(report.title), urls.report_url(report), report.editor)


def artifact_link(version: ArtifactVersion) -> Link:
    """To a committed version of an artifact, with its aliases beside it."""
    return Link(f"{version.collection}:v{version.version}", urls.artifact_url(version), " ".join(version.aliases))
