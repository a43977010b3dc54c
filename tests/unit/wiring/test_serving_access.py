"""Who may reach a served model."""

from __future__ import annotations

import pytest

from sweepyard.errors import InvalidInput
from sweepyard.web.listening import Listening
from sweepyard.wiring.serving import check_access

PROXIED = Listening(behind_proxy=True, public_urls=("https://digits.lab",))


def test_alone_on_a_machine_nothing_is_needed() -> None:
    check_access(Listening(), key=None, is_open=False)


def test_others_need_a_key_or_an_open_door() -> None:
    with pytest.raises(InvalidInput, match=r"asks for a key, or is said to be open.*--key-file, or --open"):
        check_access(PROXIED, key=None, is_open=False)
    check_access(PROXIED, key="k", is_open=False)
    check_access(PROXIED, key=None, is_open=True)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_access(Listening(host="0.0.0.0"), key=None, is_open=False)
    assert [violation.rule.split()[1] for violation in refused.value.violations] == ["server", "model"]
