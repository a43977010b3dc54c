"""Live pages: streams of server-sent events that say when what a page shows has changed.

A stream gives a mark (services.watching) at once and after each change of it; the page then fetches what it shows.
Marks are looked up in the database, so it does not matter which process made the change.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from sweepyard.errors import SweepyardError, Unauthenticated
from sweepyard.web.streams import note_endless

LOOK_EVERY_SECONDS = 1.5
SIGN_EVERY_LOOKS = 8
"""A stream with nothing to say gives a sign of life so often: the page, and every proxy, see that it stands."""
RETRY_MILLISECONDS = 1000

Look = Callable[[Request], str]
"""Gives the mark of what a page shows, for whoever asks."""


async def event_stream(request: Request, look: Look) -> StreamingResponse:
    """The stream of marks; it ends with the session, with what it watches, or with the hub.

    Raises:
        SweepyardError: The first look's: nothing is streamed then.
    """
    first = await run_in_threadpool(look, request)
    note_endless(request)
    return StreamingResponse(
        _events(request, look, first),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(request: Request, look: Look, mark: str) -> AsyncIterator[bytes]:
    yield b"retry: %d\n" % RETRY_MILLISECONDS + _event("mark", mark)
    silent_looks = 0
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        try:
            now = await run_in_threadpool(look, request)
        except Unauthenticated as error:
            yield _event("expired", str(error))
            return
        except SweepyardError as error:
            yield _event("gone", str(error))
            return
        silent_looks += 1
        if now != mark:
            mark, silent_looks = now, 0
            yield _event("mark", mark)
        elif silent_looks >= SIGN_EVERY_LOOKS:
            silent_looks = 0
            yield b":\n\n"


def _event(kind: str, text: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {kind}\n{lines}\n".encode("utf-8", "backslashreplace")
