"""From plain mappings to frozen dataclasses: types, bounds, rules across fields, and back."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.config.plain import plain
from sweepyard.config.schema import (
    MODEL_CONFIGS,
    ConvnetConfig,
    CustomModelConfig,
    DataConfig,
    ExperimentConfig,
    LeNet5Config,
    MlpConfig,
    OptimizerConfig,
)
from sweepyard.config.validation import build, legal_keys
from sweepyard.errors import ConfigInvalid


def nested(key: str, value: object) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value


def refusal(mapping: Any) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        build(mapping)
    return [str(violation) for violation in caught.value.violations]


def test_nothing_gives_the_defaults() -> None:
    assert build({}) == ExperimentConfig()


def test_configs_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        build({}).name = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("trainer", 3, "trainer: must be a mapping of keys; received 3 (a whole number)"),
        ("trainer.epochs", 3.0, "must be a whole number; received 3.0 (a fraction). Write 3"),
        ("trainer.epochs", 2.5, "must be a whole number; received 2.5 (a fraction)"),
        ("trainer.epochs", True, "must be a whole number; received true (a truth value)"),
        ("trainer.epochs", "3", "received '3' (text). Write 3 without quotes"),
        ("trainer.epochs", "3.5", "received '3.5' (text). Write 3.5 without quotes"),
        ("trainer.epochs", None, "must be a whole number; received nothing (null)"),
        ("trainer.epochs", 0, "must be at least 1; received 0"),
        ("trainer.epochs", 10**6, "must be at most 100000"),
        ("trainer.jit_compile", 1, "must be true or false; received 1"),
        ("trainer.loss", "plane", "must be one of plain, class_balanced; received 'plane'. Did you mean `plain`?"),
        ("trainer.loss", 3, "must be one of plain, class_balanced; received 3"),
        ("trainer.checkpoint.every_steps", 0, "must be at least 1"),
        ("optimizer.learning_rate", "1e-5", "Write 1e-05 without quotes, with a decimal point"),
        ("optimizer.learning_rate", "fast", "must be a number; received 'fast' (text)"),
        ("optimizer.learning_rate", 0, "must be greater than 0"),
        ("optimizer.learning_rate", float("nan"), "must be finite"),
        ("optimizer.learning_rate", float("inf"), "must be finite"),
        ("optimizer.learning_rate", [0.1], "must be a number; received [0.1] (a list)"),
        ("optimizer.schedule.name", {"a": 1}, "received {'a': 1}"),
        ("optimizer.arguments", [1], "must be a mapping of keys; received [1] (a list)"),
        ("optimizer.weight_decay", "x", "must be a number"),
        ("model.dropout", 1, "must be less than 1; received 1.0"),
        ("model.units", 64, "must be a list; received 64 (a whole number). Write [64]"),
        ("model.units", [64, "x"], "model.units[1]: must be a whole number; received 'x'"),
        ("model.units", [0], "model.units[0]: must be at least 1"),
        ("tracking.tags", "a", "must be a list; received 'a' (text)"),
        ("notes", 3, "must be text; received 3 (a whole number). Write '3' in quotes"),
        ("notes", {}, "must be text; received {} (a mapping)"),
        ("notes", [], "must be text; received [] (a list)"),
        ("model", "mlp", "model: must be a mapping of keys; received 'mlp' (text). Choose a model with"),
        ("trainer.epoch", 3, "unknown key; received `trainer.epoch` = 3. Did you mean `trainer.epochs`?"),
        ("batch_size", 3, "Did you mean `trainer.batch_size`?"),
        ("zzz", "x" * 300, "..."),
    ],
)
def test_what_a_wrong_value_is_told(key: str, value: object, rule: str) -> None:
    mapping = nested(key, value)
    if key.startswith("model."):
        mapping["model"]["name"] = "mlp"
    (told,) = refusal(mapping)
    assert rule in told


def test_everything_that_is_wrong_is_said_at_once() -> None:
    told = refusal(
        {
            "trainer": {"epochs": 0, "batch": 3},
            "model": {"name": "convnet", "dropout": 2, "units": [3]},
            "optimizer": {"learning_rate": "x", "schedule": {"name": "cosin"}},
            "zzz": 1,
        }
    )
    assert len(told) == 7


def test_a_config_that_is_no_mapping() -> None:
    (told,) = refusal([])
    assert told.startswith("the config: must be a mapping")


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        ({}, "model.name: a model needs a name; received null"),
        ({"name": ""}, "a model needs a name"),
        ({"name": "mlpp"}, "the model must be a known one; received 'mlpp'. Did you mean `mlp`?"),
        ({"name": "mine", "_target_": 3}, "model._target_: must be text"),
        ({"name": "mine", "_target_": ""}, "model._target_: must be text"),
        ({"name": "lenet5", "filters": [1, 2, 3]}, "model.filters: must have 2 items"),
    ],
)
def test_what_a_wrong_model_is_told(model: dict[str, Any], rule: str) -> None:
    (told,) = refusal({"model": model})
    assert rule in told


def test_lists_become_tuples() -> None:
    config = build({"model": {"name": "lenet5", "filters": [4, 8]}, "tracking": {"tags": ["a"]}})
    assert config.model == LeNet5Config(filters=(4, 8))
    assert config.tracking.tags == ("a",)


def test_a_target_makes_a_model_of_the_users() -> None:
    config = build({"model": {"name": "mlp", "_target_": "a.b", "depth": 3}})
    assert config.model == CustomModelConfig(name="mlp", target="a.b", arguments={"depth": 3})


def test_a_target_takes_the_keys_that_the_schema_does_not_know() -> None:
    config = build(
        {
            "optimizer": {"name": "mine", "_target_": "a.b", "learning_rate": 0.5, "beta": 1, "arguments": {"x": 2}},
            "data": {"name": "mine", "_target_": "entry_point:mine", "side": 8},
        }
    )
    assert config.optimizer == OptimizerConfig(
        name="mine", target="a.b", learning_rate=0.5, arguments={"x": 2, "beta": 1}
    )
    assert config.data == DataConfig(name="mine", target="entry_point:mine", arguments={"side": 8})


def test_two_targets_contradict_each_other() -> None:
    (told,) = refusal({"optimizer": {"name": "mine", "_target_": "a.b", "target": "c.d"}})
    assert "only one of `_target_` and `target`" in told


def test_arguments_beside_a_target_must_be_a_mapping() -> None:
    (told,) = refusal({"optimizer": {"name": "mine", "_target_": "a.b", "arguments": 3}})
    assert "optimizer.arguments: must be a mapping" in told


@pytest.mark.parametrize(
    ("mapping", "rule"),
    [
        (
            {"data": {"name": "mnst"}},
            "the data set must be a known one; received 'mnst'. Did you mean `mnist`?",
        ),
        ({"data": {"name": "idx"}}, "data.folder: `idx` needs the folder"),
        ({"data": {"arguments": {"a": 1}}}, "data.arguments: arguments need a `_target_`"),
        ({"optimizer": {"name": "adm"}}, "optimizer.name: the optimiser must be a known one; received 'adm'"),
        ({"optimizer": {"name": "adam", "momentum": 0.9}}, "only sgd and rmsprop take momentum, adam does not"),
        ({"optimizer": {"name": "sgd", "nesterov": True}}, "Nesterov momentum needs sgd with momentum above 0"),
        ({"optimizer": {"name": "rmsprop", "momentum": 0.5, "nesterov": True}}, "Nesterov momentum needs sgd"),
        ({"optimizer": {"schedule": {"warmup_epochs": 13}}}, "the warm-up must fit into the 12 epochs"),
        ({"optimizer": {"schedule": {"final_fraction": 0.1}}}, "only cosine and linear schedules end at a fraction"),
        ({"trainer": {"resume": True, "checkpoint": {"enabled": False}}}, "trainer.resume: resuming needs checkpoints"),
        (
            {"trainer": {"checkpoint": {"folder": "s3://ann:secret@host/x"}}},
            "trainer.checkpoint.folder: configs are recorded and shown, so no user or password belongs into them",
        ),
        (
            {"trainer": {"checkpoint": {"folder": ""}}},
            "trainer.checkpoint.folder: must name a folder or a URL; received ''. Write null for the run's own folder",
        ),
        ({"tracking": {"project": "a/b"}}, "tracking.project: must be 1 to 128 letters"),
        ({"tracking": {"entity": ""}}, "tracking.entity: must be 1 to 128 letters"),
    ],
)
def test_rules_across_fields(mapping: dict[str, Any], rule: str) -> None:
    (told,) = refusal(mapping)
    assert rule in told


@pytest.mark.parametrize(
    "mapping",
    [
        {"optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": True}},
        {"optimizer": {"schedule": {"name": "cosine", "final_fraction": 0.1, "warmup_epochs": 12}}},
        {"data": {"name": "idx", "folder": "x"}},
        {"trainer": {"resume": True}, "tracking": {"entity": "a team"}},
    ],
)
def test_what_goes_together(mapping: dict[str, Any]) -> None:
    assert build(plain(build(mapping))) == build(mapping)


names = st.sampled_from(sorted(MODEL_CONFIGS))
json_arguments = st.dictionaries(
    st.from_regex(r"[a-z]{1,5}", fullmatch=True).filter(lambda key: key != "name"),
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=3),
    max_size=3,
)
models = st.one_of(
    st.builds(MlpConfig, units=st.lists(st.integers(1, 9), max_size=3).map(tuple), dropout=st.floats(0, 0.9)),
    st.builds(ConvnetConfig, filters=st.lists(st.integers(1, 9), max_size=3).map(tuple)),
    st.builds(CustomModelConfig, name=st.just("mine"), target=st.just("a.b"), arguments=json_arguments),
)


@given(models, json_arguments)
def test_plain_and_build_are_inverse(model: MlpConfig, arguments: dict[str, Any]) -> None:
    config = ExperimentConfig(model=model, optimizer=OptimizerConfig(arguments=arguments))
    assert build(plain(config)) == config


@pytest.mark.parametrize("name", MODEL_CONFIGS)
def test_the_legal_keys_are_those_of_the_record(name: str) -> None:
    keys = legal_keys(MODEL_CONFIGS[name])
    assert "model.name" in keys
    assert "trainer.early_stopping.patience" in keys
    assert len(keys) == len(set(keys))
