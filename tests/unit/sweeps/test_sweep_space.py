"""Every distribution: support, median, quantisation, monotony, and values that W&B's own engine gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.jsonvalue import dumps_canonical
from sweepyard.sweeps import distributions
from sweepyard.sweeps.quantiles import LARGEST_UNIT, SMALLEST_UNIT, beta_cdf, beta_quantile, unit_from_bits
from sweepyard.sweeps.space import Parameter, SearchSpace, remove

UNITS = st.integers(0, 2**52 - 1).map(unit_from_bits)
BOUNDS = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda pair: (pair[0], pair[0] + pair[1]))
POSITIVE = st.tuples(st.floats(1e-9, 1e3), st.floats(1.001, 1e6)).map(lambda pair: (pair[0], pair[0] * pair[1]))
EXPONENTS = st.tuples(st.floats(-20, 20), st.floats(0.01, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))
LOCATED = st.tuples(st.floats(-50, 50), st.floats(0, 20))
SHAPES = st.tuples(st.floats(0.05, 500), st.floats(0.05, 500))
QUANTA = st.one_of(st.integers(1, 50), st.floats(0.01, 50))

PAIRS: list[tuple[type[Any], st.SearchStrategy[tuple[float, float]]]] = [
    (distributions.Uniform, BOUNDS),
    (distributions.LogUniform, EXPONENTS),
    (distributions.LogUniformValues, POSITIVE),
    (distributions.InvLogUniform, EXPONENTS),
    (distributions.InvLogUniformValues, POSITIVE),
    (distributions.Normal, LOCATED),
    (distributions.LogNormal, LOCATED),
    (distributions.Beta, SHAPES),
]
QUANTISED = {
    distributions.QUniform: distributions.Uniform,
    distributions.QLogUniform: distributions.LogUniform,
    distributions.QLogUniformValues: distributions.LogUniformValues,
    distributions.QNormal: distributions.Normal,
    distributions.QLogNormal: distributions.LogNormal,
    distributions.QBeta: distributions.Beta,
}
OF_KIND = dict(PAIRS)


@st.composite
def real_distributions(draw: st.DrawFn) -> distributions.RealDistribution:
    kind, arguments = draw(st.sampled_from(PAIRS))
    made: distributions.RealDistribution = kind(*draw(arguments))
    return made


@given(real_distributions(), UNITS, UNITS)
def test_sampling_is_monotone_in_u(distribution: distributions.RealDistribution, first: float, second: float) -> None:
    low, high = sorted((first, second))
    below, above = distribution.real(low), distribution.real(high)
    assert below <= above + 1e-9 * (1 + abs(above))


@given(real_distributions(), UNITS)
def test_samples_are_finite_and_stay_in_the_support(distribution: distributions.RealDistribution, u: float) -> None:
    value = distribution.real(u)
    assert math.isfinite(value)
    support = distribution.support()
    if support is None:
        assert isinstance(distribution, distributions.Normal | distributions.LogNormal)
        assert value > 0 or isinstance(distribution, distributions.Normal)
    else:
        low, high = support
        slack = 0.0 if isinstance(distribution, distributions.Bounded | distributions.Beta) else 1e-9
        assert low * (1 - slack) <= value <= high * (1 + slack)


@given(real_distributions())
def test_the_support_ends_where_the_samples_do(distribution: distributions.RealDistribution) -> None:
    support = distribution.support()
    if support is not None and not isinstance(distribution, distributions.Beta):
        ends = (distribution.real(SMALLEST_UNIT), distribution.real(LARGEST_UNIT))
        assert ends == pytest.approx(support, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("distribution", "median"),
    [
        (distributions.Uniform(2, 10), 6.0),
        (distributions.LogUniform(0, 2), math.e),
        (distributions.LogUniformValues(1e-4, 1e-2), 1e-3),
        (distributions.InvLogUniform(0, 2), 1 / math.e),
        (distributions.InvLogUniformValues(1e-4, 1e-2), 1e-3),
        (distributions.Normal(3, 7), 3.0),
        (distributions.LogNormal(1, 2), math.e),
        (distributions.Beta(1, 1), 0.5),
        (distributions.Beta(4, 4), 0.5),
    ],
)
def test_one_half_gives_the_median(distribution: distributions.RealDistribution, median: float) -> None:
    assert distribution.real(0.5) == pytest.approx(median, rel=1e-12)


# Computed once with W&B's engine, package `sweeps` 0.3.0 (scipy's inverse distribution functions).
@pytest.mark.parametrize(
    ("distribution", "u", "expected"),
    [
        (distributions.Normal(), 0.975, 1.959963984540054),
        (distributions.Normal(), 1e-9, -5.9978070150076865),
        (distributions.Normal(3, 0.1), 0.1, 2.87184484344554),
        (distributions.LogNormal(1, 2), 0.9, 35.272482631261795),
        (distributions.Beta(2, 3), 0.25, 0.24302208375607628),
        (distributions.Beta(0.05, 0.2), 0.5, 6.256986533495276e-05),
        (distributions.Beta(200, 0.5), 0.01, 0.9835291921131988),
        (distributions.Beta(1, 1), 0.123, 0.123),
        (distributions.LogUniformValues(1e-4, 2), 0.3, 0.0019512323996468911),
        (distributions.InvLogUniform(-4, 2), 0.3, 0.8187307530779825),
        (distributions.QNormal(4, 9, 0.5), 0.2, -3.5),
        (distributions.QLogNormal(1, 2, 1), 0.7, 8),
        (distributions.QLogUniformValues(1, 500, 8), 0.9, 272),
        (distributions.QBeta(2, 3, 0.1), 0.3, 0.30000000000000004),
        (distributions.QUniform(0.5, 20), 0.4, 8.0),
        (distributions.QUniform(1, 20, 3), 0.5, 12),
        (distributions.IntUniform(-3, 11), 0.5, 4),
    ],
)
def test_values_are_those_of_wandbs_engine(distribution: distributions.Distribution, u: float, expected: float) -> None:
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
    assert [distributions.QUniform(0, 8, 2).sample(u) for u in (0.125, 0.375, 0.625)] == [0, 4, 4]


def test_a_quantum_without_a_value_is_the_float_1() -> None:
    value = distributions.QUniform(0, 10).sample(0.5)
    assert (value, type(value)) == (5.0, float)


def test_quantised_uniform_is_neither_clipped_nor_anchored_at_its_minimum() -> None:
    distribution = distributions.QUniform(1, 20, 6)
    assert {distribution.sample(unit) for unit in np.linspace(0.001, 0.999, 400)} == {0, 6, 12, 18}


@given(st.lists(st.integers() | st.text(max_size=3), min_size=1, max_size=9), UNITS)
def test_a_categorical_gives_each_value_an_equal_share(values: list[Any], u: float) -> None:
    index = [position for position in range(len(values)) if position / len(values) < u][-1]
    assert distributions.Categorical(tuple(values)).sample(u) == values[index]


def test_a_categorical_at_the_edge_of_a_cell_takes_the_lower_one() -> None:
    assert distributions.Categorical(("a", "b")).sample(0.5) == "a"
    assert [distributions.IntUniform(1, 10).sample(place / 10) for place in range(1, 10)] == list(range(1, 10))


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**20), UNITS)
def test_integers_stay_in_their_bounds(low: int, extent: int, u: float) -> None:
    value = distributions.IntUniform(low, low + extent).sample(u)
    assert isinstance(value, int)
    assert low <= value <= low + extent


def test_integers_reach_both_ends() -> None:
    distribution = distributions.IntUniform(-2, 2)
    assert (distribution.sample(SMALLEST_UNIT), distribution.sample(LARGEST_UNIT)) == (-2, 2)
    assert distribution.extremes() == (-2, 2)


def test_probabilities_choose_the_first_value_whose_cumulative_share_exceeds_u() -> None:
    distribution = distributions.WeightedCategorical(("a", "b", "c"), (0.25, 0.0, 0.75))
    assert [distribution.sample(u) for u in (0.2499, 0.25, 0.9)] == ["a", "c", "c"]
    assert distribution.extremes() == ("a", "b", "c")
    assert distribution.grid_values() is None


def test_probabilities_that_sum_to_less_by_rounding_give_the_last_possible_value() -> None:
    assert distributions.WeightedCategorical(("a", "b", "c"), (0.5, 0.499999, 0.0)).sample(LARGEST_UNIT) == "b"


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
    stepped = distributions.stepped_range(start, stop, step)
    assert list(stepped) == np.arange(start, stop, step).tolist()
    assert stepped[1:] == tuple(list(stepped)[1:])
    assert stepped[-1] == list(stepped)[-1]
    with pytest.raises(IndexError):
        stepped[len(stepped)]


def test_what_a_grid_enumerates() -> None:
    assert distributions.Constant("x").grid_values() == ("x",)
    assert distributions.Categorical((3, "a", 3.0, None)).grid_values() == (3, "a", None)
    assert list(distributions.IntUniform(2, 4).grid_values() or ()) == [2, 3, 4]
    assert list(distributions.QUniform(1, 3, 1).grid_values() or ()) == [1, 2]
    assert [kind(*(0.5, 1.0)).grid_values() for kind, _ in PAIRS] == [None] * len(PAIRS)


def test_extremes_are_the_bounds_or_the_tails() -> None:
    assert distributions.Constant(1).extremes() == (1,)
    assert distributions.Categorical((1, 2, 3)).extremes() == (1, 2, 3)
    assert distributions.Uniform(0, 1).extremes() == (0.0, 1.0)
    assert (
        distributions.LogUniformValues(1e-4, 1).extremes()
        == distributions.InvLogUniformValues(1e-4, 1).extremes()
        == (1e-4, 1.0)
    )
    assert distributions.QUniform(1, 20, 3).extremes() == (0, 21)
    assert distributions.QLogUniformValues(1, 100, 8).extremes() == (0, 96)
    low, high = distributions.Normal(0, 1).extremes()
    assert (low, high) == (pytest.approx(-3.09, abs=0.01), pytest.approx(3.09, abs=0.01))


def test_a_space_stands_in_order_of_names_level_by_level_and_nests_its_values() -> None:
    leaf = distributions.Categorical(([1, 2], [3]))
    made = SearchSpace(
        [
            Parameter(("b",), leaf),
            Parameter(("a", "z"), distributions.Constant({"k": [1]})),
            Parameter(("a", "b"), leaf),
            Parameter(("B",), leaf),
            Parameter(("a.c",), leaf),
        ]
    )
    assert [parameter.name for parameter in made] == ["B", "a.b", "a.z", "a.c", "b"]
    assert len(made[1:]) == 4
    assert [axis.parameters[0].path for axis in made.axes] == [("B",), ("a", "b"), ("a.c",), ("b",)]
    values: dict[tuple[str, ...], Any] = {axis.parameters[0].path: axis.name for axis in made.axes}
    assert made.nest(values) == {"B": "B", "a": {"b": "a.b", "z": {"k": [1]}}, "a.c": "a.c", "b": "b"}
    assert "SearchSpace" in repr(made)


def test_what_a_suggestion_holds_is_its_own() -> None:
    made = SearchSpace([Parameter(("a",), distributions.Constant({"k": [1]}))])
    before = dumps_canonical(made.nest({}))
    taken: Any = made.nest({})
    taken["a"]["k"].append(2)
    assert dumps_canonical(made.nest({})) == before


def test_where_a_parameter_stands_is_no_part_of_what_it_is() -> None:
    assert Parameter(("a",), distributions.Constant(1), "x:1") == Parameter(("a",), distributions.Constant(1), "y:2")


@given(real_distributions(), st.floats(0.02, 0.98))
def test_a_value_lies_at_the_fraction_that_it_was_drawn_at(
    distribution: distributions.RealDistribution, u: float
) -> None:
    value = distribution.real(u)
    spread = distribution.real(min(u + 0.01, 0.99)) - distribution.real(max(u - 0.01, 0.01))
    if spread > 1e-6 * (1e-12 + abs(value)):  # Where neighbours are one float, no inverse can tell them apart.
        assert distribution.fraction(value) == pytest.approx(u, abs=1e-3)


@given(real_distributions(), st.floats(-1e12, 1e12))
def test_any_number_lies_at_some_fraction(distribution: distributions.RealDistribution, value: float) -> None:
    assert 0.0 <= distribution.fraction(value) <= 1.0


def test_what_lies_outside_lies_at_an_end() -> None:
    assert distributions.Uniform(0, 1).fraction(7.0) == 1.0
    assert distributions.LogUniformValues(0.1, 1).fraction(-3.0) == 0.0
    assert distributions.InvLogUniformValues(0.1, 1).fraction(0.0) == 0.0
    assert distributions.InvLogUniform(0, 1).fraction(1e9) == 1.0
    assert distributions.LogNormal().fraction(0.0) == 0.0
    assert distributions.Normal(1, 0).fraction(9.0) == 0.5
    assert (distributions.IntUniform(1, 4).fraction(1), distributions.IntUniform(1, 4).fraction(9)) == (0.125, 1.0)


@given(st.data(), st.sampled_from(sorted(QUANTISED, key=lambda kind: kind.kind)), QUANTA, UNITS)
def test_the_distinct_values_are_those_that_can_be_drawn(data: st.DataObject, kind: Any, q: float, u: float) -> None:
    made = kind(*data.draw(OF_KIND[QUANTISED[kind]]), q=q)
    values = made.distinct()
    if values is None:
        assert kind in {distributions.QNormal, distributions.QLogNormal}
        return
    drawn = made.sample(u)
    assert values[0] <= drawn <= values[-1]
    assert made.sample(SMALLEST_UNIT) >= values[0]
    if len(values) < 1000:
        assert drawn in values
        assert values[:2] == tuple(values)[:2]


def test_distinct_values_of_choices() -> None:
    assert distributions.Categorical((1, 1.0, "a", [1], [1])).distinct() == (1, "a", [1])
    assert distributions.WeightedCategorical((1, 2, 1), (0.5, 0.0, 0.5)).distinct() == (1,)
    assert distributions.Constant(3).distinct() == (3,)
    assert list(distributions.IntUniform(2, 4).distinct()) == [2, 3, 4]
    assert distributions.Uniform(0, 1).distinct() is None


def test_the_size_of_a_space() -> None:
    three = Parameter(("a",), distributions.IntUniform(1, 3))
    assert SearchSpace([three, Parameter(("b",), distributions.Constant(1))]).size == 3
    assert SearchSpace([three, Parameter(("b",), distributions.Uniform(0, 1))]).size is None
    assert SearchSpace([]).size == 1


def test_removing_a_key_leaves_the_rest_and_the_original_alone() -> None:
    nested: Any = {"a": {"b": 1, "c": 2}, "d": 3}
    assert remove(nested, ("a", "b")) == {"a": {"c": 2}, "d": 3}
    assert remove(nested, ("a.b",)) == {"a": {"c": 2}, "d": 3}
    assert remove(nested, ("d", "e")) == nested
    assert remove(nested, ("d", "e", "f")) == nested
    assert remove({"x.y": 1}, ("x.y",)) == {}
    assert nested == {"a": {"b": 1, "c": 2}, "d": 3}
