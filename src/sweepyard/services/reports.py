"""Reports: written, changed, deleted; who changes one says which revision they have seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sweepyard.clock import Clock
from sweepyard.domain.names import check_texts, is_unicode
from sweepyard.domain.report import REPORT_KIND, Report, SavedView
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import Conflict, NotFound, RequestInvalid, Violation
from sweepyard.ids import IdSource
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.sweep_rows import existing_sweep

MAX_TITLE = 200
MAX_TEXT = 65_536
"""In characters, both."""


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """What people write of a report."""

    title: str
    text: str


class ReportService:
    """Keeps reports."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def create(
        self, entity: str, project: str, draft: ReportDraft, *, author: str, sweep_id: str | None = None
    ) -> Report:
        """A new report, pinned to a sweep where one is given.

        Raises:
            NotFound: There is no such project, or sweep.
            RequestInvalid: The title or the text breaks a rule.
        """
        return self._add(entity, project, sweep_id, draft, author, None)

    def _add(
        self,
        entity: str,
        project: str,
        sweep_id: str | None,
        draft: ReportDraft,
        author: str,
        view: SavedView | None,
    ) -> Report:
        _refuse_faults(draft, view)
        now = self._clock.now()
        report = Report(
            report_id=self._ids.short(),
            entity=entity,
            project=project,
            sweep_id=sweep_id,
            title=draft.title,
            text=draft.text,
            revision=1,
            author=author,
            editor=author,
            created_at=now,
            updated_at=now,
            view=view,
        )
        with self._database.writing() as unit:
            if unit.projects.get(entity, project) is None:
                raise NotFound(f"there is no project {entity}/{project}")
            if sweep_id is not None:
                existing_sweep(unit, SweepPath(entity, project, sweep_id))
            unit.reports.add(report)
        return report

    def get(self, entity: str, project: str, report_id: str) -> Report:
        """The report.

        Raises:
            NotFound: The project has none of that id.
        """
        with self._database.reading() as unit:
            return _existing(unit, entity, project, report_id)

    def find(self, report_id: str) -> Report | None:
        """The report of that id, of whichever project; or None."""
        with self._database.reading() as unit:
            return unit.reports.get(report_id)

    def list(
        self, entity: str, project: str, *, sweep_id: str | None = None, kind: str = REPORT_KIND
    ) -> tuple[Report, ...]:
        """The project's reports, or those that are pinned to one of its sweeps; the last changed first."""
        with self._database.reading() as unit:
            found = unit.reports.of_project(entity, project)
        return tuple(each for each in found if each.kind == kind and sweep_id in {None, each.sweep_id})

    def save_view(self, place: RunSelection, title: str, view: SavedView, *, author: str) -> Report:
        """A new report that a W&B client has made; in that project, or pinned to that sweep.

        Raises:
            NotFound: There is no such project, or sweep.
            RequestInvalid: The title is too long, or a text is none.
        """
        return self._add(place.entity, place.project, place.sweep_id, ReportDraft(title, ""), author, view)

    def change_view(self, report_id: str, title: str | None, view: SavedView, *, editor: str) -> Report:
        """A report as a W&B client has it now; clients look at no revision, so the last one wins.

        Args:
            title: None for the one that it has.

        Raises:
            NotFound: There is no such report.
            RequestInvalid: The title is too long, or a text is none.
        """
        with self._database.writing() as unit:
            stored = unit.reports.get(report_id)
            if stored is None:
                raise NotFound(f"there is no report {report_id[:80]!r}")
            draft = ReportDraft(stored.title if title is None else title, "")
            _refuse_faults(draft, view)
            return self._save(unit, replace(stored, view=view), draft, editor)

    def change(self, seen: Report, draft: ReportDraft, *, editor: str) -> Report:
        """The report with a new title and text.

        Args:
            seen: The report as it was when somebody began to change it.

        Raises:
            NotFound: It is no longer there.
            Conflict: It was changed since.
            RequestInvalid: The title or the text breaks a rule.
        """
        _refuse_faults(draft)
        with self._database.writing() as unit:
            return self._save(unit, _unchanged(unit, seen), draft, editor)

    def _save(self, unit: UnitOfWork, stored: Report, draft: ReportDraft, editor: str) -> Report:
        report = replace(
            stored,
            title=draft.title,
            text=draft.text,
            revision=stored.revision + 1,
            editor=editor,
            updated_at=self._clock.now(),
        )
        unit.reports.save(report)
        return report

    def delete(self, seen: Report) -> None:
        """Remove a report.

        Args:
            seen: The report as it was when somebody decided so.

        Raises:
            NotFound: It is no longer there.
            Conflict: It was changed since.
        """
        with self._database.writing() as unit:
            unit.reports.delete(_unchanged(unit, seen))


def draft_faults(draft: ReportDraft) -> list[Violation]:
    """Every rule that a draft breaks."""
    violations = []
    if not draft.title.strip() or len(draft.title) > MAX_TITLE or not draft.title.isprintable():
        rule = f"a title is 1 to {MAX_TITLE} characters in one line"
        violations.append(Violation(rule, _told(draft.title), where="title"))
    if len(draft.text) > MAX_TEXT:
        rule = f"a report has at most {MAX_TEXT:,} characters"
        violations.append(Violation(rule, f"{len(draft.text):,}", where="text"))
    if "\0" in draft.text or not is_unicode(draft.text):
        violations.append(Violation("a text is Unicode without NUL", where="text"))
    return violations


def _refuse_faults(draft: ReportDraft, view: SavedView | None = None) -> None:
    violations = draft_faults(draft)
    if view is not None:
        check_texts({"name": view.name, "type": view.kind, "description": view.description})
    if violations:
        raise RequestInvalid(violations)


def _told(title: str) -> str:
    return repr(title[:80]) if title.strip() else "none"


def _existing(unit: UnitOfWork, entity: str, project: str, report_id: str) -> Report:
    report = unit.reports.get(report_id)
    if report is None or (report.entity, report.project) != (entity, project):
        raise NotFound(f"there is no report {entity}/{project}/{report_id}")
    return report


def _unchanged(unit: UnitOfWork, seen: Report) -> Report:
    stored = _existing(unit, seen.entity, seen.project, seen.report_id)
    if stored.revision != seen.revision:
        raise Conflict(
            f"{stored.editor} has changed the report meanwhile (revision {stored.revision}; seen was {seen.revision})"
        )
    return stored
