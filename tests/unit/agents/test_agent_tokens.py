from __future__ import annotations

import json

import pytest

from sweepyard.agents.environment import with_token
from sweepyard.domain.agent import AGENT_HEADER
from sweepyard.errors import TrackingError


def test_an_agents_token_joins_the_users_own_headers() -> None:
    environ = {"PATH": "p", "WANDB_X_EXTRA_HTTP_HEADERS": '{"x-mine": "1"}'}
    found = with_token(environ, "abc")
    assert json.loads(found["WANDB_X_EXTRA_HTTP_HEADERS"]) == {"x-mine": "1", AGENT_HEADER: "abc"}
    assert found["PATH"] == "p"
    assert json.loads(with_token({}, "abc")["WANDB_X_EXTRA_HTTP_HEADERS"]) == {AGENT_HEADER: "abc"}


def test_headers_of_the_users_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(TrackingError, match="must be a JSON object of headers; received x=1"):
        with_token({"WANDB_X_EXTRA_HTTP_HEADERS": "x=1"}, "abc")
