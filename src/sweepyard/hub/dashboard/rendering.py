"""Pages as HTML: a template sees its page's fields, and nothing else but the addresses of static files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

from starlette.responses import HTMLResponse, Response

from sweepyard.errors import InvalidInput, SweepyardError
from sweepyard.hub.dashboard.assets import ASSETS
from sweepyard.hub.dashboard.drawn.svg import svg_of
from sweepyard.hub.dashboard.frame import Page
from sweepyard.web.problems import status_of
from sweepyard.web.templates import environment, page_of

_TEMPLATES = environment("sweepyard.hub.dashboard", ASSETS)
# For documents that stand by themselves: a style sheet, and a picture as markup in which every text is escaped.
_TEMPLATES.globals["style"] = lambda name: ASSETS.text(f"styles/{name}")
_TEMPLATES.globals["svg"] = svg_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(Page):
    """What went wrong, in words."""

    template: ClassVar[str] = "error.html"
    messages: tuple[str, ...]


def render(page: Page, *, status: int = 200) -> HTMLResponse:
    """The page as a response; nobody keeps it."""
    values = {field.name: getattr(page, field.name) for field in fields(page)}
    return page_of(_TEMPLATES.get_template(page.template), status=status, **values)


def error_page(status: int, messages: Sequence[str]) -> Response:
    """The page that says why a request was not served."""
    return render(ErrorPage(title=f"That did not work ({status})", messages=tuple(messages)), status=status)


def problem_page(error: SweepyardError) -> Response:
    """The page of a deliberate error."""
    messages = [str(item) for item in error.violations] if isinstance(error, InvalidInput) else [str(error)]
    return error_page(status_of(error), messages)
