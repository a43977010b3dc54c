"""The hub's app: the only list of its routes."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sweepyard import __version__
from sweepyard.clock import Clock, SystemClock
from sweepyard.hub.dashboard.routes import Dashboard
from sweepyard.hub.http.authentication import Sessions
from sweepyard.hub.http.handlers import HANDLERS
from sweepyard.hub.http.signing import Signer
from sweepyard.hub.wandb_api import schema
from sweepyard.hub.wandb_api.graphql import GraphQL
from sweepyard.hub.wandb_api.routes import WandbApi
from sweepyard.services.bundle import Services
from sweepyard.settings import Settings
from sweepyard.web.headers import SecurityHeaders
from sweepyard.web.hosts import HostCheck, allowed_hosts

log = logging.getLogger(__name__)

REAP_EVERY_SECONDS = 2.0


def create_app(services: Services, *, settings: Settings, base_url: str, clock: Clock | None = None) -> Starlette:
    """The hub over these services.

    Args:
        settings: Of the home that the hub serves.
        base_url: Where it listens; its host name, and the names of loopback, are the ones it answers to.
        clock: Says when links and sessions have expired; the system's by default.
    """
    time = clock or SystemClock()
    # Derived from the hub's own secret, so that a restart, or a second hub on one database, knows them again.
    files = Signer(services.access.sign("signer:files"), "files", time)
    sessions = Sessions(services.access, Signer(services.access.sign("signer:sessions"), "sessions", time))
    base = base_url.rstrip("/")
    wandb_api = WandbApi(services, GraphQL(schema.build()), files, sessions, base)
    dashboard = Dashboard(services, sessions)
    return Starlette(
        routes=[Route("/healthz", _health(settings), methods=["GET"]), *wandb_api.routes(), *dashboard.routes()],
        middleware=[Middleware(SecurityHeaders), Middleware(HostCheck, hosts=allowed_hosts(base))],
        exception_handlers=HANDLERS,
        lifespan=_reaping(services),
    )


def home_id(settings: Settings) -> str:
    """A short name of a home: tells hubs of different homes apart, without telling the path."""
    return hashlib.sha256(str(settings.home).encode()).hexdigest()[:16]


def _health(settings: Settings) -> Callable[[Request], JSONResponse]:
    answer = {"status": "ok", "version": __version__, "home_id": home_id(settings)}

    def health(_request: Request) -> JSONResponse:
        return JSONResponse(answer)

    return health


def _reaping(services: Services) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(_reap_for_ever(services))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return lifespan


async def _reap_for_ever(services: Services) -> None:
    while True:
        await asyncio.sleep(REAP_EVERY_SECONDS)
        try:
            reaped = await run_in_threadpool(services.agents.reap)
        except Exception:  # One failed look must not end all later ones.
            log.exception("looking for silent runs and agents failed; the next look is in %s s", REAP_EVERY_SECONDS)
            continue
        for path in reaped.runs:
            log.warning("run %s fell silent and counts as crashed", path)
        for agent in reaped.agents:
            log.warning("agent %s fell silent and counts as gone", agent)
