"""By which names a server is reached: the `Host` check, and the addresses that it gives out.

A page of another site must not reach a server by a name of its own (DNS rebinding), so a server answers to the names
that it knows only. An address in figures cannot be rebound; it is good wherever the server listens beyond loopback.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sweepyard.errors import InvalidInput, Violation

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REMEMBERED_HOSTS = 64

Refuse = Callable[[Mapping[str, str], int, str, str], Response]
"""Makes the answer to a refused request of its headers, a status, a code and a message."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a server listens, and how it is called.

    Attributes:
        bound: The base URL at which it listens, without a slash at the end.
        public: Further base URLs by which clients reach it, for example through a proxy.
        names: Further host names of this machine.
        behind_proxy: Whether a proxy stands before it, so that what a request says of its address is the proxy's word.
        beyond_loopback: Whether other machines reach it, so that it answers to any address in figures.
    """

    bound: str
    public: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    behind_proxy: bool = False
    beyond_loopback: bool = False

    def answer_to(self, host: str) -> bool:
        """Whether a request with this `Host` header is meant for this server."""
        name = host_name(host)
        return name in self.known or (self.beyond_loopback and _is_address(name))

    @property
    def known(self) -> frozenset[str]:
        """The host names that the server answers to."""
        urls = [self.bound, *self.public]
        return LOOPBACK_NAMES | self.names | {host_name(urlsplit(url).netloc) for url in urls}

    def base_url(self, scheme: str, host: str) -> str:
        """The server's base URL as the client that sent this `Host` header sees it."""
        for url in self.public:
            if urlsplit(url).netloc.lower() == host.lower():
                return url
        if self.behind_proxy and self.public:
            return self.public[0]
        return f"{scheme}://{host}" if host else self.bound

    def is_own(self, origin: str, scheme: str, host: str) -> bool:
        """Whether `origin` is that of this server's own pages, for a request with this `Host` header."""
        return origin in {f"{scheme}://{host}", *self.public}


def base_url_of(text: str) -> str:
    """A base URL that a person wrote, checked.

    Raises:
        InvalidInput: It is not `http://` or `https://`, a host name, and perhaps a port.
    """
    rule = "a public URL is http:// or https://, a host name and perhaps a port, for example https://sweeps.lab:8443"
    try:
        parts = urlsplit(text.rstrip("/"))
        port = parts.port
    except ValueError as error:
        raise InvalidInput([Violation(rule, repr(text), str(error))]) from error
    extra = parts.path or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or extra:
        raise InvalidInput([Violation(rule, repr(text), "Whole host names are taken, not folders of them")])
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS[parts.scheme] else "")


def host_name(header: str) -> str:
    """The name in a `Host` header, in small letters, without port and brackets; empty where it is malformed."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a name or an address leads to this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class HostCheck:
    """Answers 421 to requests that name another host."""

    def __init__(self, app: ASGIApp, addresses: Addresses, refuse: Refuse) -> None:
        self._app = app
        self._addresses = addresses
        self._refuse = refuse
        # Clients name one host in all of their requests.
        self._answer_to = lru_cache(maxsize=_REMEMBERED_HOSTS)(addresses.answer_to)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            received = headers.get("host", "")
            if not self._answer_to(received):
                message = (
                    f"this server answers to {', '.join(sorted(self._addresses.known))}; received Host "
                    f"{received[:80]!r}. `--public-url URL` adds a name"
                )
                await self._refuse(headers, 421, "wrong_host", message)(scope, receive, send)
                return
        await self._app(scope, receive, send)
