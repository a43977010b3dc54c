from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.grouping import Spread, spread_of
from sweepyard.domain.significance import two_sided_p, welch_test


def spread(*values: float) -> Spread:
    found = spread_of(list(values))
    assert found is not None
    return found


# Quantiles that tables of Student's t give, to the digits that they give them with.
@pytest.mark.parametrize(
    ("t", "degrees", "p"),
    [
        (12.706, 1, 0.05),
        (4.303, 2, 0.05),
        (2.228, 10, 0.05),
        (3.169, 10, 0.01),
        (2.042, 30, 0.05),
        (1.980, 120, 0.05),
        (3.2905, 1e6, 0.001),
    ],
)
def test_p_is_what_tables_say(t: float, degrees: float, p: float) -> None:
    assert two_sided_p(t, degrees) == pytest.approx(p, rel=1e-3)


@given(st.floats(0, 1e6))
def test_p_is_the_closed_form_of_one_and_of_two_degrees(t: float) -> None:
    assert two_sided_p(t, 1) == pytest.approx(2 * math.atan2(1, t) / math.pi, rel=1e-9)
    root = math.sqrt(2 + t * t)
    assert two_sided_p(t, 2) == pytest.approx(2 / (root * (root + t)), rel=1e-9)


@given(st.floats(allow_nan=False), st.floats(1, 1e4))
def test_p_is_a_probability_and_does_not_know_the_sign(t: float, degrees: float) -> None:
    assert 0 <= two_sided_p(t, degrees) <= 1
    assert two_sided_p(-t, degrees) == two_sided_p(t, degrees)


def test_a_worked_example() -> None:
    # Fifteen values each, variances alike: t = -2.46 with 25.0 degrees of freedom, p = 0.021.
    first = spread(27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4)
    second = spread(27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4)
    there = welch_test(first, second)
    back = welch_test(second, first)
    assert there is not None
    assert back is not None
    assert there.difference == pytest.approx(2.1666667)
    assert (round(there.t, 2), round(there.degrees, 1), round(there.p, 3)) == (2.46, 25.0, 0.021)
    assert (back.t, back.degrees, back.p) == (-there.t, there.degrees, there.p)


@pytest.mark.parametrize("scale", [1e-160, 1.0, 1e160])
def test_the_unit_does_not_matter(scale: float) -> None:
    test = welch_test(spread(1 * scale, 2 * scale, 3 * scale), spread(4 * scale, 5 * scale))
    assert test is not None
    assert test.p == pytest.approx(0.049416, rel=1e-4)


def test_one_group_may_have_no_spread() -> None:
    test = welch_test(spread(1, 1, 1), spread(2, 3, 4))
    assert test is not None
    assert test.degrees == 2
    assert test.p == pytest.approx(two_sided_p(2 * math.sqrt(3), 2))


@pytest.mark.parametrize(("first", "second"), [([1.0], [1.0, 2.0]), ([1.0, 2.0], [3.0]), ([1.0, 1.0], [2.0, 2.0])])
def test_without_spread_there_is_no_test(first: list[float], second: list[float]) -> None:
    assert welch_test(spread(*first), spread(*second)) is None


def test_a_difference_beyond_the_floats_is_no_chance() -> None:
    test = welch_test(spread(0, 1e-300), spread(1e300, 1e300))
    assert test is not None
    assert test.p == 0
