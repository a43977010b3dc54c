"""The hub's own process: takes the home's lock, listens, tells clients where, and closes in good order."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sweepyard.errors import HubAlreadyRunning, HubError, PortTaken
from sweepyard.files import FileLock
from sweepyard.hub.embedded import is_held
from sweepyard.hub.listening import Listening, check
from sweepyard.hub.places import HubAddress, HubMode, HubPlaces
from sweepyard.settings import Settings
from sweepyard.signals import handled_by

if TYPE_CHECKING:
    from uvicorn import Server

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_LOCK_PATIENCE_SECONDS = 2.0
# Agents ask every 5 s and runs send every 15 to 30 s: a connection closed as soon would be closed under a request.
_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 3
_BACKLOG = 512
_COLLECT_EVERY = 20_000  # objects that are made and not yet let go of

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
        with _listen(listening.host, listening.port) as socket_, contextlib.ExitStack() as users:
            addresses = listening.addresses(socket_.getsockname()[1])
            url = addresses.public[0] if addresses.public else addresses.bound
            address = HubAddress(url=url, pid=os.getpid(), mode=mode)
            closing = FileLock(places.users_lock) if mode == "embedded" else None
            if closing is not None:
                users.callback(closing.release)
            server = _server(build_app(addresses), listening)
            _spare_the_collector()

            def ready() -> None:
                places.write_address(address)
                if mode == "embedded":  # one that is served says so to whoever started it
                    log.info("an embedded hub of the home %s answers at %s", places.home, url)
                on_ready(address)

            try:
                with _signals(server):
                    asyncio.run(_run(server, socket_, closing, ready))
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
    how = "it stops with its last user" if address.mode == "embedded" else "stop it with `sweepyard hub stop`"
    return f"a hub runs in {places.home} already, at {address.url} (process {address.pid}; {how}); a home has one hub"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, or asyncio would leave Nagle's algorithm on, and each answer would wait 40 ms for the
    # client's delayed acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"port {port} of {host} is in use by another program; choose another with --port, or --port 0 for any"
            ) from error
        raise HubError(f"cannot listen on {host} port {port}: {error}") from error
    return listening


def _server(app: object, listening: Listening) -> Server:
    import uvicorn

    from sweepyard.hub.protocol import PatientProtocol

    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=PatientProtocol,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
        # What a proxy says of itself is not believed: its address is configured.
        proxy_headers=False,
        ssl_certfile=listening.tls.certificate if listening.tls else None,
        ssl_keyfile=listening.tls.key if listening.tls else None,
    )
    server = uvicorn.Server(config)
    # Uvicorn would raise a signal again after closing, and die of it before the address file is removed.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    return server


def _spare_the_collector() -> None:
    """Let the garbage collector look neither at what lives as long as the hub, nor every 700 objects at the rest.

    A request makes some hundred objects, and hardly ever a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY)


@contextlib.contextmanager
def _signals(server: Server) -> Iterator[None]:
    def stop(number: int, _frame: object) -> None:
        log.info("closing: received %s", signal.Signals(number).name)
        server.should_exit = True

    with handled_by(stop, signal.SIGTERM, signal.SIGINT):
        yield


async def _run(
    server: Server, listening: socket.socket, closing: FileLock | None, on_ready: Callable[[], None]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if not server.started:
        await serving
        raise HubError("the hub's application did not start; its log says why")
    on_ready()
    while not serving.done():
        if closing is not None and not closing.held and closing.acquire(blocking=False):
            log.info("closing: its last user has left")
            server.should_exit = True
        await asyncio.wait([serving], timeout=_LOOK_SECONDS)
    await serving
