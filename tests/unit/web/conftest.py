"""An app asked in-process, over its own interface, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

Ask = Callable[..., httpx.Response]


@pytest.fixture
def asking() -> Callable[[ASGIApp], Ask]:
    """Turns an app into a function `(method, path, **request) -> response`."""

    def asker(app: ASGIApp) -> Ask:
        def ask(method: str, path: str, **request: Any) -> httpx.Response:
            async def once() -> httpx.Response:
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                    return await client.request(method, path, **request)

            return asyncio.run(once())

        return ask

    return asker
