"""The routes of the pages, and who may see them: whoever showed a key, on loopback too.

Other people may share the machine, so nothing is readable without a session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sweepyard.domain.access import Actor
from sweepyard.errors import Unauthenticated
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.assets import ASSETS
from sweepyard.hub.dashboard.compare_routes import compare_routes
from sweepyard.hub.dashboard.curve_routes import curve_routes
from sweepyard.hub.dashboard.doors import MAX_FORM_BYTES, Doors
from sweepyard.hub.dashboard.downloads import Sheet, csv_response, json_response, sheet_of
from sweepyard.hub.dashboard.frame import Link, Page
from sweepyard.hub.dashboard.links import project_link, sweep_link
from sweepyard.hub.dashboard.pages.columns import columns_page
from sweepyard.hub.dashboard.pages.login import login_page
from sweepyard.hub.dashboard.pages.project import project_page
from sweepyard.hub.dashboard.pages.projects import projects_page
from sweepyard.hub.dashboard.places import (
    PROJECT,
    SWEEP,
    project_of,
    runs_of_project,
    runs_of_sweep,
    sweep_of,
)
from sweepyard.hub.dashboard.rendering import render
from sweepyard.hub.dashboard.report_routes import report_routes
from sweepyard.hub.dashboard.run_routes import run_routes
from sweepyard.hub.dashboard.sweep_routes import sweep_routes
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.hub.http.authentication import Sessions
from sweepyard.services.bundle import Services
from sweepyard.services.ports.runs import RunSelection
from sweepyard.web.bodies import read_body
from sweepyard.web.headers import NEVER_STORED
from sweepyard.web.hosts import Addresses


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The pages."""

    services: Services
    sessions: Sessions
    addresses: Addresses

    def routes(self) -> list[BaseRoute]:
        """All of them; those with a project's name come last, since they take whatever is left."""
        doors = Doors(self.sessions)
        return [
            ASSETS.route(),
            Route(urls.LOGIN, self._login_form, methods=["GET"]),
            Route(urls.LOGIN, self._login, methods=["POST"]),
            Route(urls.LOGOUT, self._logout, methods=["POST"]),
            doors.page("/", self._projects),
            doors.page(PROJECT, self._project),
            doors.events(urls.events_url(PROJECT), self._project_mark),
            *self._runs_routes(doors, PROJECT, runs_of_project, lambda request: project_link(*project_of(request))),
            *run_routes(doors, self.services),
            *compare_routes(doors, self.services),
            *curve_routes(doors, self.services),
            *sweep_routes(doors, self.services),
            *report_routes(doors, self.services),
            *self._runs_routes(doors, SWEEP, runs_of_sweep, self._sweep_link),
        ]

    def _runs_routes(
        self, doors: Doors, path: str, selected: Callable[[Request], RunSelection], page_of: Callable[[Request], Link]
    ) -> list[BaseRoute]:
        """What belongs to the table of runs of a page."""

        def columns(request: Request, actor: Actor) -> Page:
            view = RunsView.of(request.query_params)
            return columns_page(self.services, actor, selected(request), view, page_of(request))

        def sheet(request: Request) -> Sheet:
            return sheet_of(self.services, selected(request), RunsView.of(request.query_params))

        return [
            doors.page(urls.columns_url(path), columns),
            doors.answer(
                urls.table_url(path, "csv"), lambda request: csv_response(sheet(request), _file_name(request))
            ),
            doors.answer(
                urls.table_url(path, "json"), lambda request: json_response(sheet(request), _file_name(request))
            ),
        ]

    def _projects(self, request: Request, actor: Actor) -> Page:
        return projects_page(self.services, actor)

    def _project(self, request: Request, actor: Actor) -> Page:
        return project_page(self.services, actor, *project_of(request), request.query_params)

    def _project_mark(self, request: Request) -> str:
        return self.services.watching.project(*project_of(request))

    def _sweep_link(self, request: Request) -> Link:
        return sweep_link(self.services.sweeps.get(sweep_of(request)))

    def _login_form(self, request: Request) -> Response:
        return render(login_page(_local(request.query_params.get("next", "/"))))

    async def _login(self, request: Request) -> Response:
        form = parse_qs((await read_body(request, MAX_FORM_BYTES)).decode("utf-8", "replace"))
        key, wanted = form.get("key", [""])[0].strip(), _local(form.get("next", ["/"])[0])
        response = RedirectResponse(wanted, status_code=303, headers=NEVER_STORED)
        try:
            base = self.addresses.base_url(request.url.scheme, request.headers.get("host", ""))
            secure = base.startswith("https:")
            await run_in_threadpool(self.sessions.open, response, key, secure=secure)
        except Unauthenticated as error:
            return render(login_page(wanted, problem=str(error)), status=401)
        return response

    def _logout(self, request: Request) -> Response:
        response = RedirectResponse(urls.LOGIN, status_code=303, headers=NEVER_STORED)
        self.sessions.close(response)
        return response


def _file_name(request: Request) -> str:
    return "-".join(request.path_params.values())


def _local(address: str) -> str:
    return address if urls.is_local(address) else "/"
