"""Cross-site request forgery: whatever changes something comes from a page of our own, or from no page at all.

A browser says from which site a request comes (`Origin`, `Sec-Fetch-Site`), and no page can make it say otherwise.
Programs say nothing of the kind, and carry a key instead of a cookie.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from sweepyard.web.hosts import Addresses, Refuse

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})  # `none`: the person typed it


class OriginCheck:
    """Answers 403 to changing requests that a page of another site sends, on every route there is or will be."""

    def __init__(self, app: ASGIApp, addresses: Addresses, refuse: Refuse, *, cookie: str) -> None:
        """Stand before `app`.

        Args:
            cookie: The name of the session's cookie: a request that has it must say where it comes from.
        """
        self._app = app
        self._addresses = addresses
        self._refuse = refuse
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS:
            headers = Headers(scope=scope)
            foreign = self._foreign(headers, scope["scheme"])
            if foreign is not None:
                message = f"changes are taken from this server's own pages, or with a key; this came from {foreign}"
                await self._refuse(headers, 403, "forbidden", message)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _foreign(self, headers: Headers, scheme: str) -> str | None:
        """Where a request comes from that must not come from there; None where all is well."""
        origin = headers.get("origin")
        if origin is not None:
            own = self._addresses.is_own(origin, scheme, headers.get("host", ""))
            return None if own else f"the origin {origin[:80]!r}"
        site = headers.get("sec-fetch-site")
        if site is not None:
            return None if site in _OWN_SITES else f"a {site[:20]!r} page"
        if self._cookie not in cookie_parser(headers.get("cookie", "")):
            return None
        parts = urlsplit(headers.get("referer", ""))
        if self._addresses.is_own(f"{parts.scheme}://{parts.netloc}", scheme, headers.get("host", "")):
            return None
        return "nowhere it would name (a session needs an Origin or Referer header)"
