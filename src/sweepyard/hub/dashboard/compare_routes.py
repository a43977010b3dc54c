"""The route of the comparison of runs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import BaseRoute

from sweepyard.domain.access import Actor
from sweepyard.hub.dashboard.doors import Doors
from sweepyard.hub.dashboard.frame import Page
from sweepyard.hub.dashboard.pages.compare import compare_page
from sweepyard.hub.dashboard.places import PROJECT, project_of
from sweepyard.services.bundle import Services


def compare_routes(doors: Doors, services: Services) -> list[BaseRoute]:
    """The comparison of a project's runs."""

    def page(request: Request, actor: Actor) -> Page:
        return compare_page(services, actor, *project_of(request), request.query_params)

    return [doors.page(f"{PROJECT}/compare", page)]
