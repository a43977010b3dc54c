"""Ways in for whoever has a session: pages, data for their scripts, files, streams of marks, actions.

Each gives a route. Whoever adds pages lists theirs in a function of their own module, which `dashboard.routes` calls.
Nothing is built but as the one who asks: what they may not see is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sweepyard.domain.access import Actor
from sweepyard.errors import InvalidInput, ServiceError, Unauthenticated
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.error_pages import ErrorPages
from sweepyard.hub.dashboard.frame import Page
from sweepyard.hub.dashboard.live import event_stream
from sweepyard.hub.dashboard.places import asked_for
from sweepyard.hub.dashboard.rendering import render
from sweepyard.hub.http.authentication import Sessions
from sweepyard.jsonvalue import JsonValue, strict
from sweepyard.services.guard import acting_as
from sweepyard.web.bodies import read_body
from sweepyard.web.headers import NEVER_STORED
from sweepyard.web.problems import Json

MAX_FORM_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class Doors:
    """Routes that ask for a session."""

    sessions: Sessions

    def page(self, path: str, build: Callable[[Request, Actor], Page]) -> Route:
        """A page; without a session, the login that leads back to it."""

        def page(request: Request) -> Response:
            return self._shown(request, lambda actor: render(build(request, actor)), asked_for(request))

        return Route(path, page, methods=["GET"])

    def answer(self, path: str, build: Callable[[Request], Response]) -> Route:
        """What is no page: a file, a picture; for programs with a key too."""

        def answer(request: Request) -> Response:
            with acting_as(self.sessions.reader_of(request)):
                return build(request)

        return Route(path, answer, methods=["GET"])

    def data(self, path: str, build: Callable[[Request], JsonValue]) -> Route:
        """JSON for a script of a page; NaN and infinities are texts, errors have the one JSON shape."""
        return self.answer(path, lambda request: Json(strict(build(request)), headers=NEVER_STORED))

    def events(self, path: str, mark_of: Callable[[Request], str]) -> Route:
        """The stream of marks of a live page."""

        def look(request: Request) -> str:
            with acting_as(self.sessions.actor_of(request)):
                return mark_of(request)

        async def events(request: Request) -> Response:
            return await event_stream(request, look)

        return Route(path, events, methods=["GET"])

    def action(
        self,
        path: str,
        act: Callable[[Request, Actor, QueryParams], str | Page],
        *,
        back: Callable[[Request], str],
        limit_bytes: int = MAX_FORM_BYTES,
    ) -> Route:
        """Where a form is sent (POST) that changes something; a page says so if that cannot be.

        That it was sent by a page of ours is checked for all routes (`web.origins`).

        Args:
            act: Does it, with the form's fields, and gives the address of the page to show next; or the form's page
                again, with what is wrong.
            back: The address of the page with the form, where the login leads who has no session any more.
            limit_bytes: How large a form may be.
        """

        async def action(request: Request) -> Response:
            form = QueryParams(await read_body(request, limit_bytes))

            def done(actor: Actor) -> Response:
                answer = act(request, actor, form)
                if isinstance(answer, Page):
                    return render(answer, status=422)
                return RedirectResponse(answer, status_code=303, headers=NEVER_STORED)

            return await run_in_threadpool(self._shown, request, done, back(request) + urls.UNSENT)

        return Route(path, action, methods=["POST"])

    def _shown(self, request: Request, answer: Callable[[Actor], Response], wanted: str) -> Response:
        """The answer to whoever asks; errors, and that nobody has logged in, as people are told of them."""
        try:
            actor = self.sessions.actor_of(request)
            with acting_as(actor):
                return answer(actor)
        except Unauthenticated:
            return RedirectResponse(urls.login_url(wanted), status_code=303, headers=NEVER_STORED)
        except (ServiceError, InvalidInput) as error:
            return ErrorPages(self.sessions).problem(request, error)
