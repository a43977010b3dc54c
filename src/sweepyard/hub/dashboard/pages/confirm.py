"""Asking before something is done that cannot be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sweepyard.hub.dashboard.frame import Page, Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPage(Page):
    """Asks whether to do something.

    Attributes:
        question: What is asked.
        consequences: What will happen.
        verb: What the button says.
        answer: What the form says, names and values.
        answer_url: Where it is sent.
    """

    template: ClassVar[str] = "confirm.html"
    question: str
    consequences: tuple[str, ...]
    verb: str
    answer: Pairs
    answer_url: str
    leave_url: str
