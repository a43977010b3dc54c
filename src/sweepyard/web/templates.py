"""Templates of pages: they see their page's values, and nothing else but the addresses of static files."""

from __future__ import annotations

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template
from starlette.responses import HTMLResponse

from sweepyard.web.assets import Assets
from sweepyard.web.headers import NEVER_STORED


def environment(package: str, assets: Assets) -> Environment:
    """The templates of a package, which may extend this room's `base.html`."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("sweepyard.web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = assets.url
    return made


def page_of(template: Template, *, status: int, **values: object) -> HTMLResponse:
    """A page as a response, which nobody keeps; text that is no Unicode is escaped."""
    html = template.render(values)
    return HTMLResponse(html.encode("utf-8", "backslashreplace"), status_code=status, headers=NEVER_STORED)
