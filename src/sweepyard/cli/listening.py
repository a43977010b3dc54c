"""Where a server listens and how it is called: the options that every command has that serves."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]

_FILE = click.Path(path_type=Path)


def listening(*, default_port: int) -> Callable[[Command], Command]:
    """Give a command these options, as one argument `listening`."""
    options = [
        click.option(
            "--host", default="127.0.0.1", show_default=True, help="Where to listen; beyond loopback only with TLS."
        ),
        click.option(
            "--port", default=default_port, show_default=True, type=click.IntRange(0, 65535), help="0 for any free one."
        ),
        click.option("--tls-cert", type=_FILE, metavar="FILE", help="The certificate (PEM) for HTTPS."),
        click.option("--tls-key", type=_FILE, metavar="FILE", help="Its key (PEM)."),
        click.option("--public-url", multiple=True, metavar="URL", help="How clients call the server; repeatable."),
        click.option(
            "--behind-proxy", is_flag=True, help="A proxy with HTTPS stands before it, and nobody goes past it."
        ),
    ]

    def decorated(command: Command) -> Command:
        @wraps(command)
        def with_listening(
            *arguments: Any,
            host: str,
            port: int,
            tls_cert: Path | None,
            tls_key: Path | None,
            public_url: tuple[str, ...],
            behind_proxy: bool,
            **others: Any,
        ) -> Any:
            from sweepyard.web.listening import Listening, TlsFiles

            if (tls_cert is None) != (tls_key is None):
                raise click.UsageError("--tls-cert and --tls-key go together")
            tls = TlsFiles(tls_cert.absolute(), tls_key.absolute()) if tls_cert and tls_key else None
            where = Listening(host=host, port=port, tls=tls, public_urls=public_url, behind_proxy=behind_proxy)
            return command(*arguments, listening=where, **others)

        made: Command = with_listening
        for option in reversed(options):
            made = option(made)
        return made

    return decorated
