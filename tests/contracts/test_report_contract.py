from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.report import Report, SavedView
from sweepyard.domain.sweep import Sweep, SweepPath, SweepState
from sweepyard.errors import Conflict
from sweepyard.services.ports import Database
from sweepyard.services.ports.marks import RowsMark

REPORT = Report(
    report_id="r1",
    entity="lab",
    project="digits",
    sweep_id=None,
    title="Ünïcode \u202e & <b>",
    text="# Findings\n\n```chart\nmetric: acc\n```\n" * 1000,
    revision=1,
    author="ann",
    editor="ann",
    created_at=START,
    updated_at=START,
)
SWEEP = Sweep(
    path=SweepPath("lab", "digits", "s1"),
    state=SweepState.PENDING,
    config_yaml="method: grid",
    seed=1,
    created_at=START,
    updated_at=START,
    creator="ann",
)


@pytest.fixture
def filled(database: Database) -> Database:
    with database.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.projects.ensure("lab", "other", START)
        unit.sweeps.add(SWEEP)
        unit.reports.add(REPORT)
    return database


def test_a_report_is_kept_whole(filled: Database) -> None:
    with filled.reading() as unit:
        assert unit.reports.get("r1") == REPORT
        assert unit.reports.get("r2") is None


def test_an_id_is_taken_once_across_projects(filled: Database) -> None:
    with filled.writing() as unit:
        with pytest.raises(Conflict):
            unit.reports.add(replace(REPORT, project="other"))
        assert unit.reports.get("r1") == REPORT


def test_a_report_needs_its_project(database: Database) -> None:
    with database.writing() as unit, pytest.raises(Conflict):
        unit.reports.add(REPORT)


def test_a_report_is_overwritten(filled: Database) -> None:
    changed = replace(
        REPORT, title="t", text="", revision=2, editor="bob", updated_at=START + timedelta(microseconds=1)
    )
    with filled.writing() as unit:
        unit.reports.save(changed)
    with filled.reading() as unit:
        assert unit.reports.get("r1") == changed


def test_what_a_client_saved_is_kept_as_it_came(filled: Database) -> None:
    view = SavedView(name="v", kind="runs/draft", description="é", spec={"blocks": [{"n": [1, None, {"x": 1.5}]}]})
    with filled.writing() as unit:
        unit.reports.add(replace(REPORT, report_id="r2", view=view))
        unit.reports.save(replace(REPORT, view=view))
    with filled.reading() as unit:
        assert [report.view for report in unit.reports.of_project("lab", "digits")] == [view, view]


def test_a_report_is_removed(filled: Database) -> None:
    with filled.writing() as unit:
        unit.reports.delete(REPORT)
        unit.reports.delete(REPORT)
    with filled.reading() as unit:
        assert unit.reports.get("r1") is None
        assert unit.reports.of_project("lab", "digits") == []


def test_a_projects_reports_with_the_last_changed_first(filled: Database) -> None:
    later = START + timedelta(seconds=1)
    pinned = replace(REPORT, report_id="r3", sweep_id="s1", updated_at=later)
    twin = replace(REPORT, report_id="r2", updated_at=later)
    with filled.writing() as unit:
        unit.reports.add(pinned)
        unit.reports.add(twin)
    with filled.reading() as unit:
        assert unit.reports.of_project("lab", "digits") == [twin, pinned, REPORT]
        assert unit.reports.of_project("lab", "other") == []
        assert unit.reports.mark("lab", "digits") == RowsMark(3, later)
        assert unit.reports.mark("lab", "other") == RowsMark(0, None)
