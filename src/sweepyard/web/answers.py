"""Errors as responses: what was raised on purpose says what it means, what was not is logged and not told.

Programs get JSON, people at a browser a page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ExceptionHandler

from sweepyard.errors import StorageError, SweepyardError, Unauthenticated
from sweepyard.web.problems import messages_of, plain_problem, problem, status_of, wants_page

log = logging.getLogger(__name__)

_NOT_TOLD = "the server failed at this; its log says how"


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to requests that cannot be served.

    Attributes:
        page: Makes the page of a request, a status and messages; the request is None where no route was looked for.
        login_url: The address of the login that leads on to a path; None where there is none.
    """

    page: Callable[[Request | None, int, Sequence[str]], Response]
    login_url: Callable[[str], str] | None = None

    def handlers(self) -> dict[int | type[Exception], ExceptionHandler]:
        """What answers to which exception."""
        return {SweepyardError: self._deliberate, HTTPException: self._of_routing, Exception: self._unexpected}

    def refuse(self, headers: Mapping[str, str], status: int, code: str, message: str) -> Response:
        """The answer where no route was looked for."""
        return self.page(None, status, [message]) if wants_page(headers) else plain_problem(status, code, message)

    async def _deliberate(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, SweepyardError):
            raise error
        if isinstance(error, StorageError):
            log.error("%s %s failed: %s", request.method, _route(request), error)
        if not wants_page(request.headers):
            return problem(error)
        if isinstance(error, Unauthenticated) and self.login_url and request.method == "GET":
            return RedirectResponse(self.login_url(request.url.path), status_code=303)
        return self.page(request, status_of(error), messages_of(error))

    async def _of_routing(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        what = f"{request.method} {request.url.path}"
        if wants_page(request.headers):
            return self.page(request, error.status_code, [f"{_phrase(error.status_code)}: {what}"])
        return plain_problem(error.status_code, "route", f"{error.detail}: {what}", error.headers)

    async def _unexpected(self, request: Request, error: Exception) -> Response:
        log.error("%s %s failed: %s", request.method, _route(request), type(error).__name__)
        return self.refuse(request.headers, 500, "internal", _NOT_TOLD)


def _route(request: Request) -> str:
    """The route's own path: a real one may hold a signed token."""
    return getattr(request.scope.get("route"), "path", "an unknown route")


def _phrase(status: int) -> str:
    match status:
        case 404:
            return "there is no such page"
        case 405:
            return "this address takes other methods only"
        case _:
            return HTTPStatus(status).phrase.lower()
