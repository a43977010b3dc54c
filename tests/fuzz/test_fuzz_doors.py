"""Filters, orders, bodies, addresses and headers as no client should send them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.rules import STATUSES, check, fuzz

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=10,
)
FIELDS = st.sampled_from(
    [
        "state",
        "display_name",
        "displayName",
        "name",
        "config.lr",
        "config.lr.value",
        "summary_metrics.loss",
        "summaryMetrics.loss",
        "sweep",
        "tags",
        "created_at",
        "createdAt",
        "group",
        "username",
        "x.y.z",
        ".",
        "config.",
        "keys_info.keys.loss",
        "heartbeat_at",
        "jobType",
    ]
)
OPERATORS = st.sampled_from(
    [
        "$eq",
        "$ne",
        "$gt",
        "$gte",
        "$lt",
        "$lte",
        "$in",
        "$nin",
        "$regex",
        "$exists",
        "$contains",
        "$not",
        "$and",
        "$or",
        "$nor",
        "$x",
    ]
)
FILTERS = st.recursive(
    st.one_of(
        st.dictionaries(FIELDS, st.one_of(VALUES, st.dictionaries(OPERATORS, VALUES, max_size=2)), max_size=2),
        VALUES,
    ),
    lambda inner: st.dictionaries(OPERATORS, st.one_of(inner, st.lists(inner, max_size=3)), max_size=2),
    max_leaves=6,
)
ORDERS = st.one_of(st.none(), st.text(max_size=12), st.builds("{}{}".format, st.sampled_from(["+", "-", ""]), FIELDS))
LIST = """query ($f: JSONString, $o: String, $n: Int, $a: String) {
  project(name: "digits") {
    runs(filters: $f, order: $o, first: $n, after: $a) { totalCount edges { cursor node { name } } }
    runCount(filters: $f)
  } }"""


@fuzz(200)
@given(
    filters=st.one_of(FILTERS.map(json.dumps), st.text(max_size=20)),
    order=ORDERS,
    first=st.one_of(st.none(), st.integers(-5, 2**31 - 1)),
    after=st.one_of(st.none(), st.text(max_size=20), VALUES.map(json.dumps)),
)
def test_lists_by_any_filter_order_and_cursor(
    world: Any, filters: str, order: str | None, first: int | None, after: str | None
) -> None:
    check(world.graphql(LIST, {"f": filters, "o": order, "n": first, "a": after}, user="reader"))


@fuzz(150)
@given(
    body=st.one_of(
        st.fixed_dictionaries({"query": VALUES}, optional={"variables": VALUES, "operationName": VALUES}).map(
            json.dumps
        ),
        st.fixed_dictionaries({"query": st.just(LIST), "variables": VALUES}).map(json.dumps),
        VALUES.map(json.dumps),
        st.text(),
    )
)
def test_bodies_that_are_hardly_a_request(world: Any, body: str) -> None:
    content = body.encode("utf-8", "surrogatepass")
    check(world.ask("POST", "/graphql", content=content, auth=("api", world.keys["writer"])))


SEGMENTS = st.one_of(
    st.sampled_from(["lab", "zoo", "digits", "one", "runs", "sweeps", "files", "storage", "..", ".", "static", "%00"]),
    st.text(max_size=8).map(lambda text: quote(text.encode("utf-8", "surrogatepass"))),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Accept",
            "Authorization",
            "Cookie",
            "Range",
            "If-None-Match",
            "Origin",
            "Sec-Fetch-Site",
            "Content-Encoding",
            "Content-Length",
        ]
    ),
    st.one_of(
        st.sampled_from(
            ["text/html", "bytes=0-", "bytes=-0", "bytes=5-1", "bytes=" + "9" * 5000 + "-", "Basic %", "*"]
        ),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
    ),
    max_size=4,
)


@fuzz(250)
@given(
    method=st.sampled_from(["GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    segments=st.lists(SEGMENTS, max_size=6),
    query=st.text(max_size=8),
    headers=HEADERS,
    known=st.booleans(),
)
def test_any_address_with_any_headers(
    world: Any, method: str, segments: list[str], query: str, headers: dict[str, str], known: bool
) -> None:
    path = "http://127.0.0.1/" + "/".join(segments) + "?after=" + quote(query.encode("utf-8", "surrogatepass"))
    auth = ("api", world.keys["reader"]) if known else None
    answer = world.ask(method, path, headers=headers, auth=auth, content=b"x")
    assert answer.status_code in STATUSES | {204, 206, 303, 304, 307}, (answer.status_code, answer.text[:300])
    if answer.status_code >= 400 and method != "HEAD" and "text/html" not in headers.get("Accept", ""):
        check(answer)


@fuzz(100)
@given(
    content=st.one_of(st.binary(max_size=60), st.builds(lambda key: f"key={quote(key)}&next=//x".encode(), st.text()))
)
def test_any_login_form(world: Any, content: bytes) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = world.ask("POST", "/login", content=content, headers=kind)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


@fuzz(100)
@given(token=st.one_of(st.text(max_size=30), st.binary(max_size=30).map(lambda raw: raw.hex() + "." + raw.hex())))
def test_no_made_up_token_opens_anything(world: Any, token: str) -> None:
    address = "/storage/x" + quote(token.encode("utf-8", "surrogatepass"), safe="") + "/a"
    for method in ("GET", "PUT"):
        answer = world.ask(method, address, content=b"x")
        assert answer.status_code in {403, 404}
        check(answer)
    cookie = {"Cookie": "sweepyard_session=" + quote(token.encode("utf-8", "surrogatepass"), safe="")}
    assert world.ask("GET", "/", headers=cookie).status_code == 303
