"""Every distribution: support, median, quantisation, monotony, and values that W&B's own engine gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.jsonvalue import dumps_canonical
from sweepyard.sweeps import space
from sweepyard.sweeps.quantiles import LARGEST_UNIT, SMALLEST_UNIT, beta_cdf, beta_quantile, unit_from_bits

UNITS = st.integers(0, 2**52 - 1).map(unit_from_bits)
BOUNDS = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda pair: (pair[0], pair[0] + pair[1]))
POSITIVE = st.tuples(st.floats(1e-9, 1e3), st.floats(1.001, 1e6)).map(lambda pair: (pair[0], pair[0] * pair[1]))
EXPONENTS = st.tuples(st.floats(-20, 20), st.floats(0.01, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))
LOCATED = st.tuples(st.floats(-50, 50), st.floats(0, 20))
SHAPES = st.tuples(st.floats(0.05, 500), st.floats(0.05, 500))
QUANTA = st.one_of(st.integers(1, 50), st.floats(0.01, 50))

PAIRS: list[tuple[type[Any], st.SearchStrategy[tuple[float, float]]]] = [
    (space.Uniform, BOUNDS),
    (space.LogUniform, EXPONENTS),
    (space.LogUniformValues, POSITIVE),
    (space.InvLogUniform, EXPONENTS),
    (space.InvLogUniformValues, POSITIVE),
    (space.Normal, LOCATED),
    (space.LogNormal, LOCATED),
    (space.Beta, SHAPES),
]
QUANTISED = {
    space.QUniform: space.Uniform,
    space.QLogUniform: space.LogUniform,
    space.QLogUniformValues: space.LogUniformValues,
    space.QNormal: space.Normal,
    space.QLogNormal: space.LogNormal,
    space.QBeta: space.Beta,
}
OF_KIND = dict(PAIRS)


@st.composite
def real_distributions(draw: st.DrawFn) -> space.RealDistribution:
    kind, arguments = draw(st.sampled_from(PAIRS))
    made: space.RealDistribution = kind(*draw(arguments))
    return made


@given(real_distributions(), UNITS, UNITS)
def test_sampling_is_monotone_in_u(distribution: space.RealDistribution, first: float, second: float) -> None:
    low, high = sorted((first, second))
    below, above = distribution.real(low), distribution.real(high)
    assert below <= above + 1e-9 * (1 + abs(above))


@given(real_distributions(), UNITS)
def test_samples_are_finite_and_stay_in_the_support(distribution: space.RealDistribution, u: float) -> None:
    value = distribution.real(u)
    assert math.isfinite(value)
    match distribution:
        case space.Uniform(low, high) | space.LogUniformValues(low, high) | space.InvLogUniformValues(low, high):
            assert low <= value <= high
        case space.LogUniform(low, high):
            assert math.exp(low) * (1 - 1e-9) <= value <= math.exp(high) * (1 + 1e-9)
        case space.InvLogUniform(low, high):
            assert math.exp(-high) * (1 - 1e-9) <= value <= math.exp(-low) * (1 + 1e-9)
        case space.Beta():
            assert 0 <= value <= 1
        case space.LogNormal():
            assert value > 0


@pytest.mark.parametrize(
    ("distribution", "median"),
    [
        (space.Uniform(2, 10), 6.0),
        (space.LogUniform(0, 2), math.e),
        (space.LogUniformValues(1e-4, 1e-2), 1e-3),
        (space.InvLogUniform(0, 2), 1 / math.e),
        (space.InvLogUniformValues(1e-4, 1e-2), 1e-3),
        (space.Normal(3, 7), 3.0),
        (space.LogNormal(1, 2), math.e),
        (space.Beta(1, 1), 0.5),
        (space.Beta(4, 4), 0.5),
    ],
)
def test_one_half_gives_the_median(distribution: space.RealDistribution, median: float) -> None:
    assert distribution.real(0.5) == pytest.approx(median, rel=1e-12)


# Computed once with W&B's engine, package `sweeps` 0.3.0 (scipy's inverse distribution functions).
@pytest.mark.parametrize(
    ("distribution", "u", "expected"),
    [
        (space.Normal(), 0.975, 1.959963984540054),
        (space.Normal(), 1e-9, -5.9978070150076865),
        (space.Normal(3, 0.1), 0.1, 2.87184484344554),
        (space.LogNormal(1, 2), 0.9, 35.272482631261795),
        (space.Beta(2, 3), 0.25, 0.24302208375607628),
        (space.Beta(0.05, 0.2), 0.5, 6.256986533495276e-05),
        (space.Beta(200, 0.5), 0.01, 0.9835291921131988),
        (space.Beta(1, 1), 0.123, 0.123),
        (space.LogUniformValues(1e-4, 2), 0.3, 0.0019512323996468911),
        (space.InvLogUniform(-4, 2), 0.3, 0.8187307530779825),
        (space.QNormal(4, 9, 0.5), 0.2, -3.5),
        (space.QLogNormal(1, 2, 1), 0.7, 8),
        (space.QLogUniformValues(1, 500, 8), 0.9, 272),
        (space.QBeta(2, 3, 0.1), 0.3, 0.30000000000000004),
        (space.QUniform(0.5, 20), 0.4, 8.0),
        (space.QUniform(1, 20, 3), 0.5, 12),
        (space.IntUniform(-3, 11), 0.5, 4),
    ],
)
def test_values_are_those_of_wandbs_engine(distribution: space.Distribution, u: float, expected: float) -> None:
    value = distribution.sample(u)
    assert value == pytest.approx(expected, rel=1e-9)
    assert type(value) is type(expected)


@given(st.data(), st.sampled_from(sorted(QUANTISED, key=lambda kind: kind.kind)), QUANTA, UNITS)
def test_quantised_values_are_the_nearest_multiples_of_q(data: st.DataObject, kind: Any, q: float, u: float) -> None:
    arguments = data.draw(OF_KIND[QUANTISED[kind]])
    value = kind(*arguments, q=q).sample(u)
    real = QUANTISED[kind](*arguments).real(u)
    assert isinstance(value, int) is isinstance(q, int)
    assert abs(value - real) <= q / 2 * (1 + 1e-9) + abs(real) * 1e-12
    assert value / q == pytest.approx(round(value / q), rel=1e-9)


def test_halves_round_to_even_multiples() -> None:
    assert [space.QUniform(0, 8, 2).sample(u) for u in (0.125, 0.375, 0.625)] == [0, 4, 4]


def test_a_quantum_without_a_value_is_the_float_1() -> None:
    value = space.QUniform(0, 10).sample(0.5)
    assert (value, type(value)) == (5.0, float)


def test_quantised_uniform_is_neither_clipped_nor_anchored_at_its_minimum() -> None:
    distribution = space.QUniform(1, 20, 6)
    assert {distribution.sample(unit) for unit in np.linspace(0.001, 0.999, 400)} == {0, 6, 12, 18}


@given(st.lists(st.integers() | st.text(max_size=3), min_size=1, max_size=9), UNITS)
def test_a_categorical_gives_each_value_an_equal_share(values: list[Any], u: float) -> None:
    index = [position for position in range(len(values)) if position / len(values) < u][-1]
    assert space.Categorical(tuple(values)).sample(u) == values[index]


def test_a_categorical_at_the_edge_of_a_cell_takes_the_lower_one() -> None:
    assert space.Categorical(("a", "b")).sample(0.5) == "a"
    assert [space.IntUniform(1, 10).sample(place / 10) for place in range(1, 10)] == list(range(1, 10))


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**20), UNITS)
def test_integers_stay_in_their_bounds(low: int, extent: int, u: float) -> None:
    value = space.IntUniform(low, low + extent).sample(u)
    assert isinstance(value, int)
    assert low <= value <= low + extent


def test_integers_reach_both_ends() -> None:
    distribution = space.IntUniform(-2, 2)
    assert (distribution.sample(SMALLEST_UNIT), distribution.sample(LARGEST_UNIT)) == (-2, 2)
    assert distribution.extremes() == (-2, 2)


def test_probabilities_choose_the_first_value_whose_cumulative_share_exceeds_u() -> None:
    distribution = space.WeightedCategorical(("a", "b", "c"), (0.25, 0.0, 0.75))
    assert [distribution.sample(u) for u in (0.2499, 0.25, 0.9)] == ["a", "c", "c"]
    assert distribution.extremes() == ("a", "b", "c")
    assert distribution.grid_values() is None


def test_probabilities_that_sum_to_less_by_rounding_give_the_last_possible_value() -> None:
    assert space.WeightedCategorical(("a", "b", "c"), (0.5, 0.499999, 0.0)).sample(LARGEST_UNIT) == "b"


@given(st.floats(0.05, 300), st.floats(0.05, 300), UNITS)
def test_the_beta_quantile_inverts_its_distribution_function(a: float, b: float, u: float) -> None:
    x = beta_quantile(u, a, b)
    assert beta_cdf(x, a, b) >= u - 1e-9
    assert beta_cdf(math.nextafter(x, 0.0), a, b) <= u + 1e-9


def test_the_beta_distribution_function_is_0_and_1_at_its_ends() -> None:
    assert (beta_cdf(0.0, 2, 3), beta_cdf(1.0, 2, 3)) == (0.0, 1.0)


def test_a_beta_with_tiny_shapes_reaches_far_down_and_up() -> None:
    assert 0 < beta_quantile(1e-6, 0.02, 0.02) < 1e-200
    assert beta_quantile(1 - 1e-6, 0.02, 0.02) == 1.0


@pytest.mark.parametrize(
    ("start", "stop", "step"),
    [(0.1, 1.3, 0.3), (0, 10, 3), (1, 2, 0.1), (-3.7, 12.0, 0.7), (0, 7, 2.0), (0.0, 1.0, 1.0)],
)
def test_a_stepped_range_is_numpys_arange(start: float, stop: float, step: float) -> None:
    stepped = space.SteppedRange(start, stop, step)
    assert list(stepped) == np.arange(start, stop, step).tolist()
    assert stepped[1:] == tuple(list(stepped)[1:])
    assert stepped[-1] == list(stepped)[-1]
    with pytest.raises(IndexError):
        stepped[len(stepped)]


def test_what_a_grid_enumerates() -> None:
    assert space.Constant("x").grid_values() == ("x",)
    assert space.Categorical((3, "a", 3.0, None)).grid_values() == (3, "a", None)
    assert list(space.IntUniform(2, 4).grid_values() or ()) == [2, 3, 4]
    assert list(space.QUniform(1, 3, 1).grid_values() or ()) == [1, 2]
    assert [kind(*(0.5, 1.0)).grid_values() for kind, _ in PAIRS] == [None] * len(PAIRS)


def test_extremes_are_the_bounds_or_the_tails() -> None:
    assert space.Constant(1).extremes() == (1,)
    assert space.Categorical((1, 2, 3)).extremes() == (1, 2, 3)
    assert space.Uniform(0, 1).extremes() == (0.0, 1.0)
    assert space.LogUniformValues(1e-4, 1).extremes() == space.InvLogUniformValues(1e-4, 1).extremes() == (1e-4, 1.0)
    assert space.QUniform(1, 20, 3).extremes() == (0, 21)
    assert space.QLogUniformValues(1, 100, 8).extremes() == (0, 96)
    low, high = space.Normal(0, 1).extremes()
    assert (low, high) == (pytest.approx(-3.09, abs=0.01), pytest.approx(3.09, abs=0.01))


def test_a_space_stands_in_order_of_names_level_by_level_and_nests_its_values() -> None:
    leaf = space.Categorical(([1, 2], [3]))
    made = space.SearchSpace(
        [
            space.Parameter(("b",), leaf),
            space.Parameter(("a", "z"), space.Constant({"k": [1]})),
            space.Parameter(("a", "b"), leaf),
            space.Parameter(("B",), leaf),
            space.Parameter(("a.c",), leaf),
        ]
    )
    assert [parameter.name for parameter in made] == ["B", "a.b", "a.z", "a.c", "b"]
    assert len(made[1:]) == 4
    assert [parameter.path for parameter in made.varying] == [("B",), ("a", "b"), ("a.c",), ("b",)]
    values: dict[tuple[str, ...], Any] = {parameter.path: parameter.name for parameter in made.varying}
    assert made.nest(values) == {"B": "B", "a": {"b": "a.b", "z": {"k": [1]}}, "a.c": "a.c", "b": "b"}
    assert "SearchSpace" in repr(made)


def test_what_a_suggestion_holds_is_its_own() -> None:
    made = space.SearchSpace([space.Parameter(("a",), space.Constant({"k": [1]}))])
    before = dumps_canonical(made.nest({}))
    taken: Any = made.nest({})
    taken["a"]["k"].append(2)
    assert dumps_canonical(made.nest({})) == before


def test_where_a_parameter_stands_is_no_part_of_what_it_is() -> None:
    assert space.Parameter(("a",), space.Constant(1), "x:1") == space.Parameter(("a",), space.Constant(1), "y:2")
