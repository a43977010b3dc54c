"""Writing, editing and deleting reports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.report import Report
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import Conflict, NotFound
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.curve_section import objectives_of
from sweepyard.hub.dashboard.frame import Page
from sweepyard.hub.dashboard.interest import by_interest
from sweepyard.hub.dashboard.links import project_link, report_link, sweep_link
from sweepyard.hub.dashboard.notes.charts import chart_faults
from sweepyard.hub.dashboard.notes.markdown import CHART
from sweepyard.hub.dashboard.notes.notation import example_of
from sweepyard.hub.dashboard.pages.confirm import ConfirmPage
from sweepyard.hub.dashboard.pages.report import pinned_runs, trail_of
from sweepyard.services.bundle import Services
from sweepyard.services.guard import allow
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.reports import MAX_TEXT, MAX_TITLE, ReportDraft, draft_faults

MAX_FORM_BYTES = 1 << 20
"""The longest text, each character as a form has it at worst: twelve bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportForm(Page):
    """A report in fields.

    Attributes:
        draft: What stands in them.
        seen: The revision that somebody began with; 0 for a new report.
        stored: The text as it is now, where somebody else has changed it meanwhile.
        problems: What is wrong with it; empty before it was sent.
        send_url: Where it is sent.
    """

    template: ClassVar[str] = "report_edit.html"
    draft: ReportDraft
    seen: int
    stored: str = ""
    problems: tuple[str, ...] = ()
    send_url: str
    leave_url: str
    max_title: int = MAX_TITLE
    max_text: int = MAX_TEXT


def new_report(services: Services, actor: Actor, pinned: RunSelection) -> ReportForm:
    """The form for a new report of a project, or of one of its sweeps; a chart stands in it as an example.

    Raises:
        NotFound: There is no such project, or sweep.
        Forbidden: The actor may only read.
    """
    services.projects.get(pinned.entity, pinned.project)
    allow(actor, Role.WRITE)
    sweeps = [services.sweeps.get(SweepPath(pinned.entity, pinned.project, pinned.sweep_id))] if pinned.sweep_id else []
    telling = services.tables.telling(pinned)
    metrics = by_interest(telling.metrics, objectives_of(sweeps), telling.rare)
    example = f"\n\n```{CHART}\n{example_of(metrics[0])}```\n" if metrics else ""
    trail = (project_link(pinned.entity, pinned.project), *map(sweep_link, sweeps))
    return ReportForm(
        title="New report",
        username=actor.username,
        trail=trail,
        draft=ReportDraft("", example),
        seen=0,
        send_url=urls.new_report_url(trail[0].url, pinned.sweep_id),
        leave_url=trail[-1].url,
    )


def created(services: Services, actor: Actor, pinned: RunSelection, form: QueryParams) -> str | ReportForm:
    """The address of the report that is there now; or the form again, with what is wrong.

    Raises:
        NotFound: There is no such project, or sweep.
        Forbidden: The actor may only read.
    """
    draft = _draft_in(form)
    page = replace(new_report(services, actor, pinned), draft=draft)
    problems = _problems(services, draft, pinned)
    if problems:
        return replace(page, problems=problems)
    report = services.reports.create(
        pinned.entity, pinned.project, draft, author=actor.username, sweep_id=pinned.sweep_id
    )
    return urls.report_url(report)


def edit_report(services: Services, actor: Actor, report: Report) -> ReportForm:
    """The form of a report.

    Raises:
        Forbidden: The actor may only read.
        Conflict: A W&B client has saved it.
    """
    allow(actor, Role.WRITE)
    if report.view is not None:
        raise Conflict(f"{report.title} was saved by a W&B client, and is changed by one")
    page = urls.report_url(report)
    return ReportForm(
        title="Edit the report",
        username=actor.username,
        trail=(*trail_of(services, report), report_link(report)),
        draft=ReportDraft(report.title, report.text),
        seen=report.revision,
        send_url=urls.edit_report_url(page),
        leave_url=page,
    )


def edited(
    services: Services, actor: Actor, entity: str, project: str, report_id: str, form: QueryParams
) -> str | ReportForm:
    """The address of the changed report; or the form again, with what is wrong: what was typed stays.

    Raises:
        Forbidden: The actor may only read.
    """
    draft, seen = _draft_in(form), revision_in(form)
    try:
        report = services.reports.get(entity, project, report_id)
    except NotFound:
        page = new_report(services, actor, RunSelection(entity=entity, project=project))
        return replace(page, draft=draft, problems=(_DELETED,))
    page = replace(edit_report(services, actor, report), draft=draft)
    problems = _problems(services, draft, pinned_runs(report))
    if problems:
        return replace(page, seen=seen, problems=problems)
    try:
        services.reports.change(replace(report, revision=seen), draft, editor=actor.username)
    except Conflict as error:
        return replace(page, stored=report.text, problems=(f"{error}. Sent again, this takes its place",))
    return page.leave_url


def confirm_deletion(services: Services, actor: Actor, report: Report) -> ConfirmPage:
    """The page that asks whether to delete a report.

    Raises:
        Forbidden: The actor may only read.
    """
    allow(actor, Role.WRITE)
    page = urls.report_url(report)
    return ConfirmPage(
        title="Delete the report?",
        username=actor.username,
        trail=(*trail_of(services, report), report_link(report)),
        question=f"Delete the report {texts.shortened(report.title)}?",
        consequences=("Its text is gone for good; runs and sweeps stay as they are.", "This cannot be undone."),
        verb="Delete the report",
        answer=(("seen", str(report.revision)),),
        answer_url=urls.delete_report_url(page),
        leave_url=page,
    )


def revision_in(form: QueryParams) -> int:
    """The revision that somebody has seen who sends a form; 0 where it does not say."""
    seen = form.get("seen", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 9 else 0


def _draft_in(form: QueryParams) -> ReportDraft:
    # Browsers send lines as CR LF, whatever they were.
    return ReportDraft(form.get("title", "").strip(), form.get("text", "").replace("\r\n", "\n"))


def _problems(services: Services, draft: ReportDraft, pinned: RunSelection) -> tuple[str, ...]:
    return tuple(map(str, [*draft_faults(draft), *chart_faults(services, draft.text, pinned)]))


_DELETED = "somebody has deleted the report meanwhile; sent again, this becomes a new one of the project"
