"""The form that asks for a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage(Page):
    """The form that asks for a key.

    Attributes:
        next: Where the login leads.
        unsent: Whether a form was sent without a session, and not taken.
        problem: What was wrong with the last key; empty at first.
    """

    template: ClassVar[str] = "login.html"
    next: str
    unsent: bool
    problem: str = ""


def login_page(wanted: str, *, problem: str = "") -> LoginPage:
    """The form that leads on to `wanted`."""
    return LoginPage(title="Log in", next=wanted, unsent=wanted.endswith(urls.UNSENT), problem=problem)
