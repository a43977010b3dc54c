"""A report: its note, with the charts in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.report import Report
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link, Live, Page
from sweepyard.hub.dashboard.links import project_link, sweep_link
from sweepyard.hub.dashboard.notes.charts import Part, note_parts
from sweepyard.hub.view_specs import markdown_of
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage(Page):
    """A report.

    Attributes:
        parts: The note, from the top.
        said: Who wrote it, and when.
        edit_url: Empty for who may only read, as is `delete_url`, and for what a W&B client saved.
    """

    template: ClassVar[str] = "report.html"
    parts: tuple[Part, ...]
    said: str
    edit_url: str
    delete_url: str


def report_page(services: Services, actor: Actor, entity: str, project: str, report_id: str) -> ReportPage:
    """A report, as it is now.

    Raises:
        NotFound: There is none.
    """
    mark = services.watching.project(entity, project)
    report = services.reports.get(entity, project, report_id)
    page = urls.report_url(report)
    may_write = actor.role.includes(Role.WRITE)
    note = report.text if report.view is None else markdown_of(report.view.spec)
    return ReportPage(
        title=texts.shortened(report.title),
        username=actor.username,
        trail=trail_of(services, report),
        live=Live(urls.events_url(page), mark),
        parts=note_parts(services, note, pinned_runs(report)),
        said=_said(report),
        edit_url=urls.edit_report_url(page) if may_write and report.view is None else "",
        delete_url=urls.delete_report_url(page) if may_write else "",
    )


def trail_of(services: Services, report: Report) -> tuple[Link, ...]:
    """What a report is pinned to."""
    project = project_link(report.entity, report.project)
    if report.sweep_id is None:
        return (project,)
    return (project, sweep_link(services.sweeps.get(SweepPath(report.entity, report.project, report.sweep_id))))


def pinned_runs(report: Report) -> RunSelection:
    """The runs of what a report is pinned to."""
    return RunSelection(entity=report.entity, project=report.project, sweep_id=report.sweep_id)


def _said(report: Report) -> str:
    said = f"By {report.author}, {texts.moment_text(report.created_at)} UTC"
    if report.view is not None:
        said += ", with a W&B client"
    if report.revision == 1:
        return said
    return f"{said}; changed by {report.editor}, {texts.moment_text(report.updated_at)} UTC"
