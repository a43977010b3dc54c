"""Where a report is shown."""

from __future__ import annotations

import pytest

from sweepyard.domain.sweep import SweepPath
from sweepyard.tracking.records import SweepRecord
from sweepyard.tracking.reports import report_url


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("live <b>sweep</b>, 2026", "live-b-sweep-b-2026"),
        ("a?b#c -- d%2F\x1b[31m é", "a-b-c-d-2F-31m"),
        ("名前 / ..", "report"),
    ],
)
def test_an_address_has_nothing_that_a_terminal_or_a_browser_reads_otherwise(title: str, name: str) -> None:
    sweep = SweepRecord(
        path=SweepPath("lab", "my digits", "abc"),
        name="",
        state="RUNNING",
        config={},
        objectives=(),
        url="http://127.0.0.1:8080/lab/my digits/sweeps/abc",
        expected_runs=None,
        runs=(),
    )
    assert report_url(sweep, title, "id1=") == f"http://127.0.0.1:8080/lab/my%20digits/reports/{name}--id1%3D"
