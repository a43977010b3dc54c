"""Repeats in groups: means, differences to the base group, and what the tests say of them."""

from __future__ import annotations

import math

import pytest

from sweepyard.domain.repeats import GroupedRepeats, grouped_repeats, letter_of
from sweepyard.jsonvalue import JsonObject


def found(*groups: tuple[float, list[float | None]], base: int = 0) -> GroupedRepeats | None:
    """Runs by `lr`, and what each repeat scored."""
    configs: list[JsonObject] = [{"lr": lr, "seed": seed} for lr, scores in groups for seed in range(len(scores))]
    summaries: list[JsonObject] = [
        {} if score is None else {"acc": score, "on": True} for _, scores in groups for score in scores
    ]
    return grouped_repeats(configs, summaries, base)


def test_runs_of_which_no_two_repeat_make_no_groups() -> None:
    assert found((0.1, [0.5]), (0.2, [0.6])) is None


def test_groups_are_compared_with_the_base_run_s() -> None:
    repeats = found((0.1, [0.90, 0.91, 0.92]), (0.2, [0.70, 0.71, 0.72]), base=4)
    assert repeats is not None
    assert repeats.groups == ((0, 1, 2), (3, 4, 5))
    assert (repeats.base, repeats.tests, repeats.differences) == (1, 1, {"lr": [0.1, 0.2]})
    assert list(repeats.metrics) == ["acc"]
    other, base = repeats.metrics["acc"]
    assert base is not None
    assert (base.difference, base.significant, base.p_text, base.verdict) == (None, None, "", "")
    assert other is not None
    assert other.difference == pytest.approx(0.2)
    assert (other.significant, other.p_text, other.verdict) == (True, "p < 0.0001", "higher, hardly by chance")


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ([0.7, 0.71, 0.72], "lower, hardly by chance"),
        ([0.89, 0.91, 0.94], "may be chance"),
        ([0.5], "needs two runs or more in both groups"),
    ],
)
def test_what_a_difference_comes_to(scores: list[float | None], verdict: str) -> None:
    repeats = found((0.1, [0.90, 0.91, 0.92]), (0.2, scores))
    assert repeats is not None
    standing = repeats.metrics["acc"][1]
    assert standing is not None
    assert standing.verdict == verdict
    assert standing.p_text.startswith("p ") == (standing.test is not None)


def test_groups_without_spread_or_without_numbers() -> None:
    same = found((0.1, [0.2, 0.2]), (0.2, [0.6, 0.6]))
    assert same is not None
    assert [each and each.verdict for each in same.metrics["acc"]] == ["", "no spread to judge by"]
    without = found((0.1, [None, math.nan]), (0.2, [0.6, 0.6]))
    assert without is not None
    first, second = without.metrics["acc"]
    assert first is None
    assert second is not None
    assert (second.difference, second.verdict) == (None, "")


def test_more_groups_than_letters() -> None:
    assert [letter_of(number) for number in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
