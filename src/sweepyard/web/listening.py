"""Where a server listens, and what must hold before other machines may reach it."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.errors import InvalidInput, Violation

if TYPE_CHECKING:
    from sweepyard.web.hosts import Addresses

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate, with those between it and its authority behind it, and its key: PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where and how to listen.

    Attributes:
        port: 0 takes any free port.
        tls: Makes the server speak HTTPS.
        public_urls: Base URLs by which clients reach it; the first is the one that it tells.
        behind_proxy: Whether a proxy that speaks HTTPS stands before it, and nothing else reaches it.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    tls: TlsFiles | None = None
    public_urls: tuple[str, ...] = ()
    behind_proxy: bool = False

    def addresses(self, port: int) -> Addresses:
        """The addresses of a server that listens on `port`.

        Raises:
            InvalidInput: A public URL is none.
        """
        from sweepyard.web.hosts import Addresses, base_url_of, is_loopback

        name = socket.gethostname().lower()
        host = {"0.0.0.0": name if self.tls else DEFAULT_HOST, "::": name if self.tls else "::1"}.get(  # noqa: S104
            self.host, self.host
        )
        shown = f"[{host}]" if ":" in host else host
        return Addresses(
            bound=f"{'https' if self.tls else 'http'}://{shown}:{port}",
            public=tuple(base_url_of(url) for url in self.public_urls),
            names=frozenset() if is_loopback(self.host) else frozenset({name}),
            behind_proxy=self.behind_proxy,
            beyond_loopback=not is_loopback(self.host),
        )


def check(listening: Listening) -> None:
    """Refuse what would let others reach the server unprotected.

    Raises:
        InvalidInput: With everything that is wrong.
    """
    from sweepyard.web.hosts import base_url_of, is_loopback

    violations: list[Violation] = []
    for url in listening.public_urls:
        try:
            base_url_of(url)
        except InvalidInput as error:
            violations.extend(error.violations)
    if not is_loopback(listening.host) and listening.tls is None and not listening.behind_proxy:
        rule = "a server that other machines can reach speaks HTTPS, or stands behind a proxy that does"
        hint = (
            "Give --tls-cert and --tls-key, or --behind-proxy with --public-url; or keep to loopback "
            "(127.0.0.1) and use an SSH tunnel"
        )
        violations.append(Violation(rule, f"--host {listening.host}", hint))
    if listening.behind_proxy and not listening.public_urls:
        rule = "a server behind a proxy must know the address that clients use"
        violations.append(Violation(rule, "--behind-proxy alone", "Add --public-url https://NAME"))
    if listening.tls is not None:
        violations.extend(_faults_of(listening.tls))
    if violations:
        raise InvalidInput(violations)


def _faults_of(tls: TlsFiles) -> list[Violation]:
    for option, path in (("--tls-cert", tls.certificate), ("--tls-key", tls.key)):
        if not path.is_file() or not os.access(path, os.R_OK):
            return [Violation(f"{option} names a PEM file that the server can read", str(path))]
    try:
        # A key with a passphrase would make a server that nobody watches wait for somebody to type it.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.certificate, tls.key, password=_no_passphrase)
    except (ssl.SSLError, OSError, ValueError) as error:
        rule = "--tls-cert and --tls-key are a certificate and its key without a passphrase, in PEM"
        return [Violation(rule, f"{tls.certificate}, {tls.key}: {error}")]
    return []


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")
