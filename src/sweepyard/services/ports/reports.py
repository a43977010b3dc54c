"""Reports, as the services need them stored."""

from __future__ import annotations

from typing import Protocol

from sweepyard.domain.report import Report
from sweepyard.services.ports.marks import RowsMark


class ReportRepository(Protocol):
    """Reports."""

    def add(self, report: Report) -> None:
        """Store a new report in a project that exists.

        Raises:
            Conflict: A report of that id is stored already.
        """

    def get(self, report_id: str) -> Report | None: ...

    def save(self, report: Report) -> None:
        """Overwrite the stored report of that id, whole."""

    def delete(self, report: Report) -> None:
        """Remove the report of that id; harmless when there is none."""

    def of_project(self, entity: str, project: str) -> list[Report]:
        """The project's reports, those of its sweeps too; the last changed first."""

    def mark(self, entity: str, project: str) -> RowsMark:
        """What tells whether anything has changed about the project's reports."""
