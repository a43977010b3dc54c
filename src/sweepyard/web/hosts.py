"""The `Host` header check: a page of another site must not reach a server on loopback by a name of its own."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sweepyard.web.problems import plain_problem

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, never bound to


def allowed_hosts(base_url: str) -> frozenset[str] | None:
    """The host names that a server at `base_url` answers to; None for any, where it listens on every address."""
    host = urlsplit(base_url).hostname or ""
    return None if host in _WILDCARDS else LOOPBACK_NAMES | {host.lower()}


def host_name(header: str) -> str:
    """The name in a `Host` header, in small letters, without port and brackets; empty where it is malformed."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


class HostCheck:
    """Answers 421 to requests that name another host."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] | None) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._hosts is not None:
            received = Headers(scope=scope).get("host", "")
            if host_name(received) not in self._hosts:
                message = f"this server answers to {', '.join(sorted(self._hosts))}; received Host {received[:80]!r}"
                await plain_problem(421, "wrong_host", message)(scope, receive, send)
                return
        await self._app(scope, receive, send)
