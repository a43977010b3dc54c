"""An app asked in-process, over its own interface, without a socket and without its lifespan."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from starlette.types import ASGIApp

Ask = Callable[..., httpx.Response]


def asker(app: ASGIApp, **client: Any) -> Ask:
    """A function `(method, path, **request) -> response`."""

    def ask(method: str, path: str, **request: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", **client) as session:
                return await session.request(method, path, **request)

        # In a thread of its own: Playwright's loop runs in that of the tests, once one of them has used a browser.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(once())).result()

    return ask
