"""Schedules and optimisers, by name and by class path."""

from __future__ import annotations

import math
from typing import Any

import keras
import pytest

from sweepyard.config.schema import OptimizerConfig, ScheduleConfig
from sweepyard.errors import ConfigInvalid
from sweepyard.training.optimizers import build_optimizer
from sweepyard.training.schedules import Schedule, build_schedule


def schedule(**keys: Any) -> Schedule:
    return build_schedule(ScheduleConfig(**keys), learning_rate=0.1, epochs=10, steps_per_epoch=20)


@pytest.mark.parametrize(
    ("keys", "step", "expected"),
    [
        ({}, 0, 0.1),
        ({}, 199, 0.1),
        ({"name": "cosine"}, 0, 0.1),
        ({"name": "cosine"}, 100, 0.05),
        ({"name": "cosine", "final_fraction": 0.2}, 200, 0.02),
        ({"name": "cosine", "final_fraction": 0.2}, 900, 0.02),
        ({"name": "linear"}, 50, 0.075),
        ({"name": "linear", "final_fraction": 0.5}, 100, 0.075),
        ({"name": "exponential", "decay_rate": 0.5}, 20, 0.05),
        ({"name": "exponential", "decay_rate": 0.5}, 10, 0.1 * math.sqrt(0.5)),
        ({"name": "step", "decay_rate": 0.5, "decay_epochs": 2}, 39, 0.1),
        ({"name": "step", "decay_rate": 0.5, "decay_epochs": 2}, 40, 0.05),
        ({"warmup_epochs": 1}, 0, 0.005),
        ({"warmup_epochs": 1}, 19, 0.1),
        ({"warmup_epochs": 1}, 20, 0.1),
        ({"name": "linear", "warmup_epochs": 5}, 150, 0.05),
    ],
)
def test_rates_of_a_schedule(keys: dict[str, Any], step: int, expected: float) -> None:
    built = schedule(**keys)
    assert built.rate_at(step) == pytest.approx(expected, rel=1e-5)
    assert float(built(step)) == pytest.approx(expected, rel=1e-5)


def test_a_schedule_is_rebuilt_from_its_config() -> None:
    built = schedule(name="cosine", warmup_epochs=2)
    again = Schedule.from_config(built.get_config())
    assert [again.rate_at(step) for step in range(0, 200, 7)] == [built.rate_at(step) for step in range(0, 200, 7)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sgd", keras.optimizers.SGD),
        ("adam", keras.optimizers.Adam),
        ("adamw", keras.optimizers.AdamW),
        ("nadam", keras.optimizers.Nadam),
        ("rmsprop", keras.optimizers.RMSprop),
        ("adagrad", keras.optimizers.Adagrad),
        ("adadelta", keras.optimizers.Adadelta),
        ("lion", keras.optimizers.Lion),
    ],
)
def test_optimisers_by_name(name: str, kind: Any) -> None:
    optimizer: Any = build_optimizer(OptimizerConfig(name=name, learning_rate=0.25, clipnorm=2.0), schedule())
    assert optimizer.__class__ is kind
    assert float(optimizer.learning_rate) == 0.25
    assert optimizer.clipnorm == 2.0


def test_keys_reach_the_optimiser() -> None:
    config = OptimizerConfig(name="sgd", momentum=0.9, nesterov=True, weight_decay=0.01, arguments={"name": "mine"})
    optimizer = build_optimizer(config, schedule())
    assert (optimizer.momentum, optimizer.nesterov, optimizer.weight_decay) == (0.9, True, 0.01)
    assert optimizer.name == "mine"


def test_an_optimiser_follows_its_schedule() -> None:
    config = OptimizerConfig(schedule=ScheduleConfig(name="cosine"))
    optimizer = build_optimizer(config, schedule(name="cosine"))
    assert float(optimizer.learning_rate) == pytest.approx(0.1)


def test_adamw_decays_weights_when_nothing_is_said() -> None:
    assert build_optimizer(OptimizerConfig(name="adamw"), schedule()).weight_decay == 0.004


def test_an_optimiser_of_ones_own() -> None:
    config = OptimizerConfig(name="mine", target="keras.optimizers.Ftrl", arguments={"beta": 0.5}, learning_rate=0.3)
    optimizer = build_optimizer(config, schedule())
    assert isinstance(optimizer, keras.optimizers.Ftrl)
    assert optimizer.beta == 0.5


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (OptimizerConfig(name="adma"), "must be one of sgd, adam"),
        (OptimizerConfig(name="adam", momentum=0.9), "adam takes no momentum"),
        (OptimizerConfig(name="rmsprop", nesterov=True), "rmsprop takes no Nesterov"),
        (OptimizerConfig(arguments={"beta_7": 1}), "must accept its arguments"),
        (OptimizerConfig(target="nowhere_at_all.Optimizer"), "must be importable"),
    ],
)
def test_an_optimiser_that_cannot_be_built_is_refused(config: OptimizerConfig, message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        build_optimizer(config, schedule())
