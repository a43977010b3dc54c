"""`sweepyard serve`: a model behind an HTTP API and a page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import load_backend, settings_now
from sweepyard.cli.listening import listening
from sweepyard.cli.options import JSON
from sweepyard.cli.storing import STORE, opened
from sweepyard.cli.style import CONTEXT, examples

if TYPE_CHECKING:
    from sweepyard.domain.classified import ModelVersion
    from sweepyard.web.listening import Listening


@click.command(
    "serve",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard serve ab12cd34",
        "sweepyard serve outputs/sweepyard/ab12cd34/model.keras --port 0 --json --store",
        "curl --data-binary @digit.png http://127.0.0.1:8081/api/predict",
        "sweepyard serve ab12cd34 --host 0.0.0.0 --tls-cert digits.pem --tls-key digits.key --key-file serve.key",
        "sweepyard serve ab12cd34 --behind-proxy --public-url https://digits.lab --open",
    ),
)
@click.argument("model")
@listening(default_port=8081)
@STORE
@click.option("--key-file", type=click.Path(path_type=Path), metavar="FILE", help="Ask everybody for the key in FILE.")
@click.option("--open", "is_open", is_flag=True, help="Let whoever reaches the server use it, from other hosts too.")
@JSON
def command(
    model: str, listening: Listening, store: str | None, key_file: Path | None, is_open: bool, as_json: bool
) -> None:
    """Serve MODEL, a file or a run's id, over HTTP until Ctrl-C or SIGTERM: an API, and a page to draw on.

    --json prints one line of JSON once it answers. What it logs goes to standard error, a line an event.

    Exit codes: 0 told to stop; 1 there is no such model or run, the database cannot be used, or it cannot listen.
    """
    from sweepyard.cli.models import find_model
    from sweepyard.files import read_key
    from sweepyard.jsonvalue import dumps
    from sweepyard.web import logs
    from sweepyard.wiring.hub import require_storage
    from sweepyard.wiring.serving import check_access, serve_model

    require_storage("a server")
    key = read_key(key_file) if key_file else None
    check_access(listening, key=key, is_open=is_open)
    path = find_model(model, settings_now())

    def announce(url: str, version: ModelVersion) -> None:
        if as_json:
            print(dumps({"url": url, "pid": os.getpid(), "model": version.name}), flush=True)
        else:
            print(f"The model {version.name} answers at {url} (Ctrl-C stops it).", flush=True)

    logs.log_to()
    with opened(store) as predictions:
        load_backend()
        serve_model(path, listening=listening, key=key, predictions=predictions, on_ready=announce)
