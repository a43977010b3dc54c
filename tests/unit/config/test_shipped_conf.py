"""Every YAML that comes along composes, and says what the schema says."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweepyard.config.compose import compose, overrides_of
from sweepyard.config.locations import conf_folder
from sweepyard.config.plain import plain
from sweepyard.config.schema import CustomModelConfig, ExperimentConfig
from sweepyard.config.validation import build
from sweepyard.jsonvalue import flatten

CONF = conf_folder({})
OPTIONS = sorted(path.relative_to(CONF) for path in CONF.rglob("*.yaml") if path.parent != CONF)
NEEDED = {
    "data/idx": ["data.folder=digits"],
    "data/entry_point": ["data.name=mine"],
    "model/entry_point": ["model.name=mine"],
    "optimizer/entry_point": ["optimizer.name=mine"],
}


def test_the_glob_finds_every_group() -> None:
    groups = {path.parent.as_posix() for path in OPTIONS}
    assert groups == {"data", "model", "optimizer", "trainer", "tracking", "seed", "experiment", "debug"}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda path: path.with_suffix("").as_posix())
def test_every_option_composes_and_can_be_built_again(option: Path) -> None:
    name = option.with_suffix("").as_posix()
    composed = compose([f"{option.parent.as_posix()}={option.stem}", *NEEDED.get(name, [])])
    assert build(composed.resolved) == composed.config


def test_the_primary_config_is_the_schema_with_its_defaults() -> None:
    assert compose([]).config == ExperimentConfig()


@pytest.mark.parametrize(
    "option",
    [path for path in OPTIONS if path.parent.as_posix() not in {"experiment", "debug"}],
    ids=lambda path: path.with_suffix("").as_posix(),
)
def test_every_option_lists_every_key_so_that_none_needs_a_plus(option: Path) -> None:
    group = option.parent.as_posix()
    choice = [f"{group}={option.stem}", *NEEDED.get(option.with_suffix("").as_posix(), [])]
    composed = compose(choice)
    leaves = flatten(composed.resolved[group], f"{group}.")  # type: ignore[arg-type]
    beside_target = ("_target_", "target", "arguments")
    values = {key: value for key, value in leaves if not key.endswith(beside_target)}
    changed = [text.removeprefix("++") for text in overrides_of(values)]
    assert compose([*choice, *changed]).config == composed.config


@pytest.mark.parametrize("name", ["data", "model", "optimizer", "trainer", "tracking", "seed"])
def test_the_default_options_hold_every_key_of_the_schema(name: str) -> None:
    import yaml

    chosen = {"data": "mnist5k", "model": "mlp", "optimizer": "adam", "tracking": "hub"}.get(name, "default")
    written = yaml.safe_load((CONF / name / f"{chosen}.yaml").read_text(encoding="utf-8"))
    assert written == plain(ExperimentConfig())[name]


def test_a_recipe_and_a_debug_option_go_together() -> None:
    config = compose(["experiment=keras_convnet", "debug=tiny"]).config
    assert (config.model.name, config.data.name, config.data.train_limit) == ("convnet", "mnist", 256)
    assert (config.trainer.epochs, config.tracking.mode) == (1, "disabled")


def test_the_deterministic_recipe_keeps_what_was_chosen() -> None:
    config = compose(["experiment=deterministic", "model=resnet"]).config
    assert config.seed.deterministic
    assert config.trainer.threads == 1
    assert config.model.name == "resnet"


def test_an_entry_point_needs_no_yaml_of_the_users() -> None:
    model = compose(["model=entry_point", "model.name=tower", "+model.depth=3"]).config.model
    assert model == CustomModelConfig(name="tower", target="entry_point:tower", arguments={"depth": 3})
