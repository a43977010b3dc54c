"""What the hub knows beyond W&B: conditions, coupled parameters, repeats, budgets of time, several metrics."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepyard.domain.objective import ObjectiveValues
from sweepyard.domain.run import RunState
from sweepyard.errors import SweepFileInvalid
from sweepyard.jsonvalue import JsonObject, dumps_canonical
from sweepyard.sweeps import bayes
from sweepyard.sweeps.config import SweepConfig, examine, parse
from sweepyard.sweeps.distributions import Categorical, Constant
from sweepyard.sweeps.encoding import Encoding
from sweepyard.sweeps.engine import expected_runs, is_exhausted, is_out_of_time, next_suggestion
from sweepyard.sweeps.grid import Grid
from sweepyard.sweeps.known import KnownRun
from sweepyard.sweeps.space import Condition, Parameter, SearchSpace

CONDITIONAL = """
  model: {values: [mlp, convnet]}
  model.filters: {values: [16, 32, 64], when: {model: convnet}}
  model.kernel: {values: [3, 5], when: {model.filters: [32, 64]}}
  rate: {values: [0.1, 0.2]}
  units: {value: 64, when: {model: mlp}}
"""
METRIC = "metric: {name: m}\n"


def sweep(method: str, parameters: str, more: str = METRIC) -> SweepConfig:
    return parse(f"method: {method}\n{more}parameters:{parameters}")


def refusals(parameters: str, more: str = "", method: str = "random") -> list[str]:
    with pytest.raises(SweepFileInvalid) as caught:
        parse(f"method: {method}\n{more}parameters:{parameters}", source="f")
    return [str(violation) for violation in caught.value.violations]


def everything(config: SweepConfig, limit: int = 200, value: Any = lambda point: 1.0) -> list[JsonObject]:
    runs: list[KnownRun] = []
    while len(runs) < limit:
        position = 0 if not runs else (runs[-1].position or 0) + 1
        found = next_suggestion(config, seed=1, position=position, runs=runs)
        assert (found is None) == is_exhausted(config, position=position, runs=runs)
        if found is None:
            break
        values = ObjectiveValues.of([value(found.parameters)])
        runs.append(KnownRun(str(position), RunState.FINISHED, found.parameters, values, position=found.position))
    return [run.parameters for run in runs]


@pytest.mark.parametrize("method", ["grid", "bayes"])
def test_a_point_has_what_its_conditions_allow_and_comes_once(method: str) -> None:
    config = sweep(method, CONDITIONAL)
    points = everything(config)
    expected = [
        {"model": "convnet", "model.filters": 16},
        *({"model": "convnet", "model.filters": f, "model.kernel": k} for f in (32, 64) for k in (3, 5)),
        {"model": "mlp", "units": 64},
    ]
    made = [{**each, "rate": rate} for each in expected for rate in (0.1, 0.2)]
    assert sorted(map(dumps_canonical, points)) == sorted(map(dumps_canonical, made))
    assert expected_runs(config) == len(points) == 12


def test_a_conditional_grid_keeps_the_grids_order() -> None:
    points = everything(
        sweep("grid", "\n  a: {values: [1, 2]}\n  b: {values: [3, 4], when: {a: 2}}\n  c: {values: [5, 6]}\n")
    )
    assert points == [
        {"a": 1, "c": 5}, {"a": 1, "c": 6},
        {"a": 2, "b": 3, "c": 5}, {"a": 2, "b": 3, "c": 6}, {"a": 2, "b": 4, "c": 5}, {"a": 2, "b": 4, "c": 6},
    ]  # fmt: skip


def test_random_search_leaves_out_what_is_inactive_and_draws_the_rest_as_ever() -> None:
    plain = everything(
        sweep(
            "random",
            CONDITIONAL.replace(", when: {model: convnet}", "")
            .replace(", when: {model.filters: [32, 64]}", "")
            .replace(", when: {model: mlp}", ""),
        ),
        30,
    )
    points = everything(sweep("random", CONDITIONAL), 30)
    for point, whole in zip(points, plain, strict=True):
        assert point.items() <= whole.items()
        assert ("model.filters" in point) == (point["model"] == "convnet")
        assert ("model.kernel" in point) == (point.get("model.filters") in {32, 64})
        assert ("units" in point) == (point["model"] == "mlp")


def test_a_condition_may_stand_at_a_nested_group() -> None:
    text = "\n  o: {values: [adam, sgd]}\n  sgd: {when: {o: sgd}, parameters: {momentum: {values: [0.5, 0.9]}}}\n"
    assert everything(sweep("grid", text)) == [
        {"o": "adam"},
        {"o": "sgd", "sgd": {"momentum": 0.5}},
        {"o": "sgd", "sgd": {"momentum": 0.9}},
    ]


def test_a_condition_may_ask_for_a_value_that_is_a_list_or_of_a_constant() -> None:
    text = "\n  u: {values: [[], [64]]}\n  k: {value: 1}\n  d: {values: [1, 2], when: {u: [64], k: 1}}\n"
    config = sweep("grid", text.replace("[64], k", "[[64]], k"))
    assert everything(config) == everything(sweep("grid", text))
    assert len(everything(config)) == 3


def test_bayes_learns_in_a_conditional_space_of_numbers() -> None:
    text = "\n  o: {values: [a, b]}\n  x: {min: 0.0, max: 1.0, when: {o: a}}\n  y: {min: 0.0, max: 1.0, when: {o: b}}\n"

    def value(point: JsonObject) -> float:
        return abs(point["x"] - 0.3) if point["o"] == "a" else 1.0 + point["y"]  # type: ignore[operator,return-value]

    points = everything(sweep("bayes", text), 12, value)
    assert all(("x" in point) == (point["o"] == "a") and ("y" in point) == (point["o"] == "b") for point in points)
    assert min(map(value, points)) < 0.1


def test_around_a_value_the_others_stand_in_the_middle_of_what_goes_with_it() -> None:
    text = (
        "\n  o: {values: [sgd, adam, rms]}\n  m: {values: [0.5, 0.9], when: {o: rms}}\n"
        "  n: {values: [1, 2, 3], when: {m: 0.9}}\n  x: {min: 0.0, max: 2.0}\n  k: {value: 7}\n"
        "  p: {values: [1, 2, 3]}\n  q: {values: [a, b, c]}\n"
    )
    space = sweep("random", text, "zip: [[p, q]]\n").parameters
    by_name = {parameter.name: parameter for parameter in space}

    def around(name: str, value: Any) -> JsonObject:
        return space.nest(space.around(by_name[name], value))

    assert around("x", 1.5) == {"o": "adam", "x": 1.5, "k": 7, "p": 2, "q": "b"}
    # What it depends on is chosen so that a run has it, and so is what that depends on.
    assert around("m", 0.5) == {"o": "rms", "m": 0.5, "x": 1.0, "k": 7, "p": 2, "q": "b"}
    assert around("n", 3) == {"o": "rms", "m": 0.9, "n": 3, "x": 1.0, "k": 7, "p": 2, "q": "b"}
    # What is coupled with it stands at the same place.
    assert around("q", "c") == {"o": "adam", "x": 1.0, "k": 7, "p": 3, "q": "c"}


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("{modl: mlp}", "f:4: `x`'s when must name another parameter; received modl. Did you mean `model`?"),
        ("{x: 1}", "f:4: `x`'s when must name another parameter; received x"),
        ("{model: cnn}", "f:4: `x`'s when must ask for a value that `model` can have; received 'cnn'"),
        ("{model: [mlp, cnn]}", "f:4: `x`'s when must ask for a value that `model` can have; received 'cnn'"),
        ("{rate: 0.5}", "f:4: `x`'s when must name a parameter with a `value` or `values`; received rate is uniform"),
        ("{}", ("f:4: `x`'s when must be a mapping from another parameter's name to its value, or a list of values; "
         "received {}. For example {when: {model: convnet}}")),
        ("mlp", ("f:4: `x`'s when must be a mapping from another parameter's name to its value, or a list of values; "
         "received 'mlp'. For example {when: {model: convnet}}")),
    ],
)  # fmt: skip
def test_a_wrong_condition_is_refused(when: str, message: str) -> None:
    text = (
        f"\n  model: {{values: [mlp, convnet]}}\n  x: {{values: [1], when: {when}}}\n  rate: {{min: 0.0, max: 1.0}}\n"
    )
    assert refusals(text) == [message]


def test_conditions_that_go_round_are_refused() -> None:
    text = "\n  a: {values: [1], when: {b: 1}}\n  b: {values: [1], when: {c: 1}}\n  c: {values: [1], when: {b: 1}}\n"
    assert refusals(text) == [
        "f:4: `b`'s when must not lead back to `b`",
        "f:5: `c`'s when must not lead back to `c`",
    ]
    assert examine(f"method: grid\nparameters:{text}").config is not None


def test_a_condition_on_a_parameter_in_violation_is_not_refused_too() -> None:
    assert refusals("\n  a: {values: 3}\n  b: {values: [1], when: {a: 3}}\n") == [
        "f:3: `a`'s values must be a list of at least one value; received 3"
    ]


ZIPPED = "\n  a: {values: [1, 2, 1]}\n  b: {values: [x, y]}\n  c: {values: [p, q, r]}\n"


def test_coupled_parameters_go_together_where_the_first_of_them_stands() -> None:
    config = sweep("grid", ZIPPED, "zip: [[c, a]]\n")
    assert everything(config) == [
        {"a": a, "b": b, "c": c} for (a, c), b in itertools.product([(1, "p"), (2, "q"), (1, "r")], ["x", "y"])
    ]
    assert expected_runs(config) == 6


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_coupled_parameters_under_the_other_methods(method: str) -> None:
    points = everything(sweep(method, ZIPPED, METRIC + "zip: [[c, a]]\n"), 40)
    pairs = {(point["a"], point["c"]) for point in points}
    assert pairs == {(1, "p"), (2, "q"), (1, "r")}
    assert len(points) == (40 if method == "random" else 6)


@pytest.mark.parametrize(
    ("zipped", "message"),
    [
        ("3", "f:2: `zip` must be a list of lists of parameters' names; received 3"),
        ("[[a]]", ("f:2: a group of `zip` must be a list of two or more parameters' names; received ['a']. "
         "For example zip: [[model, optimizer.learning_rate]]")),
        ("[a, c]", ("f:2: a group of `zip` must be a list of two or more parameters' names; received 'a'. "
         "For example zip: [[model, optimizer.learning_rate]]")),
        ("[[a, cc]]", "f:2: `zip` must name parameters; received 'cc'. Did you mean `c`?"),
        ("[[a, 3]]", "f:2: `zip` must name parameters; received 3"),
        ("[[a, c], [c, b]]", "f:2: a parameter must stand once under `zip`; received 'c'"),
        ("[[a, b]]", "f:2: parameters under `zip` must have as many values each; received a has 3, b has 2"),
        ("[[a, d]]", ("f:2: a parameter under `zip` must be one with `values`, and without probabilities; "
         "received d is uniform")),
        ("[[a, e]]", "f:2: a parameter under `zip` must not have a `when`; received 'e'"),
    ],
)  # fmt: skip
def test_a_wrong_zip_is_refused(zipped: str, message: str) -> None:
    more = "  d: {min: 0.0, max: 1.0}\n  e: {values: [1, 2, 3], when: {b: x}}\n"
    assert message in refusals(ZIPPED + more, f"zip: {zipped}\n")


def test_repeats_of_a_grid_are_one_more_parameter() -> None:
    config = sweep("grid", "\n  a: {values: [1, 2]}\n  zz: {value: 0}\n", "repeats: 2\n")
    assert everything(config) == [{"a": a, "seed": s, "zz": 0} for a in (1, 2) for s in (0, 1)]
    assert expected_runs(config) == 4


def test_the_seed_of_the_first_repeat_may_be_given() -> None:
    config = sweep("grid", "\n  a: {value: 1}\n  seed: {value: 40}\n", "repeats: 3\n")
    assert [point["seed"] for point in everything(config)] == [40, 41, 42]
    nested = sweep(
        "random",
        "\n  a: {min: 0.0, max: 1.0}\n  net: {parameters: {seed: {value: 7}}}\n",
        "repeats: {n: 2, key: net.seed}\n",
    )
    points = everything(nested, 4)
    assert [point["net"] for point in points] == [{"seed": 7}, {"seed": 8}] * 2
    assert points[0]["a"] == points[1]["a"] != points[2]["a"] == points[3]["a"]


def test_repeats_for_sweepyards_own_training_go_to_its_seed() -> None:
    config = parse(
        "method: random\nrepeats: 2\nparameters: {a: {min: 0.0, max: 1.0}}\n"
        'command: [sweepyard, train, --parameters, "${args_json_file}"]\n'
    )
    assert [point["seed.value"] for point in everything(config, 3)] == [0, 1, 0]


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_repeats_of_the_other_methods_share_a_point(method: str) -> None:
    config = sweep(method, "\n  a: {min: 0.0, max: 1.0}\n", METRIC + "repeats: {n: 3, key: random_state}\n")
    points = everything(config, 12, lambda point: point["a"])
    assert [point["random_state"] for point in points] == [0, 1, 2] * 4
    values = [point["a"] for point in points]
    assert values == [value for value in values[::3] for _ in range(3)]
    assert len(set(values[::3])) == 4


def test_repeats_of_a_finite_space_under_bayes_end() -> None:
    config = sweep("bayes", "\n  a: {values: [1, 2]}\n", METRIC + "repeats: 2\n")
    assert len(everything(config)) == expected_runs(config) == 4


def test_a_repeat_whose_point_is_gone_gets_a_point_all_the_same() -> None:
    config = sweep("random", "\n  a: {min: 0.0, max: 1.0}\n", "repeats: 2\n")
    first = next_suggestion(config, seed=1, position=0, runs=[])
    second = next_suggestion(config, seed=1, position=1, runs=[])
    assert first is not None
    assert second is not None
    assert (second.parameters["a"], second.parameters["seed"]) == (first.parameters["a"], 1)


@pytest.mark.parametrize(
    ("repeats", "message"),
    [
        ("0", "f:2: `repeats` must be an integer from 1 to 1000; received 0"),
        ("x", "f:2: `repeats` must be an integer from 1 to 1000; received 'x'"),
        ("{key: a}", "f:2: `repeats` must be a number of runs a point, or have it as `n`; received {'key': 'a'}"),
        ("{n: 2, kay: a}", "f:2: `repeats` takes no key `kay`. Did you mean `key`?"),
        ("{n: 2, key: 3}", "f:2: `repeats.key` must be text; received 3"),
        ("{n: 2, key: a}", ("f:2: `repeats` gives each run its `a`, which must then be no parameter, or one with an "
         "integer `value`; received a is uniform")),
    ],
)  # fmt: skip
def test_wrong_repeats_are_refused(repeats: str, message: str) -> None:
    assert message in refusals("\n  a: {min: 0.0, max: 1.0}\n", f"repeats: {repeats}\n")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1.5", 1.5), ("45s", 45), ("90m", 5400), ("1.5 h", 5400), ("2d", 172_800)]
)
def test_a_budget_of_time(text: str, seconds: float) -> None:
    config = sweep("random", "\n  a: {min: 0.0, max: 1.0}\n", f"time_budget: {text}\n")
    assert config.time_budget_seconds == seconds
    assert not is_out_of_time(config, seconds - 0.01)
    assert is_out_of_time(config, seconds)
    assert not is_out_of_time(sweep("random", "\n  a: {value: 1}\n"), 1e9)


@pytest.mark.parametrize("text", ["0", "-1", "true", "8 hours", "1w", "[1]", "9999d"])
def test_a_wrong_budget_of_time_is_refused(text: str) -> None:
    [message] = refusals("\n  a: {value: 1}\n", f"time_budget: {text}\n")
    assert message.startswith("f:2: `time_budget` must be a number of seconds above 0, or a text such as 90m, 8h or 2d")


METRICS = "metrics: [{name: error, goal: minimize, target: 0.1}, {name: speed, goal: maximize, target: 5}]\n"


def test_several_metrics_the_first_leads() -> None:
    config = sweep("bayes", "\n  a: {min: 0.0, max: 1.0}\n", METRICS)
    assert [objective.metric for objective in config.objectives] == ["error", "speed"]
    assert config.objective == config.objectives[0]


def test_targets_of_several_metrics_are_to_be_reached_by_one_run() -> None:
    config = sweep("random", "\n  a: {min: 0.0, max: 1.0}\n", METRICS)

    def ends(*runs: tuple[list[float], list[float]]) -> bool:
        known = [
            KnownRun("r", RunState.FINISHED, {}, ObjectiveValues.of(error), (ObjectiveValues.of(speed),))
            for error, speed in runs
        ]
        return is_exhausted(config, position=5, runs=known)

    assert not ends(([0.05], [1.0]), ([0.5], [9.0]), ([0.05], []))
    assert ends(([0.05], [6.0]))


def test_bayes_goes_along_the_whole_front() -> None:
    config = sweep(
        "bayes", "\n  x: {min: 0.0, max: 1.0}\n", METRICS.replace(", target: 0.1", "").replace(", target: 5", "")
    )
    runs: list[KnownRun] = []
    for position in range(24):
        found = next_suggestion(config, seed=0, position=position, runs=runs)
        assert found is not None
        x: Any = found.parameters["x"]
        # Between 0.4 and 0.6 one metric is only bought with the other; elsewhere both are worse.
        values = ObjectiveValues.of([(x - 0.4) ** 2]), (ObjectiveValues.of([-((x - 0.6) ** 2)]),)
        runs.append(KnownRun(str(position), RunState.FINISHED, found.parameters, *values))
    later = [run.parameters["x"] for run in runs[8:]]
    assert sum(0.35 <= x <= 0.65 for x in later) >= 12  # type: ignore[operator]
    assert max(later) - min(later) > 0.1  # type: ignore[type-var,operator]


def test_of_several_metrics_the_last_values_count_and_each_is_imputed_for_itself() -> None:
    config = sweep("bayes", "\n  x: {min: 0.0, max: 1.0}\n", METRICS)
    good = KnownRun("g", RunState.FINISHED, {"x": 0.1}, ObjectiveValues.of([0.1, 0.3]), (ObjectiveValues.of([9, 5]),))
    half = KnownRun("h", RunState.FINISHED, {"x": 0.2}, ObjectiveValues.of([0.5]))
    failed = KnownRun("f", RunState.FAILED, {"x": 0.3})
    running = KnownRun("r", RunState.RUNNING, {"x": 0.4}, ObjectiveValues.of([0.2]))
    _, results, pending = bayes.results_of(
        Encoding(config.parameters), config.objectives, [good, half, failed, running]
    )
    assert results.tolist() == [[0.3, -5.0], [0.5, -5.0], [0.5, -5.0]]
    assert len(pending) == 1
    one = bayes.as_one(results[:, :1], np.random.default_rng(0))
    assert one.tolist() == [0.3, 0.5, 0.5]


VALUES = st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True)


@settings(max_examples=60)
@given(st.lists(VALUES, min_size=1, max_size=4), st.data())
def test_a_conditional_grid_holds_every_point_once(values: list[list[int]], data: st.DataObject) -> None:
    parameters = []
    for number, listed in enumerate(values):
        conditions = ()
        if number and data.draw(st.booleans()):
            other = data.draw(st.integers(0, number - 1))
            wanted = data.draw(st.lists(st.sampled_from(values[other]), min_size=1, unique=True))
            conditions = (Condition((f"p{other}",), tuple(wanted)),)
        parameters.append(Parameter((f"p{number}",), Categorical(tuple(listed)), conditions=conditions))
    space = SearchSpace([*parameters, Parameter(("fixed",), Constant(1))])
    grid = Grid(space)
    numbers = [number for number in range(grid.size) if grid.is_first(number)]
    points = [dumps_canonical(grid.point(number)) for number in numbers]
    every = {dumps_canonical(grid.point(number)) for number in range(grid.size)}
    assert len(points) == len(set(points)) == grid.points == space.size
    assert set(points) == every
    keys = [grid.key(grid.point(number)) for number in numbers]
    assert len(set(keys)) == len(points)
    assert None not in keys
