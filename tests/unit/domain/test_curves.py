from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.curves import Curve, band_of, ordered, rounded, thinned, within

NAN, INF = math.nan, math.inf
ANY = st.floats(allow_nan=True, allow_infinity=True)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def test_points_come_in_order_of_the_axis_and_those_without_a_place_go() -> None:
    x, y = ordered(floats(2, NAN, 1, INF, 1), floats(20, 0, 10, 1, 11))
    assert (x.tolist(), y.tolist()) == ([1, 1, 2], [10, 11, 20])


@pytest.mark.parametrize(
    ("edges", "left"),
    [
        ((None, None), [0, 1, 2, 3, 4]),
        ((1.5, 2.5), [1, 2, 3]),
        ((2, 2.5), [1, 2, 3]),
        ((None, 1), [0, 1, 2]),
        ((9, None), [4]),
        ((-5, -1), [0]),
    ],
)
def test_a_stretch_has_a_point_beyond_each_edge(edges: tuple[float | None, float | None], left: list[float]) -> None:
    x = np.arange(5.0)
    assert within(x, x * 2, edges)[0].tolist() == left
    assert within(x, x * 2, edges)[1].tolist() == [2 * value for value in left]


def test_few_rows_are_points_of_their_own() -> None:
    (curve,) = thinned([(floats(0, 1, 2), floats(5, NAN, -INF))], 10)
    assert curve.is_exact
    assert np.array_equal(curve.mean, floats(5, NAN, NAN), equal_nan=True)
    assert (curve.nan, curve.infinite) == (1, 1)


def test_a_stretch_has_a_mean_and_keeps_its_spike() -> None:
    y = np.ones(1000)
    y[501], y[700:] = 50, NAN
    (curve,) = thinned([(np.arange(1000.0), y)], 12)
    assert not curve.is_exact
    assert len(curve.x) == 12
    assert (curve.x[0], curve.x[-1]) == (0, 999)
    assert curve.high[6] == 50
    assert curve.low[6] == 1
    assert curve.mean[6] == pytest.approx(1.49)
    assert np.isnan(curve.mean[8:]).all()
    assert curve.nan == 300


@given(st.lists(ANY, max_size=300), st.integers(3, 40))
def test_thinned_curves_lose_no_extreme_and_count_what_is_not_drawn(values: list[float], points: int) -> None:
    y = np.array(values, np.float64)
    (curve,) = thinned([(np.arange(len(y), dtype=np.float64), y)], points)
    finite = y[np.isfinite(y)]
    assert len(curve.x) <= points
    assert (np.diff(curve.x) >= 0).all()
    assert len(finite) + curve.nan + curve.infinite == len(y)
    assert np.isfinite(curve.mean).any() == bool(len(finite))
    if len(finite):
        assert np.nanmin(curve.low) == finite.min()
        assert np.nanmax(curve.high) == finite.max()
        room = 1e-9 * np.abs(finite).max()
        low, mean, high = (part[np.isfinite(curve.mean)] / 2 for part in (curve.low, curve.mean, curve.high))
        assert (mean >= low - room).all()
        assert (mean <= high + room).all()


@given(st.lists(st.lists(ANY, max_size=100), max_size=5), st.integers(3, 40))
def test_curves_are_thinned_together_as_they_are_alone(lists: list[list[float]], points: int) -> None:
    lines = [(np.arange(float(len(values))), np.array(values, np.float64)) for values in lists]
    together = thinned(lines, points)
    assert len(together) == len(lines)
    for line, curve in zip(lines, together, strict=True):
        (alone,) = thinned([line], points)
        assert (curve.nan, curve.infinite, curve.is_exact) == (alone.nan, alone.infinite, alone.is_exact)
        for name in ("x", "mean", "low", "high"):
            assert np.array_equal(getattr(curve, name), getattr(alone, name), equal_nan=True)


def two(count: int) -> float:
    return 2.0 if count > 1 else NAN


def test_a_band_is_the_mean_of_the_curves_that_reach_to_a_place() -> None:
    band = band_of([(floats(0, 2), floats(0, 2)), (floats(0, 1, 2, 3), floats(2, 3, 4, 9))], 10, two)
    assert band.x.tolist() == [0, 1, 2, 3]
    assert band.count.tolist() == [2, 2, 2, 1]
    assert band.mean.tolist() == [1, 2, 3, 9]
    # Two values that lie 2 apart: deviation sqrt(2), standard error 1, and the factor is 2.
    assert band.low[:3] == pytest.approx([-1, 0, 1])
    assert band.high[:3] == pytest.approx([3, 4, 5])
    assert np.isnan(band.low[3])


def test_a_band_of_many_places_has_parts_of_the_axis() -> None:
    x = np.linspace(0, 100, 1000)
    band = band_of([(x, x), (x[::2], x[::2] + 1)], 10, two)
    assert len(band.x) == 10
    assert band.mean == pytest.approx(band.x + 0.5, abs=0.1)
    lone = band_of([(floats(4), floats(7))], 10, two)
    assert (lone.x.tolist(), lone.mean.tolist(), lone.count.tolist()) == ([4], [7], [1])


def test_a_band_at_the_ends_of_the_floats_range() -> None:
    band = band_of([(floats(0), floats(1e308)), (floats(0), floats(-1e308))], 10, two)
    assert band.mean.tolist() == [0]
    assert band.high[0] == INF or band.high[0] > 1e308


@pytest.mark.parametrize(
    ("value", "span", "text"),
    [
        (0.123456789, 1, "0.12346"),
        (0.123456789, 1e-3, "0.1234568"),
        (1234567.891, 1e7, "1234600.0"),
        (1000000.123456, 1, "1000000.1235"),
        (0.000123456789, 100, "0.00012346"),
        (0.0, 1, "0.0"),
        (1e300, 1e300, "1e+300"),
        (5.5, 0, "5.5"),
    ],
)
def test_numbers_are_as_short_as_a_chart_of_their_span_allows(value: float, span: float, text: str) -> None:
    assert repr(float(rounded(floats(value), floats(span))[0])) == text


@given(st.lists(ANY, max_size=30), st.floats(0, 1e308))
def test_rounding_stays_close_and_keeps_what_is_no_number(values: list[float], span: float) -> None:
    before = np.array(values, np.float64)
    after = rounded(before, np.full(len(before), span))
    assert np.array_equal(np.isnan(before), np.isnan(after))
    finite = np.isfinite(before)
    assert np.array_equal(before[~finite], after[~finite], equal_nan=True)
    assert (np.abs(after[finite] / 2 - before[finite] / 2) <= 1e-4 * np.abs(before[finite])).all()


def test_a_curve_that_is_exact_says_so() -> None:
    x = floats(1)
    assert not Curve(x, x, x.copy(), x.copy(), 0, 0).is_exact
