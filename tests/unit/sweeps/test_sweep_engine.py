"""What comes next: grids in W&B's order and without repeats, seeded random sequences, and when a sweep ends."""

from __future__ import annotations

import copy
import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.objective import ObjectiveValues
from sweepyard.domain.run import RunState
from sweepyard.errors import SweepFileInvalid
from sweepyard.sweeps.config import SweepConfig, parse
from sweepyard.sweeps.engine import Suggestion, expected_runs, is_exhausted, next_suggestion, unsupported
from sweepyard.sweeps.grid import Grid
from sweepyard.sweeps.known import KnownRun

GOLDEN = Path(__file__).parents[2] / "golden" / "suggestions"


def sweep(method: str, parameters: dict[str, Any], **more: Any) -> SweepConfig:
    return parse(yaml.safe_dump({"method": method, "parameters": parameters, **more}))


def run(parameters: dict[str, Any], *values: float, state: RunState = RunState.FINISHED) -> KnownRun:
    return KnownRun("r", state, parameters, ObjectiveValues.of(values))


def all_suggestions(config: SweepConfig, seed: int = 0, limit: int = 10_000) -> list[Suggestion]:
    """As the hub asks: one after the other, each known as a run from then on."""
    taken: list[Suggestion] = []
    runs: list[KnownRun] = []
    position = 0
    while len(taken) < limit:
        suggestion = next_suggestion(config, seed=seed, position=position, runs=runs)
        if suggestion is None:
            break
        taken.append(suggestion)
        runs.append(run(suggestion.parameters))
        position = suggestion.position + 1
    return taken


def test_a_grid_goes_over_sorted_names_and_the_last_varies_fastest() -> None:
    config = sweep("grid", {"b": {"values": [1, 2]}, "a": {"values": ["x", "y"]}, "C": {"value": 0}})
    assert [suggestion.parameters for suggestion in all_suggestions(config)] == [
        {"C": 0, "a": "x", "b": 1},
        {"C": 0, "a": "x", "b": 2},
        {"C": 0, "a": "y", "b": 1},
        {"C": 0, "a": "y", "b": 2},
    ]


def test_a_grid_enumerates_integers_with_both_ends_and_steps_without_the_last() -> None:
    config = sweep(
        "grid", {"i": {"min": 1, "max": 3}, "q": {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.5}}
    )
    points = [tuple(suggestion.parameters.values()) for suggestion in all_suggestions(config)]
    assert points == [(1, 0.0), (1, 0.5), (2, 0.0), (2, 0.5), (3, 0.0), (3, 0.5)]


def test_nested_parameters_are_nested_in_the_suggestion_and_dotted_names_are_flat() -> None:
    nested = {"parameters": {"lr": {"values": [0.1]}, "sub": {"parameters": {"k": {"value": 3}}}}}
    config = sweep("grid", {"opt": nested, "a.b": {"values": [1]}})
    assert all_suggestions(config)[0].parameters == {"a.b": 1, "opt": {"lr": 0.1, "sub": {"k": 3}}}


@given(st.dictionaries(st.sampled_from("abcdE_"), st.lists(st.integers(0, 9), min_size=1, max_size=4), max_size=3))
def test_a_grid_is_the_product_of_distinct_values(values: dict[str, list[int]]) -> None:
    config = sweep("grid", {"z": {"value": 1}} | {name: {"values": listed} for name, listed in values.items()})
    names = sorted(values)
    expected = [
        {"z": 1, **dict(zip(names, point, strict=True))}
        for point in itertools.product(*(dict.fromkeys(values[name]) for name in names))
    ]
    assert [suggestion.parameters for suggestion in all_suggestions(config)] == expected
    assert expected_runs(config) == len(expected)


def test_a_point_far_inside_a_huge_grid_is_computed_without_the_product() -> None:
    config = sweep("grid", {name: {"min": 0, "max": 999_999} for name in "abcdefgh"})
    grid = Grid(config.parameters)
    assert grid.size == 10**48
    assert grid.point(123_456_789_012) == dict.fromkeys("abcdef", 0) | {"g": 123_456, "h": 789_012}
    assert expected_runs(config) == 10**48
    suggestion = next_suggestion(config, seed=0, position=10**47, runs=[])
    assert suggestion is not None
    assert suggestion.position == 10**47


def test_a_point_outside_the_grid_does_not_exist() -> None:
    grid = Grid(sweep("grid", {"a": {"values": [1, 2]}}).parameters)
    for number in (-1, 2):
        with pytest.raises(IndexError, match="2 points"):
            grid.point(number)


def test_a_grid_over_what_cannot_be_enumerated_is_refused() -> None:
    with pytest.raises(ValueError, match=r"enumerate a \(uniform\)"):
        Grid(sweep("random", {"a": {"min": 0.0, "max": 1.0}}).parameters)


