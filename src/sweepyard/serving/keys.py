"""One key for a server that others can reach."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sweepyard.errors import Unauthenticated
from sweepyard.web.basic import key_in
from sweepyard.web.problems import problem


class KeyCheck:
    """Answers 401 to requests that do not show the key; browsers then ask for it."""

    def __init__(self, app: ASGIApp, key: str, *, free: str) -> None:
        """Stand before `app`; whoever asks for the path `free` needs no key."""
        self._app, self._key, self._free = app, key.encode(), free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != self._free:
            try:
                given = key_in(
                    Headers(scope=scope), "this server's key is needed, as the password; any user name will do"
                )
                if not hmac.compare_digest(given.encode(), self._key):
                    raise Unauthenticated("this is not the server's key")
            except Unauthenticated as error:
                await problem(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
