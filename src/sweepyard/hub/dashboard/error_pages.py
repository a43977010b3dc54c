"""Pages that say why a request was not served, to whom, and where the way leads back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from sweepyard.errors import SweepyardError, Unauthenticated
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.frame import Link, Page
from sweepyard.hub.dashboard.links import project_link
from sweepyard.hub.dashboard.places import project_of, run_of, sweep_of
from sweepyard.hub.dashboard.rendering import render
from sweepyard.hub.http.authentication import Sessions
from sweepyard.web.problems import messages_of, status_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(Page):
    """What went wrong, in words."""

    template: ClassVar[str] = "error.html"
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ErrorPages:
    """The error pages of the hub."""

    sessions: Sessions

    def page(self, request: Request | None, status: int, messages: Sequence[str]) -> Response:
        """The page of a status; of a request that was refused before anybody looked who asks, without their name."""
        page = ErrorPage(
            title=f"That did not work ({status})",
            username=self._username(request) if request else "",
            trail=tuple(_above(request)) if request else (),
            messages=tuple(messages),
        )
        return render(page, status=status)

    def problem(self, request: Request, error: SweepyardError) -> Response:
        """The page of a deliberate error."""
        return self.page(request, status_of(error), messages_of(error))

    def _username(self, request: Request) -> str:
        try:
            return self.sessions.actor_of(request).username
        except Unauthenticated:
            return ""


def _above(request: Request) -> Iterator[Link]:
    """The pages that the address of the request lies below, as far as it names them."""
    named = request.path_params
    if "project" not in named:
        return
    links = [project_link(*project_of(request))]
    if "run" in named:
        links.append(Link(named["run"], urls.run_url(run_of(request))))
    if "sweep" in named:
        links.append(Link(named["sweep"], urls.sweep_url(sweep_of(request))))
    yield from (link for link in links if unquote(link.url) != request.scope["path"])
