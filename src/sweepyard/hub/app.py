"""The hub's app: the only list of its routes."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sweepyard import __version__
from sweepyard.clock import Clock, SystemClock
from sweepyard.domain.access import NOBODY
from sweepyard.errors import StorageError
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.error_pages import ErrorPages
from sweepyard.hub.dashboard.routes import Dashboard
from sweepyard.hub.http.authentication import SESSION_COOKIE, Sessions
from sweepyard.hub.http.callers import RecentCallers
from sweepyard.hub.http.signing import Signer
from sweepyard.hub.wandb_api import schema
from sweepyard.hub.wandb_api.graphql import GraphQL
from sweepyard.hub.wandb_api.routes import WandbApi
from sweepyard.services.bundle import Services
from sweepyard.services.guard import acting_as
from sweepyard.settings import Settings
from sweepyard.web.answers import Answers
from sweepyard.web.headers import SecurityHeaders
from sweepyard.web.hosts import Addresses, HostCheck
from sweepyard.web.nuls import NulCheck
from sweepyard.web.origins import OriginCheck

log = logging.getLogger(__name__)

REAP_EVERY_SECONDS = 2.0
_DEAF_SECONDS = 10.0


def create_app(services: Services, *, settings: Settings, addresses: Addresses, clock: Clock | None = None) -> ASGIApp:
    """The hub over these services, behind everything that each request must pass.

    Args:
        settings: Of the home that the hub serves.
        addresses: Where it listens, and by which names it is reached.
        clock: Says when links and sessions have expired; the system's by default.
    """
    answers = Answers(ErrorPages(_sessions(services, clock or SystemClock())).page, urls.login_url)
    app: ASGIApp = Starlette(
        routes=routes(services, settings=settings, addresses=addresses, clock=clock),
        exception_handlers=answers.handlers(),
        lifespan=reaping(services),
    )
    app = _Anonymous(app)
    app = NulCheck(app, answers.refuse)
    app = OriginCheck(app, addresses, answers.refuse, cookie=SESSION_COOKIE)
    app = HostCheck(app, addresses, answers.refuse)
    return SecurityHeaders(app)  # outermost, so that no answer goes without them


def routes(
    services: Services, *, settings: Settings, addresses: Addresses, clock: Clock | None = None
) -> list[BaseRoute]:
    """All routes of the hub."""
    time = clock or SystemClock()
    files = _signer(services, "files", time)
    sessions = _sessions(services, time)
    wandb_api = WandbApi(
        services, GraphQL(schema.build()), files, sessions, RecentCallers(services.access, time), addresses
    )
    dashboard = Dashboard(services, sessions, addresses)
    return [Route("/healthz", _health(settings), methods=["GET"]), *wandb_api.routes(), *dashboard.routes()]


def _sessions(services: Services, clock: Clock) -> Sessions:
    return Sessions(services.access, _signer(services, "sessions", clock))


def _signer(services: Services, purpose: str, clock: Clock) -> Signer:
    # Its key is derived from the hub's own secret, so that a restart, or a second hub on one database, knows it again.
    return Signer(services.access.secret_for(f"signer:{purpose}"), purpose, clock)


class _Anonymous:
    """Lets each request begin as nobody, who reaches nothing: a route that forgets to ask for a key gives nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with acting_as(NOBODY):
            await self._app(scope, receive, send)


def home_id(settings: Settings) -> str:
    """A short name of a home: tells hubs of different homes apart, without telling the path."""
    return hashlib.sha256(str(settings.home).encode()).hexdigest()[:16]


def _health(settings: Settings) -> Callable[[Request], JSONResponse]:
    answer = {"status": "ok", "version": __version__, "home_id": home_id(settings)}

    def health(_request: Request) -> JSONResponse:
        return JSONResponse(answer)

    return health


def reaping(services: Services) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """While the app runs, look for who has fallen silent."""

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
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + REAP_EVERY_SECONDS
        await asyncio.sleep(REAP_EVERY_SECONDS)
        if loop.time() - due > _DEAF_SECONDS:
            log.warning("this process was kept from running for %.0f s; nobody's silence counts", loop.time() - due)
            services.agents.pardon()
        try:
            reaped = await run_in_threadpool(services.agents.reap)
        except StorageError as error:
            log.error("looking for silent runs and agents failed: %s", error)
            continue
        except Exception:  # One failed look must not end all later ones.
            log.exception("looking for silent runs and agents failed; the next look is in %s s", REAP_EVERY_SECONDS)
            continue
        for path in reaped.runs:
            log.warning("run %s fell silent and is given up", path)
        for agent in reaped.agents:
            log.warning("agent %s fell silent and counts as gone", agent)
