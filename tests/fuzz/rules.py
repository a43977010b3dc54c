"""What every answer keeps to, whatever was asked; and how much is asked."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import HealthCheck, settings

STATUSES = frozenset({200, 400, 401, 403, 404, 405, 408, 409, 413, 416, 421})


def fuzz(examples: int) -> settings:
    """The same examples each time, and so many that all of them together take less than two minutes."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.large_base_example,
        ],
    )


def check(answer: httpx.Response) -> Any:
    """The body of an answer that keeps the rules: never our fault, and errors in the one shape."""
    assert answer.status_code in STATUSES, answer.text[:500]
    assert answer.headers["x-content-type-options"] == "nosniff"
    body = answer.json()
    assert isinstance(body, dict)
    if answer.status_code != 200:
        # An agent's heartbeat that finds no agent is an answer of GraphQL's with the status 404.
        assert {"errors"} <= set(body) <= {"errors", "data"}
    for error in body.get("errors", []):
        assert {"message", "code"} <= set(error) <= {"message", "code", "path"}
        assert isinstance(error["message"], str)
        assert error["message"]
        assert error["code"] != "internal", error
    return body
