"""Errors as responses: what was raised on purpose says what it means, what was not is logged and not told."""

from __future__ import annotations

import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from sweepyard.errors import SweepyardError
from sweepyard.web.problems import plain_problem, problem

log = logging.getLogger(__name__)


async def deliberate(request: Request, error: Exception) -> Response:
    """The response to an error of the drawn tree."""
    if not isinstance(error, SweepyardError):
        raise error
    return problem(error)


async def of_routing(request: Request, error: Exception) -> Response:
    """The response where no route or method fits."""
    if not isinstance(error, HTTPException):
        raise error
    return plain_problem(
        error.status_code, "route", f"{error.detail}: {request.method} {request.url.path}", error.headers
    )


async def unexpected(request: Request, error: Exception) -> Response:
    """The response to a fault of ours."""
    return plain_problem(500, "internal", "the hub failed at this; its log says how")


HANDLERS: dict[int | type[Exception], ExceptionHandler] = {
    SweepyardError: deliberate,
    HTTPException: of_routing,
    Exception: unexpected,
}
