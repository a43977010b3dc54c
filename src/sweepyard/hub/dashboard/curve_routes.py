"""Where the numbers of curves are asked for: of a project, of a sweep, of a run."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.curve_data import curves_of_run, curves_of_view
from sweepyard.hub.dashboard.curve_views import CurvesAsked
from sweepyard.hub.dashboard.doors import Doors
from sweepyard.hub.dashboard.packing import packed_json
from sweepyard.hub.dashboard.places import (
    PROJECT,
    RUN,
    SWEEP,
    project_of,
    run_of,
    runs_of_project,
    runs_of_sweep,
    sweep_of,
)
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.services.bundle import Services


def curve_routes(doors: Doors, services: Services) -> list[BaseRoute]:
    """The addresses of numbers of curves."""

    def route(page: str, numbers: Callable[[Request, CurvesAsked], object]) -> BaseRoute:
        def answer(request: Request) -> Response:
            return packed_json(request, numbers(request, CurvesAsked.of(request.query_params)))

        return doors.answer(urls.curves_url(page), answer)

    def of_project(request: Request, asked: CurvesAsked) -> object:
        services.projects.get(*project_of(request))
        return curves_of_view(services, runs_of_project(request), RunsView.of(request.query_params), asked)

    def of_sweep(request: Request, asked: CurvesAsked) -> object:
        services.sweeps.get(sweep_of(request))
        return curves_of_view(services, runs_of_sweep(request), RunsView.of(request.query_params), asked)

    def of_run(request: Request, asked: CurvesAsked) -> object:
        return curves_of_run(services, run_of(request), asked)

    return [route(PROJECT, of_project), route(SWEEP, of_sweep), route(RUN, of_run)]