@pytest.mark.parametrize("state", list(RunState))
def test_points_that_a_run_has_in_any_state_are_passed_over(state: RunState) -> None:
    config = sweep("grid", {"a": {"values": [1, 2, 3]}})
    suggestion = next_suggestion(
        config, seed=0, position=0, runs=[run({"a": 1}, state=state), run({"a": 2}, state=state)]
    )
    assert suggestion == Suggestion({"a": 3}, 2)


def test_points_are_equal_by_value() -> None:
    config = sweep("grid", {"n": {"values": [3.0e6, 4]}, "o": {"values": [{"k": 1.0}]}, "t": {"values": [True, 1]}})
    runs = [run({"n": 3_000_000, "o": {"k": 1}, "t": True}), run({"n": 4.0, "o": {"k": 1}, "t": True})]
    suggestion = next_suggestion(config, seed=0, position=0, runs=runs)
    assert suggestion == Suggestion({"n": 3.0e6, "o": {"k": 1.0}, "t": 1}, 1)


def test_a_run_that_adds_keys_to_its_config_is_still_known() -> None:
    config = sweep("grid", {"o": {"values": [{"k": 1}, {"k": 2}]}, "fixed": {"value": 0}})
    prior = run({"o": {"k": 1, "injected": "x"}, "fixed": 99, "more": True})
    assert next_suggestion(config, seed=0, position=0, runs=[prior]) == Suggestion({"fixed": 0, "o": {"k": 2}}, 1)


def test_a_prior_run_with_a_nested_config_is_known_by_dotted_names() -> None:
    config = sweep("grid", {"trainer.epochs": {"values": [1, 2]}})
    suggestion = next_suggestion(config, seed=0, position=0, runs=[run({"trainer": {"epochs": 1, "batch_size": 8}})])
    assert suggestion == Suggestion({"trainer.epochs": 2}, 1)


@pytest.mark.parametrize("parameters", [{}, {"a": 1}, {"a": 1, "b": {"c": 1}}, {"a": 1, "b": 7}])
def test_a_run_that_lacks_a_swept_key_takes_no_point(parameters: dict[str, Any]) -> None:
    config = sweep("grid", {"a": {"values": [1]}, "b": {"parameters": {"d": {"values": [1]}}}})
    assert next_suggestion(config, seed=0, position=0, runs=[run(parameters)]) == Suggestion({"a": 1, "b": {"d": 1}}, 0)


def test_a_run_that_overwrites_a_swept_key_does_not_make_the_grid_loop() -> None:
    config = sweep("grid", {"a": {"values": [1, 2]}})
    assert next_suggestion(config, seed=0, position=2, runs=[run({"a": 77}), run({"a": 78})]) is None


@pytest.mark.parametrize("method", ["grid", "random"])
def test_run_cap_ends_a_sweep(method: str) -> None:
    config = sweep(method, {"a": {"values": [1, 2, 3]}}, run_cap=2)
    assert len(all_suggestions(config)) == expected_runs(config) == 2


def test_a_grid_smaller_than_the_cap_ends_by_itself() -> None:
    config = sweep("grid", {"a": {"values": [1, 2, 3]}}, run_cap=9)
    assert len(all_suggestions(config)) == expected_runs(config) == 3


def test_random_search_without_a_cap_has_no_end() -> None:
    config = sweep("random", {"a": {"values": [1, 2, 3]}})
    assert expected_runs(config) is None
    assert len(all_suggestions(config, limit=40)) == 40


@pytest.mark.parametrize(
    ("goal", "values", "ends"),
    [
        ("maximize", (0.5, 0.97), True),
        ("maximize", (0.9, 0.95, 0.2), True),
        ("maximize", (0.5, 0.94), False),
        ("minimize", (0.96, 1.0), False),
        ("minimize", (2.0, 0.95), True),
        ("maximize", (), False),
        ("maximize", (math.nan,), False),
    ],
)
def test_no_more_runs_once_one_reached_the_target(goal: str, values: tuple[float, ...], ends: bool) -> None:
    config = sweep("random", {"a": {"values": [1]}}, metric={"name": "m", "goal": goal, "target": 0.95})
    suggestion = next_suggestion(config, seed=0, position=1, runs=[run({"a": 1}, *values)])
    assert (suggestion is None) is ends


@pytest.mark.parametrize("method", ["grid", "random", "bayes"])
def test_whether_a_sweep_is_over_is_known_without_searching(method: str) -> None:
    config = sweep(method, {"a": {"values": [1, 2]}}, metric={"name": "m", "target": 0.0})
    one, both = [run({"a": 1}, 1.0)], [run({"a": 1}, 1.0), run({"a": 2}, 1.0)]
    assert not is_exhausted(config, position=1, runs=one)
    assert is_exhausted(config, position=1, runs=[run({"a": 1}, -1.0)])
    assert is_exhausted(config, position=2, runs=both) is (method != "random")


