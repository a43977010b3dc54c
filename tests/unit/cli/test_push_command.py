"""What `sweepyard push` refuses before it asks any server."""

from __future__ import annotations

import pytest

from sweepyard.cli import door


@pytest.mark.parametrize("name", ["bad/x", "a:b", "", "a" * 129])
def test_a_project_that_the_client_would_refuse_is_refused_at_once(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.enter(["push", "ab12cd34", "--to", "http://127.0.0.1:1", "--project", name]) == 2
    rule = "--project: a project's name has 1 to 128 characters, none of them / \\ # ? % :"
    assert capsys.readouterr().err == f"error: {rule}; received {name!r}\n"
