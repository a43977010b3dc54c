"""Servers as clients see them: this home's hub, joined or started, or the one that the user is logged in to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sweepyard.errors import HubError
from sweepyard.settings import Settings

if TYPE_CHECKING:
    from sweepyard.config.schema import TrackingMode
    from sweepyard.hub.places import HubAddress
    from sweepyard.services.check import Target
    from sweepyard.tracking.server import Server


@contextmanager
def join_hub(settings: Settings) -> Iterator[Server]:
    """This home's hub, for as long as the block runs, with the key that opens it.

    Raises:
        HubError: No hub could be joined or started.
    """
    from sweepyard.hub import embedded

    with embedded.join(settings) as address:
        yield server_at(address, settings)


def find_hub(settings: Settings) -> Server | None:
    """This home's hub if it runs; starts nothing.

    Raises:
        HubError: A hub holds this home but does not answer, or the home holds no key.
    """
    from sweepyard.hub import embedded

    address = embedded.status(settings, patience_seconds=0.0)
    return None if address is None else server_at(address, settings)


def server_at(address: HubAddress, settings: Settings) -> Server:
    """A hub of this home as clients see it.

    Raises:
        HubError: The home holds no key.
    """
    from sweepyard.hub.credentials import read_key
    from sweepyard.hub.places import HubPlaces
    from sweepyard.tracking.server import Server

    places = HubPlaces(settings.home)
    key = read_key(places)
    if key is None:
        raise HubError(f"{places.client_file} is gone; stop the hub at {address.url}: the next one makes a new key")
    return Server(url=address.url, api_key=key.api_key, entity=key.entity)


@contextmanager
def open_server(mode: TrackingMode, settings: Settings, environ: Mapping[str, str]) -> Iterator[Server | None]:
    """The hub, where a run in this tracking mode needs one; otherwise None.

    Under an agent the agent's server wins: no hub is looked for.

    Raises:
        HubError: No hub could be joined or started.
    """
    if mode != "hub" or environ.get("WANDB_SWEEP_ID"):
        yield None
        return
    with join_hub(settings) as server:
        yield server


@contextmanager
def open_target(target: Target, settings: Settings) -> Iterator[Server | None]:
    """The hub, or None for the server that the user is logged in to.

    Raises:
        HubError: No hub could be joined or started.
    """
    if target == "wandb":
        yield None
        return
    with join_hub(settings) as server:
        yield server


def rules_of(target: Target) -> Target:
    """Whose rules a sweep file must keep to be registered there: the user may be logged in to a hub."""
    if target == "wandb":
        from sweepyard.tracking.login import own_server_is_hub

        return "hub" if own_server_is_hub() else "wandb"
    return target
