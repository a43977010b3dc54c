"""JSON for scripts of pages: encoded fast, and packed where it is long and the browser takes that."""

from __future__ import annotations

import gzip

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sweepyard.web.headers import NEVER_STORED

_LEAST_BYTES = 2_000
_LEVEL = 1  # A chart's numbers pack to less than half at this one already; others take several times as long.


def packed_json(request: Request, content: object) -> Response:
    """The content, whose texts are Unicode, as a response; what is no finite number is null."""
    body = msgspec.json.encode(content)
    headers = {**NEVER_STORED, "Vary": "Accept-Encoding"}
    if len(body) >= _LEAST_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, _LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)
