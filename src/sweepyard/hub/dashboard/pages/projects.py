"""All projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sweepyard.domain.access import Actor
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link, Page
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectsPage(Page):
    """All projects."""

    template: ClassVar[str] = "projects.html"
    projects: tuple[Link, ...]


def projects_page(services: Services, actor: Actor) -> ProjectsPage:
    """All projects that the actor reaches, by entity and name."""
    links = []
    for entity in services.projects.entities():
        for project in services.projects.list(entity).items:
            count = services.runs.count(RunSelection(entity=entity, project=project.name))
            links.append(
                Link(f"{entity}/{project.name}", urls.project_url(entity, project.name), texts.runs_text(count))
            )
    return ProjectsPage(title="Projects", username=actor.username, projects=tuple(links))
