"""A server's process: listens, answers until it is told to stop, and closes in good order."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sweepyard.errors import HubError, PortTaken
from sweepyard.signals import handled_by
from sweepyard.web.listening import Listening

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Server

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
# Agents ask every 5 s and runs send every 15 to 30 s: a connection closed as soon would be closed under a request.
_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 3
_BACKLOG = 512
_COLLECT_EVERY = 20_000  # objects that are made and not yet let go of


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any free one.

    Raises:
        PortTaken: The address is in use.
        HubError: It cannot be listened on.
    """
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


def answer(
    app: ASGIApp,
    socket_: socket.socket,
    listening: Listening,
    *,
    on_ready: Callable[[], None],
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Answer requests until told to stop (SIGTERM, SIGINT).

    Args:
        on_ready: Called once requests are answered.
        is_over: Looked at now and then: whether to stop by itself.

    Raises:
        HubError: The application did not start.
    """
    server = _server(app, listening)
    _spare_the_collector()
    with _signals(server):
        asyncio.run(_run(server, socket_, on_ready, is_over))


def _server(app: ASGIApp, listening: Listening) -> Server:
    import uvicorn

    from sweepyard.web.protocol import PatientProtocol

    config = uvicorn.Config(
        app,
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
    # Uvicorn would raise a signal again after closing, and die of it before anything is put in order.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    return server


def _spare_the_collector() -> None:
    """Let the garbage collector look neither at what lives as long as the server, nor every 700 objects at the rest.

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
    server: Server, listening: socket.socket, on_ready: Callable[[], None], is_over: Callable[[], bool]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if not server.started:
        await serving
        raise HubError("the server's application did not start; its log says why")
    on_ready()
    while not serving.done():
        server.should_exit = server.should_exit or is_over()
        await asyncio.wait([serving], timeout=_LOOK_SECONDS)
    await serving
