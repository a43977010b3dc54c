"""Pages as HTML: a template sees its page's fields, and nothing else but the addresses of static files."""

from __future__ import annotations

from dataclasses import fields

from starlette.responses import HTMLResponse

from sweepyard.hub.dashboard.assets import ASSETS
from sweepyard.hub.dashboard.drawn.svg import svg_of
from sweepyard.hub.dashboard.frame import Page
from sweepyard.web.templates import environment, page_of

_TEMPLATES = environment("sweepyard.hub.dashboard", ASSETS)
# For documents that stand by themselves: a style sheet, and a picture as markup in which every text is escaped.
_TEMPLATES.globals["style"] = lambda name: ASSETS.text(f"styles/{name}")
_TEMPLATES.globals["svg"] = svg_of


def render(page: Page, *, status: int = 200) -> HTMLResponse:
    """The page as a response; nobody keeps it."""
    values = {field.name: getattr(page, field.name) for field in fields(page)}
    return page_of(_TEMPLATES.get_template(page.template), status=status, **values)
