"""One JSON shape for every error that leaves over HTTP.

`{"errors": [{"message": ..., "code": ...}]}`: the shape of GraphQL's errors, which W&B's client also looks
for in the body of any other failed request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import JSONResponse

from sweepyard.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    RequestInvalid,
    StorageAway,
    StorageFull,
    SweepyardError,
    Unauthenticated,
    Violation,
)
from sweepyard.jsonvalue import JsonObject


class Json(JSONResponse):
    """JSON that can always be sent: text that is no Unicode (half a surrogate pair, as JSON may hold) is escaped."""

    def render(self, content: object) -> bytes:
        try:
            return super().render(content)
        except UnicodeEncodeError:
            return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


class BodyTooLarge(RequestInvalid):
    """A request's body is over the limit."""

    def __init__(self, limit_bytes: int, received: str) -> None:
        hint = "Send less at a time, or something smaller"
        super().__init__([Violation(f"a body holds at most {limit_bytes} bytes", received, hint)])


class BodyTooSlow(RequestInvalid):
    """Nothing more of a request's body came for too long."""

    def __init__(self, patience_seconds: float) -> None:
        super().__init__([Violation(f"a body comes without pauses of more than {patience_seconds:g} s")])


class TooBusy(SweepyardError):
    """More comes in than can be worked on."""


_STATUS: tuple[tuple[type[SweepyardError], int, str], ...] = (
    (BodyTooLarge, 413, "too_large"),
    (BodyTooSlow, 408, "too_slow"),
    (TooBusy, 503, "busy"),
    (StorageAway, 503, "away"),
    (StorageFull, 507, "full"),
    (InvalidInput, 400, "invalid"),
    (Unauthenticated, 401, "unauthenticated"),
    (Forbidden, 403, "forbidden"),
    (NotFound, 404, "not_found"),
    (Conflict, 409, "conflict"),
)
_FALLBACK = (500, "internal")
_MOST_ENTRIES = 100
_RETRY_AFTER_SECONDS = "1"


def messages_of(error: SweepyardError) -> list[str]:
    """What there is to say of a deliberate error: each violation, or the error."""
    return [str(violation) for violation in error.violations] if isinstance(error, InvalidInput) else [str(error)]


def status_of(error: SweepyardError) -> int:
    """The HTTP status that says what a deliberate error means."""
    return _classify(error)[0]


def code_of(error: SweepyardError) -> str:
    """A short word for a deliberate error, for programs to look at."""
    return _classify(error)[1]


def headers_of(error: SweepyardError) -> dict[str, str]:
    """What the answer's head says of a deliberate error."""
    match error:
        case Unauthenticated():
            return {"WWW-Authenticate": 'Basic realm="sweepyard"'}
        case TooBusy() | StorageAway():
            return {"Retry-After": _RETRY_AFTER_SECONDS}
        case _:
            return {}


def error_entries(error: SweepyardError) -> list[JsonObject]:
    """The error as entries of `errors`: one a violation (of many, the first hundred and a count), or one in all."""
    code = code_of(error)
    if isinstance(error, InvalidInput):
        entries: list[JsonObject] = [
            {"message": str(violation), "code": code} for violation in error.violations[:_MOST_ENTRIES]
        ]
        if len(error.violations) > _MOST_ENTRIES:
            entries.append({"message": f"and {len(error.violations) - _MOST_ENTRIES} more", "code": code})
        return entries
    return [{"message": str(error), "code": code}]


def problem(error: SweepyardError) -> Json:
    """The response for a deliberate error."""
    return Json({"errors": error_entries(error)}, status_code=status_of(error), headers=headers_of(error))


def plain_problem(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Json:
    """The same shape for what is no error of ours: an unknown route, a method that is not allowed."""
    body = {"errors": [{"message": message, "code": code}]}
    return Json(body, status_code=status, headers=dict(headers) if headers else None)


def wants_page(headers: Mapping[str, str]) -> bool:
    """Whether a person at a browser asks, who is told in HTML; programs are told in JSON.

    Args:
        headers: The request's, by their names in small letters.
    """
    return "text/html" in headers.get("accept", "") and "authorization" not in headers


def _classify(error: SweepyardError) -> tuple[int, str]:
    for kind, status, code in _STATUS:
        if isinstance(error, kind):
            return status, code
    return _FALLBACK
