"""The destination of a push: its address, and the key that opens it, from where the user keeps it. Writes nothing."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from pathlib import Path

import wandb
from wandb.sdk.lib import wbauth

from sweepyard.errors import InvalidInput, TrackingError, Violation
from sweepyard.files import read_key
from sweepyard.tracking.probe import Advice, check_server
from sweepyard.tracking.server import Server

KEY_VARIABLE = "SWEEPYARD_PUSH_API_KEY"
_PEOPLE_GO_TO = {"wandb.ai": "https://api.wandb.ai", "www.wandb.ai": "https://api.wandb.ai"}
_ADVICE = Advice(
    away="Start it, or correct --to",
    other="Correct --to: it is the address that `wandb login --host` takes",
    key=f"Give another one with --key-file or {KEY_VARIABLE}, or log in (`wandb login --relogin --host ...`)",
)


def open_destination(to: str, *, entity: str | None, key_file: Path | None, environ: Mapping[str, str]) -> Server:
    """The server at `to`, with the key from `key_file`, `SWEEPYARD_PUSH_API_KEY` or the client's login, in that order.

    Raises:
        InvalidInput: `to` is no base URL, or the key file is not one that only its owner may read.
        TrackingError: There is no key, the server is away or refuses it.
    """
    url = _base_url(to)
    server = Server(url=url, api_key=_key_of(url, key_file, environ), entity=entity or "")
    check_destination(server)
    return server


def check_destination(server: Server) -> None:
    """See to it that the server is there and takes the key; of servers behind TLS the client knows more.

    Raises:
        TrackingError: It is away, or refuses.
    """
    if server.url.startswith("http://"):
        check_server(server.url, server.api_key, advice=_ADVICE)


def _base_url(to: str) -> str:
    parts = urllib.parse.urlsplit(to)
    rule = "--to takes a server's base URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInput([Violation(rule, repr(to), "For example https://api.wandb.ai or http://localhost:8080")])
    if parts.hostname in _PEOPLE_GO_TO:
        raise InvalidInput([Violation(rule, repr(to), f"Clients of it use {_PEOPLE_GO_TO[parts.hostname]}")])
    if parts.username or parts.password or parts.query or parts.fragment:
        shown = repr(f"{parts.scheme}://{parts.hostname}/...")
        raise InvalidInput(
            [Violation(f"{rule} without user, query or fragment", shown, f"Keys go into {KEY_VARIABLE}")]
        )
    return to.rstrip("/")


def _key_of(url: str, key_file: Path | None, environ: Mapping[str, str]) -> str:
    if key_file is not None:
        return read_key(key_file)
    if key := environ.get(KEY_VARIABLE, "").strip():
        return key
    try:
        found = wbauth.read_netrc_auth(host=url)
    except wandb.Error as error:
        raise TrackingError(f"the W&B login for {url} is not usable: {error}") from error
    if not found:
        raise TrackingError(
            f"a push needs a key for {url}; there is none. Give a file that holds it (--key-file), "
            f"set {KEY_VARIABLE}, or log in with `wandb login --host {url}`"
        )
    return found
