from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.curves import HEIGHT, WIDTH, curves_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RUN = Run(path=RunPath("me", "p", "r1"), state=RunState.FINISHED, created_at=NOW, updated_at=NOW)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "true"),
        (12345678901, "12345678901"),
        (0.1 + 0.2, "0.3"),
        (1e-9, "1e-09"),
        (math.nan, "NaN"),
        (-math.inf, "−∞"),
        ("plain", "plain"),
        ({"_type": "image-file", "path": "x"}, "(image-file)"),
        ([1, "a"], '[1,"a"]'),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_values_as_people_read_them(value: Any, text: str) -> None:
    assert texts.value_text(value) == text


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (2**50, "1024.0 TiB")])
def test_sizes(size: int, text: str) -> None:
    assert texts.size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1.25, "1.2 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (7260, "2 h 1 min"),
        (4e6, "1,111 h 6 min"),
        (-5, "0 s"),
    ],
)
def test_durations(seconds: int, text: str) -> None:
    assert texts.duration_text(NOW, NOW + timedelta(seconds=seconds)) == text


def test_one_is_no_plural() -> None:
    assert [texts.counted(count, "file") for count in (0, 1, 1200)] == ["0 files", "1 file", "1,200 files"]


def test_a_duration_that_is_none() -> None:
    assert texts.seconds_text(math.nan) == "NaN"


def test_what_has_not_happened_has_no_time() -> None:
    assert texts.duration_text(None, NOW) == "–"
    assert texts.moment_text(None) == "–"
    assert texts.moment_text(NOW) == "2026-01-02 03:04:05"


def test_a_run_that_goes_on_takes_time_up_to_now() -> None:
    begun = replace(RUN, started_at=NOW, heartbeat_at=NOW + timedelta(seconds=20))
    now = NOW + timedelta(seconds=60)
    assert texts.run_duration_text(replace(begun, state=RunState.RUNNING), now) == "1 min 0 s"
    assert texts.run_duration_text(begun, now) == "20 s"
    assert texts.run_duration_text(replace(begun, ended_at=NOW + timedelta(seconds=30)), now) == "30 s"


def test_a_curve_is_cut_where_a_value_is_not_finite() -> None:
    values = [1.0, 2.0, math.nan, 3.0, math.inf]
    rows: list[Any] = [{"_step": step, "loss": value} for step, value in enumerate(values)]
    (curve,) = curves_of(rows, limit=5)
    assert (curve.metric, curve.low, curve.high, curve.skipped) == ("loss", "1", "3", 2)
    assert len(curve.lines) == 2
    # A single point is drawn as a line to itself.
    assert len(set(curve.lines[1].split())) == 1


def test_only_finite_numbers_are_drawn_and_the_clients_own_keys_are_not() -> None:
    rows: list[Any] = [
        {"_step": 0, "_runtime": 1.0, "text": "x", "flag": True, "gone": math.nan, "nested": {"b": 1}, "a": 2},
        {"loss": 1},
    ]
    assert [curve.metric for curve in curves_of(rows, limit=9)] == ["a", "nested.b"]
    assert [curve.metric for curve in curves_of(rows, limit=1)] == ["a"]


@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_curves_stay_inside_their_picture(values: list[float]) -> None:
    rows: list[Any] = [{"_step": step, "m": value} for step, value in enumerate(values)]
    for curve in curves_of(rows, limit=1):
        for point in " ".join(curve.lines).split():
            x, y = (float(part) for part in point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


def test_addresses_are_quoted() -> None:
    assert urls.run_url(RunPath("me", "my p?", "r#")) == "/me/my%20p%3F/runs/r%23"
    assert urls.file_url(RunPath("me", "p", "r"), "a b/c?") == "/files/me/p/r/a%20b/c%3F"
    assert urls.login_url("/me/p?x=1") == "/login?next=/me/p%3Fx%3D1"


@pytest.mark.parametrize("address", ["//evil.example", "/\\evil.example", "https://evil.example", "", "x", "/a\nb"])
def test_an_address_elsewhere_is_not_local(address: str) -> None:
    assert not urls.is_local(address)


def test_a_path_is_local() -> None:
    assert urls.is_local("/me/p/runs/r1?after=x")


def test_numbers_inside_media_draw_no_curves() -> None:
    table = {"_type": "table-file", "nrows": 3, "ncols": 2}
    assert curves_of([{"_step": 0, "table": table}, {"_step": 1, "table": table}], limit=5) == ()
