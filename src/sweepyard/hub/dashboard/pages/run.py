"""A run: one page for each of its sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.access import Actor
from sweepyard.domain.names import shown_name
from sweepyard.domain.run import Run, RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link, Live, Page
from sweepyard.hub.dashboard.links import project_link, sweep_link
from sweepyard.hub.dashboard.run_sections.console import console
from sweepyard.hub.dashboard.run_sections.files import files
from sweepyard.hub.dashboard.run_sections.media import media
from sweepyard.hub.dashboard.run_sections.overview import overview
from sweepyard.hub.dashboard.run_sections.section import Section, SectionOf
from sweepyard.hub.dashboard.run_sections.system import system
from sweepyard.services.bundle import Services

SECTIONS: Mapping[str, tuple[str, SectionOf]] = {
    "": ("Overview", overview),
    "media": ("Media", media),
    "system": ("System", system),
    "console": ("Console", console),
    "files": ("Files", files),
}
"""By the last part of their address: what tabs call them, and what builds them."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of the run."""

    text: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage(Page):
    """A section of a run."""

    template: ClassVar[str] = "run.html"
    name: str
    state: str
    sweep: Link | None
    tabs: tuple[Tab, ...]
    section: Section


def run_page(services: Services, actor: Actor, path: RunPath, name: str, asked: QueryParams) -> RunPage:
    """The section of that name (of `SECTIONS`).

    Raises:
        NotFound: There is no such run.
        RequestInvalid: The address asks for what cannot be.
    """
    mark = services.watching.run(path)
    run = services.runs.get(path)
    text, build = SECTIONS[name]
    title = texts.shortened(shown_name(run.display_name, path.run_id))
    return RunPage(
        title=f"{title} · {text}" if name else title,
        name=title,
        username=actor.username,
        trail=(project_link(path.entity, path.project),),
        live=Live(urls.events_url(urls.run_url(path)), mark),
        state=run.state.value,
        sweep=_sweep_of(services, run),
        tabs=tuple(Tab(text, urls.run_section_url(path, each), each == name) for each, (text, _) in SECTIONS.items()),
        section=build(services, run, asked),
    )


def _sweep_of(services: Services, run: Run) -> Link | None:
    if run.sweep_id is None:
        return None
    sweep = services.sweeps.find(SweepPath(run.path.entity, run.path.project, run.sweep_id))
    return sweep_link(sweep) if sweep else None
