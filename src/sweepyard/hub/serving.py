"""The hub's own process: takes the home's lock, listens, tells clients where, and closes in good order."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from sweepyard.errors import HubAlreadyRunning
from sweepyard.files import FileLock
from sweepyard.hub.embedded import is_held
from sweepyard.hub.places import HubAddress, HubMode, HubPlaces
from sweepyard.settings import Settings, own_command_at
from sweepyard.web.listening import Listening, check
from sweepyard.web.serving import answer, listen

log = logging.getLogger(__name__)

_LOCK_PATIENCE_SECONDS = 2.0

# Handed the addresses of the server (`web.hosts.Addresses`), makes the ASGI application.
BuildApp = Callable[[Any], Any]


def serve(
    build_app: BuildApp,
    settings: Settings,
    *,
    listening: Listening,
    mode: HubMode,
    on_ready: Callable[[HubAddress], None],
    on_deserted: Callable[[], None],
) -> None:
    """Be the hub of this home until told to stop (SIGTERM, SIGINT) or, embedded, until nobody uses it.

    Args:
        build_app: Makes the ASGI application, given the addresses at which it answers.
        on_ready: Called once requests are answered.
        on_deserted: Called at the end where its last user has left, before anybody can be the next one.

    Raises:
        InvalidInput: Others could reach the hub unprotected, a certificate cannot be used, or the home is no folder
            that can be written.
        HubAlreadyRunning: This home has a hub.
        PortTaken: The address is in use.
        HubError: The application did not start.
    """
    check(listening)
    places = HubPlaces(settings.home)
    places.make_home()
    with _hub_lock(places, mode):
        places.address_file.unlink(missing_ok=True)
        with listen(listening.host, listening.port) as socket_, contextlib.ExitStack() as users:
            addresses = listening.addresses(socket_.getsockname()[1])
            url = addresses.public[0] if addresses.public else addresses.bound
            address = HubAddress(url=url, pid=os.getpid(), mode=mode)
            closing = FileLock(places.users_lock) if mode == "embedded" else None
            if closing is not None:
                users.callback(closing.release)

            def ready() -> None:
                places.write_address(address)
                if mode == "embedded":  # one that is served says so to whoever started it
                    log.info("an embedded hub of the home %s answers at %s", places.home, url)
                on_ready(address)

            def is_deserted() -> bool:
                if closing is None or closing.held or not closing.acquire(blocking=False):
                    return False
                log.info("closing: its last user has left")
                return True

            try:
                answer(build_app(addresses), socket_, listening, on_ready=ready, is_over=is_deserted)
                if closing is not None and closing.held:
                    on_deserted()
                log.info("closed")
            finally:
                places.address_file.unlink(missing_ok=True)


@contextlib.contextmanager
def _hub_lock(places: HubPlaces, mode: HubMode) -> Iterator[None]:
    lock = FileLock(places.hub_lock)
    deadline = time.monotonic() + _LOCK_PATIENCE_SECONDS
    # Looking for a hub takes this lock for an instant, under `start_lock`; an embedded hub's starter holds
    # that one already. So a short wait tells a look from a hub.
    with FileLock(places.start_lock) if mode == "served" else contextlib.nullcontext():
        while not lock.acquire(blocking=False):
            if time.monotonic() > deadline or (mode == "served" and is_held(places)):
                raise HubAlreadyRunning(_already(places))
            time.sleep(0.05)
    try:
        yield
    finally:
        lock.release()


def _already(places: HubPlaces) -> str:
    address = places.read_address()
    if address is None:
        return f"a hub is starting in {places.home}; a home has one hub"
    stop = f"stop it with `{own_command_at(places.home, os.environ)} hub stop`"
    how = "it stops with its last user" if address.mode == "embedded" else stop
    return f"a hub runs in {places.home} already, at {address.url} (process {address.pid}; {how}); a home has one hub"
