"""Templates of pages: they see their page's values, and nothing else but the addresses of static files."""

from __future__ import annotations

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from sweepyard.web.assets import Assets


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
