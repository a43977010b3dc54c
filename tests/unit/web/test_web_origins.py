from __future__ import annotations

from collections.abc import Mapping

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.fakes.asking import Ask, asker

from sweepyard.web.hosts import Addresses
from sweepyard.web.origins import OriginCheck
from sweepyard.web.problems import plain_problem

OWN = "http://127.0.0.1"
PUBLIC = "https://lab.example"
COOKIE = {"Cookie": "a=b; session=x"}


async def change(_request: Request) -> Response:
    return PlainTextResponse("changed")


def refuse(headers: Mapping[str, str], status: int, code: str, message: str) -> Response:
    return plain_problem(status, code, message)


@pytest.fixture
def door() -> Ask:
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    app = Starlette(routes=[Route("/", change, methods=methods)])
    return asker(OriginCheck(app, Addresses(f"{OWN}:80", (PUBLIC,)), refuse, cookie="session"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic eA=="},
        {"Origin": OWN},
        {"Origin": OWN, **COOKIE},
        {"Origin": PUBLIC, **COOKIE},
        {"Sec-Fetch-Site": "same-origin", **COOKIE},
        {"Sec-Fetch-Site": "none", **COOKIE},
        {"Referer": f"{OWN}/login?next=/", **COOKIE},
        {"Cookie": "other=x"},
    ],
)
def test_own_pages_and_programs_may_change_things(door: Ask, headers: dict[str, str]) -> None:
    assert door("POST", "/", headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{OWN}:9"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": f"{OWN}.evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", **COOKIE},
        # A browser that holds a key, since it was asked for one, sends it for any page.
        {"Origin": "https://evil.example", "Authorization": "Basic eA=="},
        COOKIE,
        {"Referer": "https://evil.example/http://127.0.0.1/", **COOKIE},
    ],
)
def test_pages_of_others_may_not(door: Ask, method: str, headers: dict[str, str]) -> None:
    answer = door(method, "/", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "forbidden"


def test_looking_is_free(door: Ask) -> None:
    assert door("GET", "/", headers={"Origin": "https://evil.example"}).status_code == 200


PREFLIGHT = {"Access-Control-Request-Method": "GET"}


@pytest.mark.parametrize("origin", [OWN, PUBLIC])
def test_who_asks_beforehand_for_a_page_of_ours_is_told(door: Ask, origin: str) -> None:
    answer = door("OPTIONS", "/anything", headers={"Origin": origin, **PREFLIGHT})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", **PREFLIGHT},
        {"Origin": "null", **PREFLIGHT},
        {"Origin": f"{OWN}.evil.example", **PREFLIGHT},
        {"Origin": "*", **PREFLIGHT},
        {"Origin": OWN},
        PREFLIGHT,
    ],
)
def test_for_a_page_of_others_nothing_is_allowed(door: Ask, headers: dict[str, str]) -> None:
    for method in ("OPTIONS", "GET"):
        answer = door(method, "/", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
