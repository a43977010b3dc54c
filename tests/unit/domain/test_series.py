from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.series import EXACT, Series, extremes, joined, series_of, spread


def made(**columns: list[float]) -> Series:
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    series = series_of(enumerate(rows), list(columns))
    assert series is not None
    return series


def test_only_rows_with_all_keys_count() -> None:
    rows = [(0, {"a": 1}), (5, {"a": 1, "b": {"c": 2.5}}), (7, {"a": None, "b.c": 1}), (9, {"a": 3, "b.c": 4})]
    series = series_of(rows, ["b.c", "a"])
    assert series is not None
    assert series.steps.tolist() == [5, 9]
    assert repr(series.rows([0, 1])) == "[{'b.c': 2.5, 'a': 1}, {'b.c': 4, 'a': 3}]"


@pytest.mark.parametrize("value", ["1", True, [], {}, EXACT + 1, -EXACT - 1])
def test_what_is_no_exact_number_makes_no_series(value: object) -> None:
    assert series_of([(0, {"a": 1}), (1, {"a": value})], ["a"]) is None  # type: ignore[dict-item]


def test_whole_numbers_stay_whole() -> None:
    series = made(a=[EXACT, -EXACT, 0], b=[1, 2.0, -0.0])
    assert repr(series.rows([0, 1, 2])) == (
        f"[{{'a': {EXACT}, 'b': 1}}, {{'a': {-EXACT}, 'b': 2.0}}, {{'a': 0, 'b': -0.0}}]"
    )


def test_parts_are_joined_in_order() -> None:
    assert joined([made(a=[1, 2]), made(a=[0.5])], ["a"]).rows([0, 1, 2]) == [{"a": 1}, {"a": 2}, {"a": 0.5}]
    assert len(joined([], ["a", "b"])) == 0
    one = made(a=[1])
    assert joined([one], ["a"]) is one
    assert one.at(np.array([False])).rows([]) == []


def test_spread() -> None:
    assert spread(0, 3).tolist() == []
    assert spread(2, 2).tolist() == [0, 1]
    assert spread(100, 1).tolist() == [0]
    assert spread(100, 4).tolist() == [0, 33, 66, 99]


@given(
    values=st.lists(st.floats() | st.integers(-5, 5), min_size=1, max_size=300),
    samples=st.integers(1, 60),
)
def test_a_sample_keeps_the_ends_and_the_greatest_and_least(values: list[float], samples: int) -> None:
    series = made(_step=list(range(len(values))), a=values)
    chosen = extremes(series, samples).tolist()
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= samples
    assert chosen[0] == 0
    assert samples == 1 or chosen[-1] == len(values) - 1
    numbers = [value for value in values if not math.isnan(value)]
    if samples >= 4 and numbers:
        kept = [values[index] for index in chosen]
        assert max(numbers) in kept
        assert min(numbers) in kept


def test_a_single_spike_survives_in_every_metric() -> None:
    draw = random.Random(3)
    up, down = [draw.random() for _ in range(20_000)], [draw.random() for _ in range(20_000)]
    up[12_345], down[777] = 9.0, -9.0
    series = made(_step=list(range(20_000)), up=up, down=down)
    chosen = extremes(series, 500)
    assert {12_345, 777} <= set(chosen.tolist())
    assert 400 < len(chosen) <= 500


def test_axes_alone_are_spread_evenly() -> None:
    series = made(_step=list(range(100)), _runtime=[float(number) for number in range(100)])
    assert extremes(series, 4).tolist() == [0, 33, 66, 99]
