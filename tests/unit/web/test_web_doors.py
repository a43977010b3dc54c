from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.fakes.asking import Ask, asker

from sweepyard.errors import SweepyardError
from sweepyard.web.bodies import read_body
from sweepyard.web.headers import SecurityHeaders
from sweepyard.web.hosts import HostCheck, allowed_hosts, host_name
from sweepyard.web.problems import problem

LIMIT = 1000


async def in_two() -> AsyncIterator[bytes]:
    yield b"x" * LIMIT
    yield b"x"


async def echo(request: Request) -> Response:
    try:
        return PlainTextResponse(await read_body(request, LIMIT))
    except SweepyardError as error:
        return problem(error)


@pytest.fixture
def door() -> Ask:
    app = Starlette(
        routes=[Route("/", echo, methods=["GET", "POST"])],
        middleware=[Middleware(SecurityHeaders), Middleware(HostCheck, hosts=allowed_hosts("http://127.0.0.1:80"))],
    )
    return asker(app)


def test_a_body_within_the_limit_is_read_whole(door: Ask) -> None:
    assert door("POST", "/", content=b"x" * LIMIT).content == b"x" * LIMIT


def test_a_body_over_the_limit_is_refused_whether_announced_or_not(door: Ask) -> None:
    assert door("POST", "/", content=b"x" * (LIMIT + 1)).status_code == 413
    assert door("POST", "/", content=in_two()).status_code == 413


def test_gzip_is_unpacked(door: Ask) -> None:
    answer = door("POST", "/", content=gzip.compress(b"{}"), headers={"content-encoding": "gzip"})
    assert answer.content == b"{}"


def test_a_gzip_bomb_is_refused(door: Ask) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)[:LIMIT]
    assert door("POST", "/", content=bomb, headers={"content-encoding": "gzip"}).status_code == 413


@pytest.mark.parametrize(
    ("content", "encoding", "rule"),
    [
        (b"plain", "gzip", "must be gzip"),
        (gzip.compress(b"abc" * 50)[:-12], "gzip", "must be whole"),
        (b"plain", "br", "Content-Encoding must be gzip"),
    ],
)
def test_a_body_of_another_encoding_is_refused(door: Ask, content: bytes, encoding: str, rule: str) -> None:
    answer = door("POST", "/", content=content, headers={"content-encoding": encoding})
    assert answer.status_code == 400
    assert rule in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "[::1]:80", "LOCALHOST"])
def test_loopback_names_are_answered(door: Ask, host: str) -> None:
    assert door("GET", "/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "localhost.evil:80"])
def test_other_names_are_not(door: Ask, host: str) -> None:
    answer = door("GET", "/", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["errors"][0]["code"] == "wrong_host"


def test_a_server_on_every_address_answers_to_any_name() -> None:
    assert allowed_hosts("http://0.0.0.0:80") is None
    assert allowed_hosts("http://lab.example:80") == {"localhost", "127.0.0.1", "::1", "lab.example"}


def test_a_malformed_host_has_no_name() -> None:
    assert host_name("[::1") == ""


def test_every_response_carries_security_headers(door: Ask) -> None:
    headers = door("GET", "/").headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