def test_a_metric_without_a_target_ends_nothing() -> None:
    config = sweep("random", {"a": {"values": [1]}}, metric={"name": "m"})
    assert next_suggestion(config, seed=0, position=1, runs=[run({"a": 1}, 1e9, -1e9)]) is not None


def test_random_suggestions_depend_on_seed_and_position_alone() -> None:
    config = sweep("random", {"a": {"min": 0.0, "max": 1.0}, "b": {"values": list(range(50))}})
    sequence = [suggestion.parameters for suggestion in all_suggestions(config, seed=7, limit=20)]
    again = next_suggestion(config, seed=7, position=13, runs=[])
    assert again is not None
    assert again.parameters == sequence[13]
    assert sequence != [suggestion.parameters for suggestion in all_suggestions(config, seed=8, limit=20)]
    assert len({parameters["a"] for parameters in sequence}) == 20  # type: ignore[misc]


def test_random_suggestions_spread_evenly() -> None:
    config = sweep("random", {"a": {"min": 0.0, "max": 1.0}})
    drawn = sorted(suggestion.parameters["a"] for suggestion in all_suggestions(config, seed=1, limit=400))  # type: ignore[type-var]
    worst = max(abs(value - (place + 0.5) / 400) for place, value in enumerate(drawn))  # type: ignore[operator]
    assert worst < 1.63 / math.sqrt(400)  # Kolmogorov-Smirnov at 1%; the sequence is fixed, so this cannot flicker


def test_a_space_of_constants_alone_can_be_drawn_from() -> None:
    assert all_suggestions(sweep("random", {"a": {"value": 3}}), limit=1)[0].parameters == {"a": 3}


def test_nothing_that_is_passed_in_changes() -> None:
    config = sweep("grid", {"a": {"values": [[1], [2]]}, "b": {"value": {"k": [1]}}})
    runs = [run({"a": [1], "b": {"k": [1]}})]
    before = copy.deepcopy((config.raw, list(config.parameters), runs))
    suggestion: Any = next_suggestion(config, seed=0, position=0, runs=runs)
    suggestion.parameters["a"].append(9)
    suggestion.parameters["b"]["k"].append(9)
    assert (config.raw, list(config.parameters), runs) == before
    assert next_suggestion(config, seed=0, position=0, runs=runs) == Suggestion({"a": [2], "b": {"k": [1]}}, 1)


def test_a_method_that_this_version_lacks_is_refused() -> None:
    config = sweep("custom", {"a": {"values": [1]}})
    assert [violation.rule for violation in unsupported(config)] == [
        "the hub does not search by `method: custom`, which leaves that to a scheduler of W&B's"
    ]
    with pytest.raises(SweepFileInvalid, match="custom"):
        next_suggestion(config, seed=0, position=0, runs=[])


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: str(path.stem))
def test_golden_sequences(path: Path) -> None:
    """The promise that a sweep and a seed give the same suggestions, also under a later version."""
    golden = json.loads(path.read_text(encoding="utf-8"))
    config = parse(golden["sweep"])
    if "values" in golden:
        assert_alike(learning_suggestions(config, golden), golden["suggestions"], rounding=1e-4)
        return
    taken = all_suggestions(config, seed=golden["seed"], limit=len(golden["suggestions"]))
    assert_alike([suggestion.parameters for suggestion in taken], golden["suggestions"])


def learning_suggestions(config: SweepConfig, golden: dict[str, Any]) -> list[Any]:
    """Each after the recorded runs before it: one whose value is null failed."""
    runs = [
        run(parameters, state=RunState.FAILED) if value is None else run(parameters, value)
        for parameters, value in zip(golden["suggestions"], golden["values"], strict=True)
    ]
    found = [
        next_suggestion(config, seed=golden["seed"], position=position, runs=runs[:position])
        for position in range(len(runs))
    ]
    return [suggestion.parameters for suggestion in found if suggestion is not None]


def test_there_are_golden_sequences() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == {"bayes", "every_distribution", "grid", "mixed"}


def assert_alike(left: Any, right: Any, rounding: float = 1e-12) -> None:
    """Equal down to the rounding of the platform's exp and log, or of its linear algebra."""
    assert type(left) is type(right)
    if isinstance(left, dict):
        assert list(left) == list(right)
        for key in left:
            assert_alike(left[key], right[key], rounding)
    elif isinstance(left, list):
        assert len(left) == len(right)
        for mine, theirs in zip(left, right, strict=True):
            assert_alike(mine, theirs, rounding)
    elif isinstance(left, float):
        assert left == pytest.approx(right, rel=rounding)
    else:
        assert left == right
