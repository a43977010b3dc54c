"""A report: a note that somebody pins to a project, or to one of its sweeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as stored.

    Attributes:
        report_id: The hub's, across projects.
        sweep_id: The sweep that it is pinned to; None for one of the whole project.
        text: Markdown, as written.
        revision: 1 at first; one more after each change.
        author: Who wrote it first.
        editor: Who changed it last.
    """

    report_id: str
    entity: str
    project: str
    sweep_id: str | None
    title: str
    text: str
    revision: int
    author: str
    editor: str
    created_at: datetime
    updated_at: datetime
