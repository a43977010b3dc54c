"""The routes of reports: their list, each one's page, and what changes them."""

from __future__ import annotations

from dataclasses import replace

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.routing import BaseRoute

from sweepyard.domain.access import Actor
from sweepyard.domain.report import Report
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.doors import Doors
from sweepyard.hub.dashboard.frame import Page
from sweepyard.hub.dashboard.pages import report_changes as changes
from sweepyard.hub.dashboard.pages.report import report_page
from sweepyard.hub.dashboard.pages.reports import reports_page
from sweepyard.hub.dashboard.places import PROJECT, REPORT, asked_for, project_of, report_of, runs_of_project
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection


def report_routes(doors: Doors, services: Services) -> list[BaseRoute]:
    """All of them; `new` comes before the pages of reports."""

    def reports(request: Request, actor: Actor) -> Page:
        return reports_page(services, actor, *project_of(request))

    def new(request: Request, actor: Actor) -> Page:
        return changes.new_report(services, actor, _pinned(request))

    def create(request: Request, actor: Actor, form: QueryParams) -> str | Page:
        return changes.created(services, actor, _pinned(request), form)

    def page(request: Request, actor: Actor) -> Page:
        return report_page(services, actor, *report_of(request))

    def mark(request: Request) -> str:
        services.reports.get(*report_of(request))
        return services.watching.project(*project_of(request))

    def edit(request: Request, actor: Actor) -> Page:
        return changes.edit_report(services, actor, report(request))

    def change(request: Request, actor: Actor, form: QueryParams) -> str | Page:
        return changes.edited(services, actor, *report_of(request), form)

    def confirm(request: Request, actor: Actor) -> Page:
        return changes.confirm_deletion(services, actor, report(request))

    def delete(request: Request, _actor: Actor, form: QueryParams) -> str:
        services.reports.delete(replace(report(request), revision=changes.revision_in(form)))
        return urls.reports_url(urls.project_url(*project_of(request)))

    def report(request: Request) -> Report:
        return services.reports.get(*report_of(request))

    limit = changes.MAX_FORM_BYTES
    return [
        doors.page(urls.reports_url(PROJECT), reports),
        doors.page(urls.new_report_url(PROJECT), new),
        doors.action(urls.new_report_url(PROJECT), create, back=asked_for, limit_bytes=limit),
        doors.page(REPORT, page),
        doors.events(urls.events_url(REPORT), mark),
        doors.page(urls.edit_report_url(REPORT), edit),
        doors.action(urls.edit_report_url(REPORT), change, back=asked_for, limit_bytes=limit),
        doors.page(urls.delete_report_url(REPORT), confirm),
        doors.action(urls.delete_report_url(REPORT), delete, back=asked_for),
    ]


def _pinned(request: Request) -> RunSelection:
    return replace(runs_of_project(request), sweep_id=request.query_params.get("sweep") or None)
