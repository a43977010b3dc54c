from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sweepyard.domain.report import Report, SavedView
from sweepyard.errors import Conflict, NotFound, RequestInvalid
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.reports import MAX_TEXT, MAX_TITLE, ReportDraft

GRID = "method: grid\nprogram: train.py\nparameters: {x: {values: [1, 2]}}\n"
DRAFT = ReportDraft("Findings", "Dropout *helps*.")


@pytest.fixture
def report(hub: Any) -> Report:
    hub.services.projects.ensure("lab", "digits")
    written: Report = hub.services.reports.create("lab", "digits", DRAFT, author="ann")
    return written


def test_a_report_is_written_and_found(hub: Any, report: Report) -> None:
    assert hub.services.reports.get("lab", "digits", report.report_id) == report
    assert (report.title, report.text, report.revision, report.author) == ("Findings", "Dropout *helps*.", 1, "ann")
    assert (report.created_at, report.updated_at) == (hub.clock.now(), hub.clock.now())


def test_a_report_is_another_projects_under_no_name(hub: Any, report: Report) -> None:
    hub.services.projects.ensure("lab", "other")
    for project, report_id in (("other", report.report_id), ("digits", "none")):
        with pytest.raises(NotFound, match=f"lab/{project}/{report_id}"):
            hub.services.reports.get("lab", project, report_id)


def test_a_report_is_pinned_to_a_sweep_that_is_there(hub: Any, report: Report) -> None:
    sweep = hub.sweep(GRID).path.sweep_id
    reports = hub.services.reports
    hub.clock.advance(1)
    pinned = reports.create("lab", "digits", DRAFT, author="bob", sweep_id=sweep)
    assert reports.list("lab", "digits") == (pinned, report)
    assert reports.list("lab", "digits", sweep_id=sweep) == (pinned,)
    with pytest.raises(NotFound, match="no sweep lab/digits/none"):
        reports.create("lab", "digits", DRAFT, author="bob", sweep_id="none")
    with pytest.raises(NotFound, match="no project lab/none"):
        reports.create("lab", "none", DRAFT, author="bob")


def test_a_change_makes_a_revision(hub: Any, report: Report) -> None:
    hub.clock.advance(5)
    changed = hub.services.reports.change(report, ReportDraft("Other", ""), editor="bob")
    assert changed == replace(report, title="Other", text="", revision=2, editor="bob", updated_at=hub.clock.now())
    assert hub.services.reports.get("lab", "digits", report.report_id) == changed


def test_nobody_overwrites_what_they_have_not_seen(hub: Any, report: Report) -> None:
    reports = hub.services.reports
    changed = reports.change(report, ReportDraft("Other", "theirs"), editor="bob")
    with pytest.raises(Conflict, match=r"bob has changed the report meanwhile \(revision 2; seen was 1\)"):
        reports.change(report, DRAFT, editor="ann")
    with pytest.raises(Conflict):
        reports.delete(report)
    assert reports.get("lab", "digits", report.report_id) == changed
    reports.delete(changed)
    for late in (lambda: reports.change(changed, DRAFT, editor="ann"), lambda: reports.delete(changed)):
        with pytest.raises(NotFound):
            late()
    assert reports.list("lab", "digits") == ()


def test_what_cannot_be_a_report_is_refused_with_every_reason(hub: Any, report: Report) -> None:
    for title in (" ", "a\nb", "x" * (MAX_TITLE + 1), "\ud800"):
        with pytest.raises(RequestInvalid) as refused:
            hub.services.reports.create("lab", "digits", ReportDraft(title, "\0" * (MAX_TEXT + 1)), author="ann")
        assert [violation.where for violation in refused.value.violations] == ["title", "text", "text"]
    with pytest.raises(RequestInvalid, match="Unicode"):
        hub.services.reports.change(report, ReportDraft("t", "\ud800"), editor="ann")
    hub.services.reports.change(report, ReportDraft("x" * MAX_TITLE, "é" * MAX_TEXT), editor="ann")


def test_marks_follow_reports(hub: Any, report: Report) -> None:
    sweep, watching = hub.sweep(GRID).path, hub.services.watching
    marks = [(watching.project("lab", "digits"), watching.sweep(sweep))]
    hub.clock.advance(1)
    report = hub.services.reports.change(report, DRAFT, editor="ann")
    marks.append((watching.project("lab", "digits"), watching.sweep(sweep)))
    hub.services.reports.delete(report)
    marks.append((watching.project("lab", "digits"), watching.sweep(sweep)))
    assert all(len(set(each)) == 3 for each in zip(*marks, strict=True))


VIEW = SavedView(name="v", kind="runs", description="d", spec={"blocks": []})


def test_what_a_client_saves_is_a_report_of_its_kind(hub: Any, report: Report) -> None:
    reports, place = hub.services.reports, RunSelection(entity="lab", project="digits")
    hub.clock.advance(1)
    saved = reports.save_view(place, "Saved", VIEW, author="bob")
    draft = reports.save_view(place, "Draft", replace(VIEW, kind="runs/draft"), author="bob")
    assert (saved.title, saved.text, saved.view, saved.kind) == ("Saved", "", VIEW, "runs")
    assert reports.list("lab", "digits") == (saved, report)
    assert reports.list("lab", "digits", kind="runs/draft") == (draft,)
    assert reports.find(saved.report_id) == saved
    assert reports.find("none") is None


def test_a_client_changes_what_there_is_and_the_last_one_wins(hub: Any, report: Report) -> None:
    reports = hub.services.reports
    hub.clock.advance(1)
    changed = reports.change_view(report.report_id, None, VIEW, editor="bob")
    assert (changed.title, changed.text, changed.view, changed.revision) == ("Findings", "", VIEW, 2)
    assert (changed.editor, changed.updated_at) == ("bob", hub.clock.now())
    assert reports.change_view(report.report_id, "New", VIEW, editor="ann").title == "New"
    with pytest.raises(NotFound, match="no report 'none'"):
        reports.change_view("none", None, VIEW, editor="bob")


def test_what_no_store_could_keep_is_refused_of_clients_too(hub: Any, report: Report) -> None:
    place = RunSelection(entity="lab", project="digits")
    with pytest.raises(RequestInvalid, match="Unicode"):
        hub.services.reports.save_view(place, "t", replace(VIEW, description="\0"), author="bob")
    with pytest.raises(RequestInvalid, match="a title"):
        hub.services.reports.change_view(report.report_id, "", VIEW, editor="bob")
    with pytest.raises(NotFound, match="no sweep lab/digits/none"):
        hub.services.reports.save_view(replace(place, sweep_id="none"), "t", VIEW, author="bob")
    assert hub.services.reports.list("lab", "digits") == (report,)
