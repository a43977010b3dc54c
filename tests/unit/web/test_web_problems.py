from __future__ import annotations

import json

import pytest

from sweepyard.errors import (
    Conflict,
    Forbidden,
    HubError,
    NotFound,
    RequestInvalid,
    StorageAway,
    SweepyardError,
    Unauthenticated,
    Violation,
)
from sweepyard.web.problems import BodyTooLarge, plain_problem, problem


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RequestInvalid([Violation("x must be y", "z")]), 400, "invalid"),
        (Unauthenticated("no key"), 401, "unauthenticated"),
        (Forbidden("no right"), 403, "forbidden"),
        (NotFound("no run"), 404, "not_found"),
        (Conflict("not now"), 409, "conflict"),
        (BodyTooLarge(10, "11"), 413, "too_large"),
        (StorageAway("no server"), 503, "away"),
        (HubError("something else"), 500, "internal"),
    ],
)
def test_each_deliberate_error_has_its_status_and_one_shape(error: SweepyardError, status: int, code: str) -> None:
    response = problem(error)
    body = json.loads(bytes(response.body))
    assert response.status_code == status
    assert list(body) == ["errors"]
    assert [set(entry) for entry in body["errors"]] == [{"message", "code"}]
    assert body["errors"][0]["code"] == code


def test_every_violation_is_told() -> None:
    response = problem(RequestInvalid([Violation("a"), Violation("b", "2", "do c", "key")]))
    assert [entry["message"] for entry in json.loads(bytes(response.body))["errors"]] == [
        "a",
        "key: b; received 2. do c",
    ]


def test_of_endless_violations_the_first_are_told_and_the_rest_counted() -> None:
    entries = json.loads(bytes(problem(RequestInvalid([Violation(f"rule {n}") for n in range(5000)])).body))["errors"]
    assert (len(entries), entries[0]["message"], entries[-1]["message"]) == (101, "rule 0", "and 4900 more")


def test_text_that_is_no_unicode_is_escaped() -> None:
    body = bytes(plain_problem(400, "invalid", "half a pair: \ud800 é").body)
    assert json.loads(body)["errors"][0]["message"] == "half a pair: \ud800 é"
    assert "é".encode() in bytes(plain_problem(400, "invalid", "é").body)


def test_a_missing_key_says_how_to_show_one() -> None:
    assert problem(Unauthenticated("no key")).headers["www-authenticate"].startswith("Basic")


def test_a_plain_problem_has_the_same_shape() -> None:
    response = plain_problem(416, "range", "too far", {"Content-Range": "bytes */3"})
    assert json.loads(bytes(response.body)) == {"errors": [{"message": "too far", "code": "range"}]}
    assert response.headers["content-range"] == "bytes */3"
