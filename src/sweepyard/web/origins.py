"""Cross-site request forgery: whatever changes something comes from a page of our own, or from no page at all.

A browser says from which site a request comes (`Origin`, `Sec-Fetch-Site`), and no page can make it say otherwise.
Programs say nothing of the kind, and carry a key instead of a cookie.

Who asks beforehand what a page of ours may do (a CORS preflight, as `wandb verify` sends it) is told; pages of others
are told nothing, so their browsers let them read nothing.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sweepyard.web.hosts import Addresses, Refuse

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})  # `none`: the person typed it


class OriginCheck:
    """Answers 403 to changing requests that a page of another site sends, on every route there is or will be."""

    def __init__(self, app: ASGIApp, addresses: Addresses, refuse: Refuse, *, cookie: str | None) -> None:
        """Stand before `app`.

        Args:
            cookie: The name of the session's cookie, if there are sessions: a request that has it must say where it
                comes from.
        """
        self._app = app
        self._addresses = addresses
        self._refuse = refuse
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answer(scope) if scope["type"] == "http" else None
        await (answer or self._app)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        """What is to be said before any route is asked."""
        headers, method = Headers(scope=scope), scope["method"]
        if method == "OPTIONS" and self._is_own_preflight(headers, scope["scheme"]):
            allowed = {"Access-Control-Allow-Origin": headers["origin"], "Access-Control-Allow-Methods": "GET, PUT"}
            return Response(status_code=204, headers={**allowed, "Vary": "Origin"})
        foreign = None if method in _SAFE_METHODS else self._foreign(headers, scope["scheme"])
        if foreign is None:
            return None
        message = f"changes are taken from this server's own pages, or with a key; this came from {foreign}"
        return self._refuse(headers, 403, "forbidden", message)

    def _is_own_preflight(self, headers: Headers, scheme: str) -> bool:
        """Whether a browser would ask that for a page of our own: it may what any page may do to its own site."""
        asks = "access-control-request-method" in headers
        return asks and self._addresses.is_own(headers.get("origin", ""), scheme, headers.get("host", ""))

    def _foreign(self, headers: Headers, scheme: str) -> str | None:
        """Where a request comes from that must not come from there; None where all is well."""
        origin = headers.get("origin")
        if origin is not None:
            own = self._addresses.is_own(origin, scheme, headers.get("host", ""))
            return None if own else f"the origin {origin[:80]!r}"
        site = headers.get("sec-fetch-site")
        if site is not None:
            return None if site in _OWN_SITES else f"a {site[:20]!r} page"
        if self._cookie is None or self._cookie not in cookie_parser(headers.get("cookie", "")):
            return None
        parts = urlsplit(headers.get("referer", ""))
        if self._addresses.is_own(f"{parts.scheme}://{parts.netloc}", scheme, headers.get("host", "")):
            return None
        return "nowhere it would name (a session needs an Origin or Referer header)"
