"""All reports of a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link, Page
from sweepyard.hub.dashboard.links import project_link, report_link, sweep_link
from sweepyard.services.bundle import Services


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report.

    Attributes:
        sweep: What it is pinned to; None for the project.
        changed: When, as text.
    """

    link: Link
    sweep: Link | None
    author: str
    changed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsPage(Page):
    """A project's reports.

    Attributes:
        new_url: Where one is written; empty for who may only read.
    """

    template: ClassVar[str] = "reports.html"
    reports: tuple[ReportRow, ...]
    new_url: str


def reports_page(services: Services, actor: Actor, entity: str, project: str) -> ReportsPage:
    """A project's reports, the last changed first.

    Raises:
        NotFound: There is no such project.
    """
    services.projects.get(entity, project)
    reports = services.reports.list(entity, project)
    pinned = {report.sweep_id for report in reports if report.sweep_id is not None}
    sweeps = {each: sweep_link(services.sweeps.get(SweepPath(entity, project, each))) for each in pinned}
    link = project_link(entity, project)
    return ReportsPage(
        title="Reports",
        username=actor.username,
        trail=(link,),
        reports=tuple(
            ReportRow(
                link=report_link(report),
                sweep=sweeps.get(report.sweep_id or ""),
                author=report.author,
                changed=texts.moment_text(report.updated_at),
            )
            for report in reports
        ),
        new_url=urls.new_report_url(link.url) if actor.role.includes(Role.WRITE) else "",
    )
