"""Streams of marks: what they say, when they end, and that they do not keep a hub from closing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request

from sweepyard.domain.access import Role
from sweepyard.errors import NotFound, Unauthenticated
from sweepyard.hub.dashboard import live
from sweepyard.hub.dashboard.live import event_stream
from sweepyard.web.streams import is_endless

UPSERT = 'mutation { upsertBucket(input: {name: "r", modelName: "p", host: "h"}) { bucket { id } } }'


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_EVERY_SECONDS", 0.001)
    monkeypatch.setattr(live, "SIGN_EVERY_LOOKS", 2)


def streamed(answers: list[Any], pieces: int) -> list[str]:
    """The first pieces of a stream whose looks find these answers: marks, or errors."""
    found: Iterator[Any] = iter(answers)

    def look(_request: Request) -> str:
        answer = next(found)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    async def read() -> list[str]:
        response = await event_stream(Request({"type": "http", "headers": []}), look)
        stream = response.body_iterator
        read: list[str] = []
        async for piece in stream:
            read.append(bytes(piece).decode() if isinstance(piece, bytes | memoryview) else piece)
            if len(read) == pieces:
                break
        return read

    return asyncio.run(read())


def test_a_stream_begins_with_a_mark_and_tells_new_ones() -> None:
    first, second = streamed(["a", "a", "b"], 2)
    assert first == "retry: 1000\nevent: mark\ndata: a\n\n"
    assert second == "event: mark\ndata: b\n\n"


def test_a_stream_with_nothing_to_say_gives_signs_of_life() -> None:
    assert streamed(["a"] * 6, 3)[1:] == [":\n\n", ":\n\n"]


def test_a_stream_says_why_it_ends() -> None:
    assert streamed(["a", Unauthenticated("too\nold")], 9)[1:] == ["event: expired\ndata: too\ndata: old\n\n"]
    assert streamed(["a", NotFound("there is no run x")], 9)[1:] == ["event: gone\ndata: there is no run x\n\n"]


def test_only_streams_are_endless() -> None:
    async def state() -> object:
        request = Request({"type": "http", "headers": [], "state": {}})
        assert not is_endless(request.scope["state"])
        await event_stream(request, lambda _: "a")
        return request.scope["state"]

    assert is_endless(asyncio.run(state()))
    assert not is_endless(None)


@pytest.mark.parametrize("path", ["/lab/none/events", "/lab/p/runs/none/events", "/lab/p/sweeps/none/events"])
def test_what_is_not_there_has_no_stream(door: Any, path: str) -> None:
    door.data(UPSERT)
    entered = door.ask("POST", "/login", data={"key": door.keys[Role.WRITE], "next": "/"})
    headers = {"Cookie": entered.headers["set-cookie"].split(";")[0], "Accept": "text/event-stream"}
    assert door.ask("GET", path, headers=headers).status_code == 404
    assert door.ask("GET", path).status_code == 401
