"""All projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sweepyard.domain.access import Actor
from sweepyard.domain.run import RunState
from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.frame import Link, Page
from sweepyard.hub.dashboard.links import project_link
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project, and how it stands.

    Attributes:
        latest: When its newest run was made, as text.
    """

    link: Link
    description: str
    runs: int
    running: int
    latest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectsPage(Page):
    """All projects."""

    template: ClassVar[str] = "projects.html"
    projects: tuple[ProjectRow, ...]


def projects_page(services: Services, actor: Actor) -> ProjectsPage:
    """All projects that the actor reaches, by entity and name."""
    rows = []
    for entity in services.projects.entities():
        for project in services.projects.list(entity).items:
            selection = RunSelection(entity=entity, project=project.name)
            states = services.runs.count_by_state(selection)
            newest = services.runs.list(selection, first=1).items
            rows.append(
                ProjectRow(
                    link=project_link(entity, project.name),
                    description=texts.shortened(project.description),
                    runs=sum(states.values()),
                    running=states.get(RunState.RUNNING, 0),
                    latest=texts.moment_text(newest[0].created_at if newest else None),
                )
            )
    return ProjectsPage(title="Projects", username=actor.username, projects=tuple(rows))
