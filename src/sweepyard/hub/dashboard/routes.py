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
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import InvalidInput, ServiceError, Unauthenticated
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.assets import assets_route
from sweepyard.hub.dashboard.downloads import Sheet, csv_response, json_response, sheet_of
from sweepyard.hub.dashboard.frame import Link, Page
from sweepyard.hub.dashboard.links import project_link, sweep_link
from sweepyard.hub.dashboard.live import event_stream
from sweepyard.hub.dashboard.pages.columns import columns_page
from sweepyard.hub.dashboard.pages.login import login_page
from sweepyard.hub.dashboard.pages.project import project_page
from sweepyard.hub.dashboard.pages.projects import projects_page
from sweepyard.hub.dashboard.pages.run import run_page
from sweepyard.hub.dashboard.pages.sweep import sweep_page
from sweepyard.hub.dashboard.rendering import NEVER_STORED, problem_page, render
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.hub.http.authentication import Sessions
from sweepyard.services.bundle import Services
from sweepyard.services.guard import acting_as
from sweepyard.services.ports.runs import RunSelection
from sweepyard.web.bodies import read_body
from sweepyard.web.hosts import Addresses

MAX_FORM_BYTES = 16 << 10

_PROJECT = "/{entity}/{project}"
_RUN = f"{_PROJECT}/runs/{{run}}"
_SWEEP = f"{_PROJECT}/sweeps/{{sweep}}"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The pages."""

    services: Services
    sessions: Sessions
    addresses: Addresses

    def routes(self) -> list[BaseRoute]:
        """All of them; those with a project's name come last, since they take whatever is left."""
        return [
            assets_route(),
            Route(urls.LOGIN, self._login_form, methods=["GET"]),
            Route(urls.LOGIN, self._login, methods=["POST"]),
            Route(urls.LOGOUT, self._logout, methods=["POST"]),
            Route("/", self._page(self._projects), methods=["GET"]),
            Route(_PROJECT, self._page(self._project), methods=["GET"]),
            Route(urls.events_url(_PROJECT), self._events(self._project_mark), methods=["GET"]),
            *self._runs_routes(_PROJECT, _runs_of_project, lambda request: project_link(*_project_of(request))),
            Route(_RUN, self._page(self._run), methods=["GET"]),
            Route(urls.events_url(_RUN), self._events(self._run_mark), methods=["GET"]),
            Route(_SWEEP, self._page(self._sweep), methods=["GET"]),
            Route(urls.events_url(_SWEEP), self._events(self._sweep_mark), methods=["GET"]),
            *self._runs_routes(_SWEEP, _runs_of_sweep, self._sweep_link),
        ]

    def _runs_routes(
        self, path: str, selected: Callable[[Request], RunSelection], page_of: Callable[[Request], Link]
    ) -> list[BaseRoute]:
        """What belongs to the table of runs of a page."""

        def columns(request: Request, actor: Actor) -> Page:
            view = RunsView.of(request.query_params)
            return columns_page(self.services, actor, selected(request), view, page_of(request))

        def sheet(request: Request) -> Sheet:
            return sheet_of(self.services, selected(request), RunsView.of(request.query_params))

        return [
            Route(urls.columns_url(path), self._page(columns), methods=["GET"]),
            Route(
                urls.table_url(path, "csv"),
                self._answer(lambda request: csv_response(sheet(request), _file_name(request))),
                methods=["GET"],
            ),
            Route(
                urls.table_url(path, "json"),
                self._answer(lambda request: json_response(sheet(request), _file_name(request))),
                methods=["GET"],
            ),
        ]

    def _answer(self, build: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """What is no page: data, files."""

        def answer(request: Request) -> Response:
            with acting_as(self.sessions.actor_of(request)):
                return build(request)

        return answer

    def _page(self, build: Callable[[Request, Actor], Page]) -> Callable[[Request], Response]:
        def page(request: Request) -> Response:
            try:
                actor = self.sessions.actor_of(request)
                with acting_as(actor):
                    return render(build(request, actor))
            except Unauthenticated:
                return RedirectResponse(urls.login_url(_asked_for(request)), status_code=303, headers=NEVER_STORED)
            except (ServiceError, InvalidInput) as error:
                return problem_page(error)

        return page

    def _events(self, mark_of: Callable[[Request], str]) -> Callable[[Request], object]:
        def look(request: Request) -> str:
            with acting_as(self.sessions.actor_of(request)):
                return mark_of(request)

        async def events(request: Request) -> Response:
            return await event_stream(request, look)

        return events

    def _projects(self, request: Request, actor: Actor) -> Page:
        return projects_page(self.services, actor)

    def _project(self, request: Request, actor: Actor) -> Page:
        return project_page(self.services, actor, *_project_of(request), RunsView.of(request.query_params))

    def _project_mark(self, request: Request) -> str:
        return self.services.watching.project(*_project_of(request))

    def _run(self, request: Request, actor: Actor) -> Page:
        return run_page(self.services, actor, _run_of(request))

    def _run_mark(self, request: Request) -> str:
        return self.services.watching.run(_run_of(request))

    def _sweep(self, request: Request, actor: Actor) -> Page:
        return sweep_page(self.services, actor, _sweep_of(request), RunsView.of(request.query_params))

    def _sweep_link(self, request: Request) -> Link:
        return sweep_link(self.services.sweeps.get(_sweep_of(request)))

    def _sweep_mark(self, request: Request) -> str:
        return self.services.watching.sweep(_sweep_of(request))

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


def _project_of(request: Request) -> tuple[str, str]:
    return request.path_params["entity"], request.path_params["project"]


def _run_of(request: Request) -> RunPath:
    return RunPath(*_project_of(request), request.path_params["run"])


def _sweep_of(request: Request) -> SweepPath:
    return SweepPath(*_project_of(request), request.path_params["sweep"])


def _asked_for(request: Request) -> str:
    """The address in a request, with the view that its query holds."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _runs_of_project(request: Request) -> RunSelection:
    entity, project = _project_of(request)
    return RunSelection(entity=entity, project=project)


def _runs_of_sweep(request: Request) -> RunSelection:
    path = _sweep_of(request)
    return RunSelection(entity=path.entity, project=path.project, sweep_id=path.sweep_id)


def _file_name(request: Request) -> str:
    return "-".join(request.path_params.values())


def _local(address: str) -> str:
    return address if urls.is_local(address) else "/"
