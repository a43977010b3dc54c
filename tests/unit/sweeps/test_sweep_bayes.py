"""Bayesian search: what it learns from, what it never does again, and that it finds what random search does not."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.objective import ObjectiveValues
from sweepyard.domain.run import RunState
from sweepyard.jsonvalue import JsonObject
from sweepyard.sweeps import bayes
from sweepyard.sweeps.config import SweepConfig, parse
from sweepyard.sweeps.encoding import Encoding
from sweepyard.sweeps.engine import expected_runs, next_suggestion
from sweepyard.sweeps.known import KnownRun
from sweepyard.sweeps.surrogate import Surrogate

LINE = {"x": {"min": 0.0, "max": 1.0}}
DEAD = [RunState.FAILED, RunState.CRASHED, RunState.KILLED]
LIVE = [RunState.PENDING, RunState.RUNNING, RunState.PREEMPTING, RunState.PREEMPTED]


def sweep(parameters: dict[str, Any], method: str = "bayes", **metric: Any) -> SweepConfig:
    return parse(yaml.safe_dump({"method": method, "metric": {"name": "m", **metric}, "parameters": parameters}))


def run(parameters: JsonObject, *values: float, state: RunState = RunState.FINISHED) -> KnownRun:
    return KnownRun("r", state, parameters, ObjectiveValues.of(values))


def suggest(config: SweepConfig, runs: list[KnownRun], seed: int = 0, position: int | None = None) -> JsonObject:
    suggestion = next_suggestion(config, seed=seed, position=len(runs) if position is None else position, runs=runs)
    assert suggestion is not None
    return suggestion.parameters


def search(config: SweepConfig, function: Any, count: int, seed: int = 0) -> list[KnownRun]:
    runs: list[KnownRun] = []
    while len(runs) < count:
        suggestion = next_suggestion(config, seed=seed, position=len(runs), runs=runs)
        if suggestion is None:
            break
        runs.append(run(suggestion.parameters, function(suggestion.parameters)))
    return runs


def learned(config: SweepConfig, *runs: KnownRun) -> tuple[list[float], int]:
    """The results that the model is made from, and how many runs count as pending."""
    _, results, pending = bayes.results_of(Encoding(config.parameters), config.objectives, runs)
    return results[:, 0].tolist(), len(pending)


def bowl(point: JsonObject) -> float:
    x, y = point["x"], point["y"]
    assert isinstance(x, float)
    assert isinstance(y, float)
    return (x - 0.3) ** 2 + (math.log10(y) + 3.0) ** 2 / 16


BOWL = {"x": {"min": 0.0, "max": 1.0}, "y": {"distribution": "log_uniform_values", "min": 1.0e-5, "max": 0.1}}


@pytest.mark.parametrize(("goal", "seed"), [("minimize", 0), ("maximize", 1)])
def test_it_finds_what_random_search_does_not(goal: str, seed: int) -> None:
    sign = 1 if goal == "minimize" else -1

    def best(method: str) -> float:
        runs = search(sweep(BOWL, method, goal=goal), lambda point: sign * bowl(point), 14, seed)
        return min(bowl(each.parameters) for each in runs)

    assert best("bayes") < min(best("random"), 3.0e-3)


def test_suggestions_follow_from_config_seed_position_and_runs() -> None:
    config = sweep(BOWL)
    runs = search(config, bowl, 7)
    before = copy.deepcopy(runs)
    first = suggest(config, runs, seed=3)
    assert suggest(config, runs, seed=3) == first
    assert runs == before
    assert suggest(config, runs, seed=4) != first
    assert suggest(config, runs, seed=3, position=8) != first


@pytest.mark.parametrize("values", [(), (0.5,), (math.nan,), (math.inf,)])
def test_with_fewer_than_two_results_points_spread_over_the_space(values: tuple[float, ...]) -> None:
    config = sweep(LINE)
    runs = [run({"x": 0.123}, *values)]
    xs = sorted(suggest(config, runs, position=position)["x"] for position in range(16))  # type: ignore[type-var]
    gaps = np.diff([0.0, *xs, 1.0])  # type: ignore[list-item]
    assert gaps.max() < 2.5 / 16


def test_a_sequence_that_fills_space_even_where_it_has_many_dimensions() -> None:
    for dimensions in (1, 2, 5, 30):
        points = np.array([bayes.spread(dimensions, seed=1, position=position) for position in range(64)])
        assert points.shape == (64, dimensions)
        assert points.min() >= 0
        assert points.max() < 1
        assert np.abs(points.mean(axis=0) - 0.5).max() < 0.2
        assert len({tuple(point) for point in points}) == 64


def test_a_finished_runs_result_is_its_best_over_the_history() -> None:
    runs = (run({"x": 0.1}, 3.0, 1.0, 2.0), run({"x": 0.2}, 5.0))
    assert learned(sweep(LINE), *runs) == ([1.0, 5.0], 0)
    assert learned(sweep(LINE, goal="maximize"), *runs) == ([-3.0, -5.0], 0)


@pytest.mark.parametrize("state", DEAD)
@pytest.mark.parametrize(("rule", "result"), [(None, 5.0), ("worst", 5.0), ("best", 0.5), ("latest", 0.7)])
def test_what_ended_badly_is_imputed(state: RunState, rule: str | None, result: float) -> None:
    runs = (run({"x": 0.1}, 1.0), run({"x": 0.2}, 5.0), run({"x": 0.3}, 0.5, 0.7, state=state))
    metric = {} if rule is None else {"impute": rule}
    assert learned(sweep(LINE, **metric), *runs) == ([1.0, 5.0, result], 0)


@pytest.mark.parametrize("rule", ["worst", "best", "latest"])
def test_a_run_without_a_value_gets_the_worst_of_all(rule: str) -> None:
    silent = [run({"x": 0.3}, state=state) for state in [*DEAD, RunState.FINISHED]]
    assert learned(sweep(LINE, impute=rule), run({"x": 0.1}, 1.0), run({"x": 0.2}, 5.0), *silent)[0][2:] == [5.0] * 4
    assert learned(sweep(LINE, impute=rule, goal="maximize"), run({"x": 0.1}, 1.0), *silent)[0] == [-1.0] * 5


def test_where_no_run_has_a_value_nothing_is_made_up() -> None:
    assert learned(sweep(LINE), run({"x": 0.1}, state=RunState.FAILED)) == ([], 0)


@pytest.mark.parametrize("state", LIVE)
def test_running_runs_are_pending_unless_they_are_to_be_imputed(state: RunState) -> None:
    runs = (run({"x": 0.1}, 1.0), run({"x": 0.2}, 5.0), run({"x": 0.3}, 0.5, 0.7, state=state))
    assert learned(sweep(LINE), *runs) == ([1.0, 5.0], 1)
    assert learned(sweep(LINE, impute_while_running="false"), *runs) == ([1.0, 5.0], 1)
    for rule, result in (("worst", 5.0), ("best", 0.5), ("latest", 0.7)):
        assert learned(sweep(LINE, impute_while_running=rule), *runs) == ([1.0, 5.0, result], 0)
        fresh = run({"x": 0.3}, state=state)
        assert learned(sweep(LINE, impute_while_running=rule), *runs[:2], fresh) == ([1.0, 5.0], 1)


def nearest_pair(runs: list[KnownRun]) -> float:
    points = [(each.parameters["x"], math.log10(each.parameters["y"]) / 4) for each in runs]  # type: ignore[arg-type]
    return min(math.dist(left, right) for place, left in enumerate(points) for right in points[:place])  # type: ignore[arg-type]


def test_agents_that_ask_at_once_get_points_further_apart_than_if_they_knew_nothing_of_each_other() -> None:
    config = sweep(BOWL)
    knowing, blind = 0.0, 0.0
    for seed in range(3):
        runs = search(config, bowl, 7, seed)
        asked: list[KnownRun] = []
        for position in range(7, 10):
            asked.append(run(suggest(config, runs + asked, seed, position), state=RunState.RUNNING))
        alone = [run(suggest(config, runs, seed, position)) for position in range(7, 10)]
        knowing, blind = knowing + nearest_pair(asked), blind + nearest_pair(alone)
    assert knowing > 2 * blind


def test_a_finite_space_is_gone_through_once_and_then_it_is_over() -> None:
    space = {"a": {"values": [0, False, "", None, "x"]}, "b": {"min": 1, "max": 2}}
    config = sweep(space)
    runs = search(config, lambda point: float(point["b"]), 100)  # type: ignore[arg-type]
    assert len(runs) == expected_runs(config) == 10
    assert len({str(each.parameters) for each in runs}) == 10
    assert {str(each.parameters["a"]) for each in runs} == {"0", "False", "", "None", "x"}


def test_one_point_that_is_left_is_given() -> None:
    config = sweep({"a": {"values": [1, 2]}})
    assert suggest(config, [run({"a": 1}, 0.5)]) == {"a": 2}


def test_a_space_without_anything_that_varies_is_one_point() -> None:
    config = sweep({"a": {"value": 3}})
    assert suggest(config, []) == {"a": 3}
    assert next_suggestion(config, seed=0, position=1, runs=[run({"a": 3}, 1.0)]) is None
    assert expected_runs(config) == 1


def test_a_large_finite_space_gives_no_point_twice() -> None:
    config = sweep({"a": {"min": 1, "max": 100}, "b": {"distribution": "q_uniform", "min": 0, "max": 49, "q": 1}})
    runs = search(config, lambda point: abs(point["a"] - 50) + abs(point["b"] - 25), 16)  # type: ignore[operator,arg-type]
    assert len({str(each.parameters) for each in runs}) == 16
    assert min(each.values.lowest for each in runs) <= 8


def test_the_last_points_of_a_large_space_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bayes, "_MOST_ENUMERATED", 1)
    monkeypatch.setattr(bayes, "_CANDIDATES", 2)
    config = sweep({"a": {"min": 1, "max": 9}, "w": {"values": [1, 2], "probabilities": [1.0, 0.0]}})
    runs = search(config, lambda point: float(point["a"]), 100)  # type: ignore[arg-type]
    assert sorted(each.parameters["a"] for each in runs) == list(range(1, 10))  # type: ignore[type-var]


def test_text_values_with_probabilities() -> None:
    config = sweep({"o": {"values": ["adam", "sgd", "never"], "probabilities": [0.5, 0.5, 0.0]}, **LINE})
    runs = search(config, lambda point: point["x"] + (point["o"] == "adam"), 14)  # type: ignore[operator]
    chosen = [each.parameters["o"] for each in runs]
    assert set(chosen) == {"adam", "sgd"}
    assert chosen[-6:].count("sgd") >= 5


def test_prior_runs_outside_the_space_teach_what_they_can() -> None:
    config = sweep({**LINE, "o": {"values": ["a", "b"]}})
    inside = [run({"x": place / 5, "o": "a"}, place / 5) for place in range(1, 5)]
    beyond = [run({"x": 7, "o": "a"}, 9.0), run({"x": -1.0, "o": "b"}, 8.0)]
    strange = [
        run({"x": 0.5, "o": "c"}, 0.1),
        run({"x": "0.5", "o": "a"}, 0.1),
        run({"x": True, "o": "a"}, 0.1),
        run({"x": math.nan, "o": "a"}, 0.1),
        run({"o": "a"}, 0.1),
    ]
    assert learned(config, *inside, *beyond, *strange) == ([0.2, 0.4, 0.6, 0.8, 9.0, 8.0], 0)
    encoding = Encoding(config.parameters)
    assert encoding.features_of({"x": 7, "o": "a"}) == encoding.features_of({"x": 1.0, "o": "a"})
    assert suggest(config, [*inside, *beyond, *strange])["o"] in {"a", "b"}


MANY_KINDS = {
    "a": {"values": ["adam", "sgd", "rmsprop"]},
    "b": {"values": [64, 16, 32, 16]},
    "c": {"values": [True, None, "x"], "probabilities": [0.2, 0.0, 0.8]},
    "d": {"min": 1, "max": 12},
    "e": {"distribution": "q_log_normal", "q": 1},
    "f": {"distribution": "log_uniform_values", "min": 1.0e-5, "max": 1.0},
}


@pytest.fixture(scope="module")
def encoding() -> Encoding:
    return Encoding(sweep(MANY_KINDS).parameters)


@given(st.integers(0, 2**32))
def test_from_features_the_way_leads_back_to_the_same_point(encoding: Encoding, seed: int) -> None:
    units = np.random.default_rng(seed).random((3, encoding.dimensions))
    features = encoding.features(units)
    again = encoding.units(features)
    assert again.shape == units.shape
    np.testing.assert_allclose(encoding.features(again), features, rtol=1e-9, atol=1e-12)
    discrete = [{key: point[key] for key in "abcde"} for point in map(encoding.parameters, units)]
    assert [{key: point[key] for key in "abcde"} for point in map(encoding.parameters, again)] == discrete


def test_a_best_run_at_the_very_end_of_its_distribution_is_borne() -> None:
    config = sweep({"n": {"distribution": "q_log_normal", "q": 1}, **LINE})
    runs = [run({"n": place, "x": place / 6}, float(place)) for place in range(6)]
    assert suggest(config, runs)["n"] in range(1000)


def test_equal_results_are_no_reason_to_stop() -> None:
    config = sweep(LINE)
    assert 0.0 <= suggest(config, [run({"x": place / 10}, 1.0) for place in range(9)])["x"] <= 1.0  # type: ignore[operator]


def test_results_of_any_size_are_borne() -> None:
    config = sweep(LINE)
    runs = [run({"x": place / 10}, value) for place, value in enumerate([1e300, -1e300, 1e-300, 0.0, 5.0, 1e15])]
    assert 0.0 <= suggest(config, runs)["x"] <= 1.0  # type: ignore[operator]


def test_of_many_results_the_best_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bayes, "_MOST_RESULTS", 20)
    monkeypatch.setattr(bayes, "_BEST_KEPT", 8)
    config = sweep(LINE)
    runs = [run({"x": place / 100}, (place / 100 - 0.7) ** 2) for place in range(100)]
    assert abs(suggest(config, runs)["x"] - 0.7) < 0.05  # type: ignore[operator]


def test_beside_the_best_run_it_looks_even_where_there_are_many_parameters() -> None:
    """Random points alone hardly ever come near a given place in eight dimensions."""
    config = sweep({name: {"min": 0.0, "max": 1.0} for name in "abcdefgh"})

    def slope(point: JsonObject) -> float:
        return sum((float(value) - 0.4) ** 2 for value in point.values())  # type: ignore[arg-type]

    generator = np.random.default_rng(5)
    runs = []
    for _ in range(40):
        point: JsonObject = dict(zip("abcdefgh", generator.random(8).tolist(), strict=True))
        runs.append(run(point, slope(point)))
    assert slope(suggest(config, runs)) < min(each.values.lowest for each in runs) / 2


def model(inputs: np.ndarray[Any, Any], results: np.ndarray[Any, Any]) -> Surrogate:
    dimensions = inputs.shape[1]
    return Surrogate(
        inputs,
        results,
        pending=np.zeros((0, dimensions)),
        groups=list(range(dimensions)),
        generator=np.random.default_rng(1),
    )


def test_a_parameter_without_influence_is_found_out() -> None:
    inputs = np.random.default_rng(3).random((24, 3))
    surrogate = model(inputs, np.sin(6.0 * inputs[:, 1]))
    ends = np.array([[0.1, 0.3, 0.5], [0.9, 0.3, 0.5], [0.1, 0.7, 0.5], [0.1, 0.3, 0.9]])
    here, first, second, third = surrogate.predict(ends)[0]
    assert abs(second - here) > 10 * max(abs(first - here), abs(third - here))


def test_the_best_results_lead() -> None:
    inputs = np.array([[0.1], [0.3], [0.5], [0.7]])
    surrogate = model(inputs, np.array([3.0, 1.0, 2.0, 1.0]))
    assert surrogate.leaders(3).tolist() == [[0.3], [0.7], [0.5]]
    assert len(surrogate.leaders(9)) == 4


def test_the_model_is_sure_where_it_has_been_and_not_elsewhere() -> None:
    inputs = np.array([[0.1], [0.3], [0.5]])
    surrogate = Surrogate(
        inputs,
        np.array([3.0, 1.0, 2.0]),
        pending=np.array([[0.9]]),
        groups=[0],
        generator=np.random.default_rng(1),
    )
    mean, deviation = surrogate.predict(np.array([[0.3], [0.7], [0.9]]))
    assert mean[0] == pytest.approx(1.0, abs=0.3)
    assert deviation[0] < deviation[1]
    assert deviation[2] < deviation[1]
    improvement = surrogate.expected_improvement(np.array([[0.3], [0.7], [0.9]]))
    assert improvement[1] > improvement[0] >= 0
