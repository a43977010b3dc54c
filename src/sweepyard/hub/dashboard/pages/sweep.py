"""A sweep: its file, how far it is, its runs and agents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sweepyard.domain.access import Actor
from sweepyard.domain.sweep import Sweep, SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link, Live, Page, Pairs
from sweepyard.hub.dashboard.links import project_link
from sweepyard.hub.dashboard.runs_section import RunsSection, runs_section
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPage(Page):
    """A sweep: its file, how far it is, its runs and agents."""

    template: ClassVar[str] = "sweep.html"
    state: str
    about: Pairs
    description: str
    best: Link | None
    config_yaml: str
    runs: RunsSection
    agents: tuple[tuple[str, str, str, str, str], ...]


def sweep_page(services: Services, actor: Actor, path: SweepPath, view: RunsView) -> SweepPage:
    """A sweep, its runs as `view` has them.

    Raises:
        NotFound: There is no such sweep.
    """
    mark = services.watching.sweep(path)
    sweep = services.sweeps.get(path)
    selection = RunSelection(entity=path.entity, project=path.project, sweep_id=path.sweep_id)
    best = services.sweeps.best(path)
    return SweepPage(
        title=sweep.display_name or path.sweep_id,
        username=actor.username,
        state=sweep.state.value.lower(),
        trail=(project_link(path.entity, path.project),),
        live=Live(urls.events_url(urls.sweep_url(path)), mark),
        about=_about_sweep(services, sweep),
        description=sweep.description,
        best=Link(
            best.run.display_name or best.run.path.run_id, urls.run_url(best.run.path), texts.number_text(best.value)
        )
        if best
        else None,
        config_yaml=sweep.config_yaml,
        runs=runs_section(services, selection, view, urls.sweep_url(path)),
        agents=tuple(
            (
                agent.agent_id,
                agent.host,
                "gone" if agent.left else "here",
                ", ".join(agent.running) or texts.ABSENT,
                texts.moment_text(agent.heartbeat_at),
            )
            for agent in services.agents.of_sweep(path)
        ),
    )


def _about_sweep(services: Services, sweep: Sweep) -> Pairs:
    counts = services.sweeps.counts(sweep.path)
    expected = services.sweeps.expected_runs(sweep.path)
    progress = ", ".join(f"{count} {state.value}" for state, count in counts.items()) or "none yet"
    return (
        ("id", sweep.path.sweep_id),
        ("created", texts.moment_text(sweep.created_at)),
        ("runs", progress),
        ("expected", str(expected) if expected is not None else "no end"),
        ("by", sweep.creator or texts.ABSENT),
    )
