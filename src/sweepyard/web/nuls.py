"""Addresses with a NUL in them: nothing is called so, and not every database can even be asked for it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sweepyard.web.hosts import Refuse


class NulCheck:
    """Answers 404 to requests whose path has a NUL, and 400 where the query has one."""

    def __init__(self, app: ASGIApp, refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if "\0" in scope["path"]:
                message = f"nothing is called by a name with NUL; received {scope['path'][:200]!r}"
                await self._refuse(headers, 404, "not_found", message)(scope, receive, send)
                return
            if b"%00" in scope["query_string"]:
                message = "a text in an address is Unicode without NUL; received one with %00"
                await self._refuse(headers, 400, "invalid", message)(scope, receive, send)
                return
        await self._app(scope, receive, send)
