"""Early termination: W&B's hyperband to the letter, ASHA, and the median rule."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.objective import Mark, ObjectiveValues
from sweepyard.sweeps.config import SweepConfig, parse
from sweepyard.sweeps.engine import standings
from sweepyard.sweeps.hyperband import Asha, Bands, Hyperband
from sweepyard.sweeps.median import MedianRule
from sweepyard.sweeps.termination import Standing, TrackedRun

PARAMETERS = {"x": {"min": 0.0, "max": 1.0}}
HYPERBAND = {"type": "hyperband", "min_iter": 1}


def sweep(early_terminate: dict[str, Any] | None, goal: str = "minimize") -> SweepConfig:
    raw = {"method": "random", "parameters": PARAMETERS, "metric": {"name": "m", "goal": goal}}
    return parse(yaml.safe_dump(raw if early_terminate is None else {**raw, "early_terminate": early_terminate}))


def tracked(config: SweepConfig, *histories: list[float], running: bool = True) -> list[TrackedRun]:
    """Runs named by their number that logged these values; the marks are made in turn, iteration by iteration."""
    assert config.termination is not None
    runs = [TrackedRun(str(number), running, ObjectiveValues.of(values), {}) for number, values in enumerate(histories)]
    order = 0
    for iteration in range(1, max(map(len, histories)) + 1):
        for run, values in zip(runs, histories, strict=True):
            if iteration in config.termination.milestones(iteration - 1, min(iteration, len(values))):
                order += 1
                seen = values[:iteration]
                mark = Mark(seen[-1], min(seen), max(seen), sum(seen) / iteration, order)
                run.marks[iteration] = mark  # type: ignore[index]
    return runs


def stopped(config: SweepConfig, *histories: list[float]) -> list[int]:
    return [int(standing.run_id) for standing in standings(config, tracked(config, *histories)) if standing.stops]


@pytest.mark.parametrize(
    ("early_terminate", "bands"),
    [
        ({"max_iter": 27, "s": 2}, [3, 9]),
        ({"max_iter": 27, "s": 9}, [1, 3, 9]),
        ({"max_iter": 10, "s": 3, "eta": 2}, [1, 2, 5]),
        ({"max_iter": 81, "s": 2, "eta": 4.5}, [4, 18]),
        ({"min_iter": 3}, [3, 9, 27, 81]),
        ({"min_iter": 1, "eta": 1.5}, [1, 2, 3, 5, 7, 11, 17, 25, 38, 57, 86]),
        ({"min_iter": 5, "max_iter": 9, "s": 1}, [3]),
    ],
)
def test_bands(early_terminate: dict[str, Any], bands: list[int]) -> None:
    rule = sweep({"type": "hyperband", **early_terminate}).termination
    assert rule is not None
    assert list(rule.milestones(0, 100)) == bands
    assert list(rule.milestones(3, 9)) == [band for band in bands if 3 < band <= 9]
    assert list(rule.milestones(100, 100)) == []


def test_the_defaults_are_those_of_wandbs_code() -> None:
    assert sweep({"type": "hyperband", "min_iter": 3}).termination == Hyperband(Bands(3.0, 3), strict=True)
    assert sweep({"type": "asha"}).termination == Asha(Bands(3.0, 1))
    assert sweep({"type": "median"}).termination == MedianRule(5, 5, 3)
    assert sweep(None).termination is None


@pytest.mark.parametrize(
    ("values", "losers"), [([1.0], []), ([1.0, 2.0], [1]), ([1.0, 2.0, 3.0], [2]), ([1.0, 2.0, 3.0, 4.0], [2, 3])]
)
def test_of_n_runs_those_behind_place_n_by_eta_stop(values: list[float], losers: list[int]) -> None:
    assert stopped(sweep(HYPERBAND), *[[value] for value in values]) == losers
    assert stopped(sweep(HYPERBAND, "maximize"), *[[-value] for value in values]) == losers


def test_a_run_is_compared_at_the_largest_band_that_it_reached() -> None:
    config = sweep({"type": "hyperband", "max_iter": 9, "s": 1})
    early = [1.0, 1.0]
    assert stopped(config, early, [5.0, 5.0, 5.0], [6.0, 6.0, 6.0]) == [2]
    assert stopped(config, [9.0, 9.0, 1.0], [1.0, 1.0, 2.0]) == [1]


def test_a_strict_run_is_judged_by_its_value_at_the_band_and_another_by_its_best() -> None:
    histories = [[1.0, 1.0, 1.0], [9.0, 9.0, 9.0, 0.5]]
    rule = {"type": "hyperband", "max_iter": 9, "s": 1}
    assert stopped(sweep({**rule, "strict": True}), *histories) == [1]
    assert stopped(sweep({**rule, "strict": False}), *histories) == []
    assert stopped(sweep({**rule, "strict": False}), histories[0], histories[1][:3]) == [1]


def test_runs_that_are_over_count_and_are_not_stopped_again() -> None:
    config = sweep(HYPERBAND)
    finished = tracked(config, [1.0], [9.0], [2.0], running=False)
    [late] = tracked(config, [5.0])
    found = standings(config, [*finished, late])
    assert [standing.stops for standing in found] == [False, False, False, True]
    assert found[3] == Standing("0", 1, 5.0, 2.0, 4, True)


def test_standings_say_band_value_threshold_and_number() -> None:
    config = sweep({"type": "hyperband", "min_iter": 3}, "maximize")
    assert standings(config, tracked(config, [0.1, 0.2, 0.9], [0.1, 0.2, 0.5, 0.6], [0.3])) == [
        Standing("0", 3, 0.9, 0.9, 2, False),
        Standing("1", 3, 0.5, 0.9, 2, True),
        Standing("2"),
    ]
    assert standings(sweep(None), []) == []


def test_asha_judges_a_run_once_a_band_by_who_was_there_before() -> None:
    config = sweep({"type": "asha", "min_iter": 1, "eta": 2})
    # The first one is worse than those that come after it, and goes on: nobody was there to compare it with.
    assert stopped(config, [9.0], [1.0], [2.0], [0.5]) == [2]
    assert stopped(sweep({**HYPERBAND, "eta": 2}), [9.0], [1.0], [2.0], [0.5]) == [0]


def test_asha_lets_the_best_part_go_on() -> None:
    config = sweep({"type": "asha", "min_iter": 1, "eta": 3})
    found = standings(config, tracked(config, [5.0], [4.0], [3.0], [3.5], [3.2], [3.1]))
    assert [standing.runs for standing in found] == [1, 2, 3, 4, 5, 6]
    assert [standing.threshold for standing in found] == [5.0, 4.0, 3.0, 3.0, 3.0, 3.1]
    assert [standing.stops for standing in found] == [False, False, False, True, True, False]
    assert found[3] == Standing("3", 1, 3.5, 3.0, 4, True)
    assert standings(config, [TrackedRun("new", True, ObjectiveValues(), {})]) == [Standing("new")]


def test_the_median_rule_compares_the_best_with_the_others_means() -> None:
    config = sweep({"type": "median", "min_iter": 2, "interval": 2, "min_runs": 3}, "maximize")
    good = [[0.5, 0.7], [0.6, 0.8], [0.4, 0.6]]
    found = standings(config, tracked(config, *good, [0.1, 0.55], [0.1, 0.65, 0.0, 0.0]))
    assert found[3] == Standing("3", 2, 0.55, 0.55, 4, False)
    assert stopped(config, *good, [0.1, 0.4]) == [3]
    assert stopped(config, *good, [0.45, 0.1]) == [3]
    assert stopped(config, *good[:2], [0.1, 0.1]) == []
    assert stopped(config, *good, [0.0]) == []
    assert list(MedianRule(2, 3).milestones(0, 12)) == [2, 5, 8, 11]
    assert list(MedianRule(2, 3).milestones(5, 8)) == [8]
    assert list(MedianRule(4, 2).milestones(0, 3)) == []


def test_the_median_rule_for_what_is_to_be_small() -> None:
    config = sweep({"type": "median", "min_iter": 2, "min_runs": 2})
    found = standings(config, tracked(config, [3.0, 1.0], [5.0, 3.0], [9.0, 2.5], [4.0, 3.5]))
    # Each by its least value, against the median of the other three's means.
    assert found == [
        Standing("0", 2, 1.0, 4.0, 3, False),
        Standing("1", 2, 3.0, 3.75, 3, False),
        Standing("2", 2, 2.5, 3.75, 3, False),
        Standing("3", 2, 3.5, 4.0, 3, False),
    ]
    assert stopped(config, [3.0, 1.0], [5.0, 3.0], [9.0, 8.0]) == [2]


def test_where_too_few_runs_came_so_far_the_median_rule_says_how_many() -> None:
    config = sweep({"type": "median", "min_iter": 2, "min_runs": 3})
    found = standings(config, tracked(config, [3.0, 1.0], [5.0, 3.0], [9.0]))
    assert found == [Standing("0", 2, 1.0, runs=1), Standing("1", 2, 3.0, runs=1), Standing("2")]


@given(
    st.integers(1, 200),
    st.integers(0, 400),
    st.integers(0, 400),
    st.sampled_from([MedianRule(5, 3), Hyperband(Bands(1.7, 2)), Asha(Bands(3.0)), Hyperband(Bands.below(81, 9, 3))]),
)
def test_milestones_do_not_depend_on_how_the_iterations_come(
    step: int, begin: int, end: int, rule: MedianRule | Hyperband | Asha
) -> None:
    low, high = min(begin, end), max(begin, end)
    at_once = list(rule.milestones(low, high))
    in_steps = [one for at in range(low, high, step) for one in rule.milestones(at, min(at + step, high))]
    assert at_once == in_steps == sorted(set(at_once))
    assert all(low < one <= high for one in at_once)
