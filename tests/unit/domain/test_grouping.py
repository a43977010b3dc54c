from __future__ import annotations

import math
import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.grouping import Spread, grouped, spread_of


def test_the_spread_of_numbers_leaves_out_what_is_none() -> None:
    values: list[Any] = [1, 2.0, 3, None, "4", True, math.nan, math.inf, [5]]
    assert spread_of(values) == Spread(3, 2.0, 1.0, 1.0, 3.0, 2)
    assert spread_of([7]) == Spread(1, 7.0, None, 7.0, 7.0, 0)
    assert spread_of([math.nan, "x", None]) is None
    assert spread_of([0.0, -0.0]) == Spread(2, 0.0, 0.0, 0.0, 0.0, 0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_mean_and_deviation_are_those_of_the_standard_library(values: list[float]) -> None:
    found = spread_of(list(values))
    assert found is not None
    assert found.deviation is not None
    assert found.mean == pytest.approx(statistics.fmean(values), rel=1e-9, abs=1e-9)
    assert found.deviation == pytest.approx(statistics.stdev(values), rel=1e-6, abs=1e-9)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**400), 10**400), max_size=6))
def test_no_number_is_too_great(values: list[Any]) -> None:
    found = spread_of(values)
    if found is not None:
        assert found.least <= found.greatest
        assert not math.isnan(found.mean)
        assert found.count + found.not_finite == len(values)


def test_the_spread_at_the_ends_of_the_floats() -> None:
    great = 1.7e308
    assert spread_of([great, great]) == Spread(2, great, 0.0, great, great, 0)
    assert spread_of([great, -great]) == Spread(2, 0.0, math.inf, -great, great, 0)
    assert spread_of([10**400, 1]) == Spread(1, 1.0, None, 1.0, 1.0, 1)


def test_groups_are_ordered_by_what_they_have_in_common() -> None:
    model: list[Any] = ["b", "a", "b", None, "a"]
    units: list[Any] = [64, 32, 64.0, 1, 16]
    found = grouped([model, units])
    assert [(group.values, group.places) for group in found] == [
        (("a", 16), (4,)),
        (("a", 32), (1,)),
        (("b", 64), (0, 2)),
        ((None, 1), (3,)),
    ]


def test_values_of_all_kinds_make_groups() -> None:
    column: list[Any] = [[1], "1", 1, True, {"a": 1}, [1.0], math.nan, math.nan, None]
    assert [group.places for group in grouped([column])] == [(2,), (3,), (1,), (0, 5), (4,), (6, 7), (8,)]
