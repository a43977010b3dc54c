"""The routes of the pages, and who may see them: whoever showed a key, on loopback too.

Other people may share the machine, so nothing is readable without a session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sweepyard.domain.access import Actor
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import InvalidInput, ServiceError, SweepyardError, Unauthenticated
from sweepyard.hub.dashboard import pages, urls
from sweepyard.hub.dashboard.contexts import ErrorPage, LoginPage, PageContext
from sweepyard.hub.http.authentication import Sessions
from sweepyard.services.bundle import Services
from sweepyard.services.guard import acting_as
from sweepyard.web.bodies import read_body
from sweepyard.web.hosts import Addresses
from sweepyard.web.problems import status_of

MAX_FORM_BYTES = 16 << 10

_TEMPLATES = Environment(
    loader=PackageLoader("sweepyard.hub.dashboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_NEVER_STORED = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The pages."""

    services: Services
    sessions: Sessions
    addresses: Addresses

    def routes(self) -> list[BaseRoute]:
        """All of them; those with a project's name come last, since they take whatever is left."""
        return [
            Mount("/static", StaticFiles(packages=[("sweepyard.hub.dashboard", "static")]), name="static"),
            Route(urls.LOGIN, self._login_form, methods=["GET"]),
            Route(urls.LOGIN, self._login, methods=["POST"]),
            Route(urls.LOGOUT, self._logout, methods=["POST"]),
            Route("/", self._page(self._projects), methods=["GET"]),
            Route("/{entity}/{project}", self._page(self._project), methods=["GET"]),
            Route("/{entity}/{project}/runs/{run}", self._page(self._run), methods=["GET"]),
            Route("/{entity}/{project}/sweeps/{sweep}", self._page(self._sweep), methods=["GET"]),
        ]

    def _page(self, build: Callable[[Request, Actor], Response]) -> Callable[[Request], Response]:
        def page(request: Request) -> Response:
            try:
                actor = self.sessions.actor_of(request)
                with acting_as(actor):
                    return build(request, actor)
            except Unauthenticated:
                return RedirectResponse(urls.login_url(request.url.path), status_code=303, headers=_NEVER_STORED)
            except (ServiceError, InvalidInput) as error:
                return _error(error)

        return page

    def _projects(self, request: Request, actor: Actor) -> Response:
        return render("projects.html", pages.projects_page(self.services, actor))

    def _project(self, request: Request, actor: Actor) -> Response:
        entity, project = request.path_params["entity"], request.path_params["project"]
        after = request.query_params.get("after")
        return render("project.html", pages.project_page(self.services, actor, entity, project, after))

    def _run(self, request: Request, actor: Actor) -> Response:
        parts = request.path_params
        path = RunPath(parts["entity"], parts["project"], parts["run"])
        return render("run.html", pages.run_page(self.services, actor, path))

    def _sweep(self, request: Request, actor: Actor) -> Response:
        parts = request.path_params
        path = SweepPath(parts["entity"], parts["project"], parts["sweep"])
        return render("sweep.html", pages.sweep_page(self.services, actor, path))

    def _login_form(self, request: Request) -> Response:
        return render("login.html", LoginPage(title="Log in", next=_wanted(request.query_params.get("next", "/"))))

    async def _login(self, request: Request) -> Response:
        form = parse_qs((await read_body(request, MAX_FORM_BYTES)).decode("utf-8", "replace"))
        key, wanted = form.get("key", [""])[0].strip(), _wanted(form.get("next", ["/"])[0])
        response = RedirectResponse(wanted, status_code=303, headers=_NEVER_STORED)
        try:
            base = self.addresses.base_url(request.url.scheme, request.headers.get("host", ""))
            secure = base.startswith("https:")
            await run_in_threadpool(self.sessions.open, response, key, secure=secure)
        except Unauthenticated as error:
            return render("login.html", LoginPage(title="Log in", next=wanted, problem=str(error)), status=401)
        return response

    def _logout(self, request: Request) -> Response:
        response = RedirectResponse(urls.LOGIN, status_code=303, headers=_NEVER_STORED)
        self.sessions.close(response)
        return response


def render(template: str, context: PageContext, *, status: int = 200) -> HTMLResponse:
    """A page; its template sees the context's fields and nothing else."""
    values = {field.name: getattr(context, field.name) for field in fields(context)}
    return HTMLResponse(_TEMPLATES.get_template(template).render(values), status_code=status, headers=_NEVER_STORED)


def error_page(status: int, messages: Sequence[str]) -> Response:
    """The page that says why a request was not served."""
    context = ErrorPage(title=f"That did not work ({status})", messages=tuple(messages))
    return render("error.html", context, status=status)


def _error(error: SweepyardError) -> Response:
    messages = [str(item) for item in error.violations] if isinstance(error, InvalidInput) else [str(error)]
    return error_page(status_of(error), messages)


def _wanted(address: str) -> str:
    return address if urls.is_local(address) else "/"
