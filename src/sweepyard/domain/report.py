"""A report: a note that somebody pins to a project, or to one of its sweeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sweepyard.jsonvalue import JsonObject

REPORT_KIND = "runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """What a W&B client saves as a report, or as something else that its pages show, as it came.

    Attributes:
        name: The client's own, which nobody sees.
        kind: `runs` for a report, `runs/draft` for one that is not finished; others are no reports.
        spec: Blocks and panels.
    """

    name: str
    kind: str
    description: str
    spec: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as stored.

    Attributes:
        report_id: The hub's, across projects.
        sweep_id: The sweep that it is pinned to; None for one of the whole project.
        text: Markdown, as written; empty for what a W&B client saved.
        view: None for a note written at the hub.
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
    view: SavedView | None = None

    @property
    def kind(self) -> str:
        """What it is, in W&B's words."""
        return self.view.kind if self.view else REPORT_KIND
