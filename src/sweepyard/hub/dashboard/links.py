"""Links to what pages name again and again."""

from __future__ import annotations

from sweepyard.domain.sweep import Sweep
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link


def project_link(entity: str, name: str) -> Link:
    """To a project."""
    return Link(f"{entity}/{name}", urls.project_url(entity, name))


def sweep_link(sweep: Sweep) -> Link:
    """To a sweep, with its state beside it."""
    name = sweep.display_name or sweep.path.sweep_id
    return Link(texts.shortened(name), urls.sweep_url(sweep.path), sweep.state.value.lower())
