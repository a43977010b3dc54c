from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.fakes.asking import Ask, asker

from sweepyard.errors import InvalidInput, SweepyardError
from sweepyard.web import bodies
from sweepyard.web.bodies import read_body
from sweepyard.web.headers import SecurityHeaders
from sweepyard.web.hosts import Addresses, HostCheck, base_url_of, host_name
from sweepyard.web.problems import plain_problem, problem

LIMIT = 1000


async def in_two() -> AsyncIterator[bytes]:
    yield b"x" * LIMIT
    yield b"x"


async def echo(request: Request) -> Response:
    try:
        return PlainTextResponse(await read_body(request, LIMIT))
    except SweepyardError as error:
        return problem(error)


def refuse(headers: Mapping[str, str], status: int, code: str, message: str) -> Response:
    return plain_problem(status, code, message)


@pytest.fixture
def door() -> Ask:
    app = Starlette(
        routes=[Route("/", echo, methods=["GET", "POST"])],
    )
    return asker(SecurityHeaders(HostCheck(app, Addresses("http://127.0.0.1:80"), refuse)))


def test_a_body_within_the_limit_is_read_whole(door: Ask) -> None:
    assert door("POST", "/", content=b"x" * LIMIT).content == b"x" * LIMIT


def test_a_body_over_the_limit_is_refused_whether_announced_or_not(door: Ask) -> None:
    for content, received in (
        (b"x" * (LIMIT + 1), f"{LIMIT + 1}"),
        (in_two(), f"{LIMIT + 1}, and perhaps more to come"),
    ):
        answer = door("POST", "/", content=content)
        assert answer.status_code == 413
        told = f"a body holds at most {LIMIT} bytes; received {received}. Send less at a time, or something smaller"
        assert answer.json()["errors"] == [{"message": told, "code": "too_large"}]


def test_gzip_is_unpacked(door: Ask) -> None:
    answer = door("POST", "/", content=gzip.compress(b"{}"), headers={"content-encoding": "gzip"})
    assert answer.content == b"{}"


def test_a_gzip_bomb_is_refused(door: Ask) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)[:LIMIT]
    answer = door("POST", "/", content=bomb, headers={"content-encoding": "gzip"})
    assert answer.status_code == 413
    assert f"received {len(bomb)} that unpack to more. " in answer.text


@pytest.mark.parametrize(
    ("content", "encoding", "rule"),
    [
        (b"plain", "gzip", "must be gzip"),
        (gzip.compress(b"abc" * 50, mtime=0)[:-12], "gzip", "must be whole"),
        (gzip.compress(b"{}", mtime=0) + gzip.compress(b"{}", mtime=0), "gzip", "nothing behind it"),
        (b"plain", "br", "Content-Encoding must be gzip"),
    ],
    ids=["plain", "cut", "two", "brotli"],
)
def test_a_body_of_another_encoding_is_refused(door: Ask, content: bytes, encoding: str, rule: str) -> None:
    answer = door("POST", "/", content=content, headers={"content-encoding": encoding})
    assert answer.status_code == 400
    assert rule in answer.json()["errors"][0]["message"]


def test_a_body_that_stops_coming_is_not_waited_for(door: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(60)

    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0.01)
    answer = door("POST", "/", content=stalling())
    assert answer.status_code == 408
    assert answer.json()["errors"][0]["code"] == "too_slow"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "[::1]:80", "LOCALHOST"])
def test_loopback_names_are_answered(door: Ask, host: str) -> None:
    assert door("GET", "/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "localhost.evil:80"])
def test_other_names_are_not(door: Ask, host: str) -> None:
    answer = door("GET", "/", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["errors"][0]["code"] == "wrong_host"


def test_beyond_loopback_a_server_answers_to_figures_and_to_the_names_it_was_given() -> None:
    public = ("https://lab.example", "https://other.example:8443")
    server = Addresses("https://box:8443", public, names=frozenset({"box"}), beyond_loopback=True)
    for host in ("box:8443", "10.1.2.3:8443", "[fe80::1]", "lab.example", "OTHER.example:8443", "localhost"):
        assert server.answer_to(host), host
    for host in ("evil.example", "10.1.2.3.evil.example", "", "box.evil.example", "lab.example.evil"):
        assert not server.answer_to(host), host
    assert not Addresses("http://127.0.0.1:80").answer_to("10.1.2.3")


def test_the_addresses_that_a_server_gives_out_are_those_by_which_it_was_called() -> None:
    direct = Addresses("http://127.0.0.1:80", ("https://lab.example",))
    assert direct.base_url("http", "localhost:9") == "http://localhost:9"
    assert direct.base_url("http", "lab.example") == "https://lab.example"
    assert direct.base_url("http", "") == "http://127.0.0.1:80"
    proxied = Addresses("http://127.0.0.1:80", ("https://lab.example", "https://b.example"), behind_proxy=True)
    assert proxied.base_url("http", "127.0.0.1:80") == "https://lab.example"
    assert proxied.base_url("http", "b.example") == "https://b.example"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://lab.example/", "https://lab.example"),
        ("https://lab.example:443", "https://lab.example"),
        ("http://LAB.example:8080", "http://lab.example:8080"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_a_public_url_is_normalised(text: str, url: str) -> None:
    assert base_url_of(text) == url


@pytest.mark.parametrize(
    "text", ["", "lab.example", "ftp://lab", "https://lab/hub", "https://u:p@lab", "https://lab?x=1", "http://x:port"]
)
def test_another_public_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="a public URL is"):
        base_url_of(text)


def test_a_malformed_host_has_no_name() -> None:
    assert host_name("[::1") == ""


def test_every_response_carries_security_headers(door: Ask) -> None:
    headers = door("GET", "/").headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
