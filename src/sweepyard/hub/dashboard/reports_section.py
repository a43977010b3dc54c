"""Reports on the page of what they are pinned to: a project, a sweep."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.domain.access import Actor, Role
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.frame import Link
from sweepyard.hub.dashboard.links import report_link
from sweepyard.services.bundle import Services

_MOST = 8


@dataclass(frozen=True, slots=True)
class ReportsSection:
    """Reports of a page.

    Attributes:
        links: The last changed ones.
        more: How many others there are.
        all_url: The list of all of the project's.
        new_url: Where one is written; empty for who may only read.
    """

    links: tuple[Link, ...]
    more: int
    all_url: str
    new_url: str


def reports_section(
    services: Services, actor: Actor, entity: str, project: str, sweep_id: str | None = None
) -> ReportsSection:
    """The reports of a project, or of one of its sweeps."""
    reports = services.reports.list(entity, project, sweep_id=sweep_id)
    page = urls.project_url(entity, project)
    return ReportsSection(
        links=tuple(report_link(report) for report in reports[:_MOST]),
        more=max(0, len(reports) - _MOST),
        all_url=urls.reports_url(page),
        new_url=urls.new_report_url(page, sweep_id) if actor.role.includes(Role.WRITE) else "",
    )
