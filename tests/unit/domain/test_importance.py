from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.importance import MOST_BINS, Correlation, bins, rank_correlation, ranks, share_explained

FLOATS = st.floats(-1e300, 1e300)
FEW = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=3, max_size=30)


def numbers(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def places(values: list[float]) -> list[float]:
    """For each value the mean of the places that it and its equals take: the definition, without sorting."""
    return [sum(other < value for other in values) + (values.count(value) + 1) / 2 for value in values]


@given(st.lists(st.integers(-5, 5) | FLOATS, min_size=1, max_size=40))
def test_ranks_are_the_means_of_tied_places(values: list[float]) -> None:
    assert ranks(numbers(*values)).tolist() == places(numbers(*values).tolist())


@given(FEW)
def test_the_correlation_is_spearmans(pairs: list[tuple[int, int]]) -> None:
    left, right = numbers(*(pair[0] for pair in pairs)), numbers(*(pair[1] for pair in pairs))
    found = rank_correlation(left, right)
    if len(set(left.tolist())) == 1 or len(set(right.tolist())) == 1:
        assert found is None
    else:
        assert found is not None
        pearson = np.corrcoef(places(left.tolist()), places(right.tolist()))[0, 1]
        assert found.value == pytest.approx(pearson, abs=1e-12)


def test_the_interval_by_hand() -> None:
    # Ranks 1 2 3 4 5 and 2 1 4 3 5: rho = 1 - 6 * 4 / (5 * 24) = 0.8.
    found = rank_correlation(numbers(1, 2, 3, 4, 5), numbers(20, 10, 40, 30, 50))
    assert found is not None
    assert found.value == pytest.approx(0.8)
    reach = 1.959963984540054 * math.sqrt((1 + 0.32) / 2)
    assert found.low == pytest.approx(math.tanh(math.atanh(0.8) - reach))
    assert found.high == pytest.approx(math.tanh(math.atanh(0.8) + reach))


def test_an_interval_needs_more_than_a_few_runs_and_something_that_may_vary() -> None:
    assert rank_correlation(numbers(1, 2), numbers(1, 2)) is None
    found = rank_correlation(numbers(1, 2, 3), numbers(1, 3, 2))
    assert found is not None
    assert (found.low, found.high) == (None, None)
    assert rank_correlation(numbers(1, 2, 3, 4), numbers(4, 3, 2, 1)) == Correlation(-1.0, None, None)
    assert rank_correlation(numbers(1, 1, 1), numbers(1, 2, 3)) is None


@given(FEW)
def test_a_metric_and_what_grows_with_it_give_the_same(pairs: list[tuple[int, int]]) -> None:
    parameter, results = numbers(*(pair[0] for pair in pairs)), numbers(*(pair[1] for pair in pairs))
    assert rank_correlation(parameter, results) == rank_correlation(parameter, np.exp(results))
    groups = bins(parameter)
    assert share_explained(groups, results) == share_explained(groups, np.exp(results))


def test_few_values_are_groups_and_many_are_cut_evenly() -> None:
    assert bins(numbers(0.3, 0.1, 0.3, 0.2)).tolist() == [1, 0, 1, 0]
    assert bins(numbers(32, 128, 64, 32, *[64] * 11)).tolist()[:4] == [0, 2, 1, 0]
    cut = bins(np.arange(400.0))
    assert np.bincount(cut).tolist() == [50] * MOST_BINS
    assert bins(numbers(*[-1.7e308, 1.7e308] * 20)).max() == 1


def test_the_share_explained_by_hand() -> None:
    # Two groups of ranks 1 2 3 and 4 5 6: within 4 of 17.5, so 1 - (4 / 4) / (17.5 / 5).
    assert share_explained([0, 0, 0, 1, 1, 1], numbers(1, 2, 3, 10, 11, 12)) == pytest.approx(1 - 1 / 3.5)
    assert share_explained([0, 1, 0, 1], numbers(1, 1, 2, 2)) == 0.0
    assert share_explained([0, 0, 2, 2], numbers(1, 1, 9, 9)) == 1.0


def test_what_cannot_be_told_is_not() -> None:
    assert share_explained([], numbers()) is None
    assert share_explained([0, 0, 0], numbers(1, 2, 3)) is None
    assert share_explained([0, 1, 2], numbers(1, 2, 3)) is None
    assert share_explained([0, 1, 0], numbers(2, 2, 2)) is None


def test_without_an_effect_the_share_is_small_however_many_values_there_are() -> None:
    draw = np.random.default_rng(1)
    shares = [share_explained(draw.integers(0, 20, 200), draw.normal(size=200)) for _ in range(200)]
    assert np.mean([share or 0.0 for share in shares]) < 0.03


@given(st.lists(st.tuples(st.integers(0, 4), FLOATS), min_size=2, max_size=40))
def test_a_share_is_a_share(pairs: list[tuple[int, float]]) -> None:
    share = share_explained([pair[0] for pair in pairs], numbers(*(pair[1] for pair in pairs)))
    assert share is None or 0.0 <= share <= 1.0
