from __future__ import annotations

import math
from typing import Any

import pytest

from sweepyard.domain.comparison import config_differences, differ, is_seed, repeats, side_by_side


def test_only_keys_with_different_values_are_differences() -> None:
    found = config_differences(
        [
            {"lr": 0.1, "model": {"name": "mlp", "units": 32}, "epochs": 3},
            {"lr": 0.2, "model": {"name": "mlp"}, "epochs": 3.0, "extra": None},
        ]
    )
    assert found == {"lr": [0.1, 0.2], "model.units": [32, None]}


def test_what_training_notes_of_the_machine_is_no_difference() -> None:
    configs: list[Any] = [
        {
            "output": f"/out/{place}",
            "output_dim": place,
            "provenance": {"python": str(place)},
            "code": {"commit": place},
        }
        for place in range(2)
    ]
    assert config_differences(configs) == {"output_dim": [0, 1]}


@pytest.mark.parametrize(
    ("values", "different"),
    [([1, 1.0], False), ([True, 1], True), ([math.nan, math.nan], False), ([None, 0], True), ([[1], [1.0]], False)],
)
def test_when_values_differ(values: Any, different: bool) -> None:
    assert differ(values) is different


def test_mappings_side_by_side_have_all_keys_of_all() -> None:
    assert side_by_side([{"b": 1}, {"a": 2}]) == {"a": [None, 2], "b": [1, None]}


@pytest.mark.parametrize(
    ("key", "seed"),
    [
        ("seed", True),
        ("seed.value", True),
        ("train.seed", True),
        ("random_state", True),
        ("seed.deterministic", False),
        ("seeds", False),
        ("value", False),
    ],
)
def test_seeds_are_known_by_name(key: str, seed: bool) -> None:
    assert is_seed(key) is seed


def test_runs_that_differ_in_seeds_alone_repeat_one_another() -> None:
    configs: list[Any] = [
        {"lr": 0.1, "seed": {"value": 0, "deterministic": True}},
        {"lr": 0.2, "seed": {"value": 0, "deterministic": True}},
        {"lr": 0.1, "seed": {"value": 1, "deterministic": True}, "output": "elsewhere"},
        {"lr": 0.1, "seed": {"value": 1, "deterministic": False}},
    ]
    assert repeats(configs) == [(0, 2), (1,), (3,)]


def test_a_seed_of_another_name_is_named() -> None:
    configs: list[Any] = [{"lr": 1, "draw": 0}, {"lr": 1, "draw": 1}]
    assert repeats(configs) == [(0,), (1,)]
    assert repeats(configs, seeds=["draw"]) == [(0, 1)]
