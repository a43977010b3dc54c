"""Every YAML that comes along composes, and says what the schema says."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweepyard.config.compose import Composer
from sweepyard.config.locations import conf_folder
from sweepyard.config.plain import plain
from sweepyard.config.schema import MODEL_CONFIGS, CustomModelConfig, ExperimentConfig
from sweepyard.config.validation import build, legal_keys

CONF = conf_folder({})
OPTIONS = sorted(path.relative_to(CONF) for path in CONF.rglob("*.yaml") if path.parent not in {CONF, CONF / "fleet"})
NEEDED = {
    "data/idx": ["data.folder=digits"],
    "data/entry_point": ["data.name=mine"],
    "model/entry_point": ["model.name=mine"],
    "optimizer/entry_point": ["optimizer.name=mine"],
}


def contents(option: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CONF / option).read_text(encoding="utf-8"))
    return loaded


def test_the_glob_finds_every_group() -> None:
    groups = {path.parent.as_posix() for path in OPTIONS}
    assert groups == {"data", "model", "optimizer", "trainer", "tracking", "seed", "experiment", "debug"}


def waves() -> list[tuple[Path, ...]]:
    """Options to compose together, one a group, so that each is composed once; recipes and debug options alone."""
    groups: dict[Path, list[Path]] = {option.parent: [] for option in OPTIONS}
    for option in OPTIONS:
        groups[option.parent].append(option)
    alone = [groups.pop(Path(name)) for name in ("experiment", "debug")]
    together = [tuple(filter(None, wave)) for wave in zip_longest(*groups.values())]
    return [*together, *((option,) for options in alone for option in options)]


@pytest.mark.parametrize("options", waves(), ids=lambda wave: "+".join(option.stem for option in wave))
def test_every_option_composes_and_can_be_built_again(composer: Composer, options: tuple[Path, ...]) -> None:
    names = [option.with_suffix("").as_posix() for option in options]
    needed = [override for name in names for override in NEEDED.get(name, [])]
    composed = composer.compose([*(name.replace("/", "=") for name in names), *needed])
    assert build(composed.resolved) == composed.config


def test_the_waves_hold_every_option_once() -> None:
    assert sorted(option for wave in waves() for option in wave) == OPTIONS


def test_the_primary_config_is_the_schema_with_its_defaults(composer: Composer) -> None:
    assert composer.compose([]).config == ExperimentConfig()


@pytest.mark.parametrize(
    "option",
    [path for path in OPTIONS if path.parent.name not in {"experiment", "debug"} and path.stem != "entry_point"],
    ids=lambda path: path.with_suffix("").as_posix(),
)
def test_every_option_lists_every_key_so_that_none_needs_a_plus(option: Path) -> None:
    written = contents(option)
    if written.pop("defaults", None):
        written = {**contents(option.with_stem("default")), **written}
    group = option.parent.as_posix()
    shape = MODEL_CONFIGS[written["name"]] if group == "model" else MODEL_CONFIGS["mlp"]
    keys = {key.split(".")[1] for key in legal_keys(shape) if key.startswith(f"{group}.")}
    assert keys - {"target", "arguments"} == set(written)


@pytest.mark.parametrize("name", ["data", "model", "optimizer", "trainer", "tracking", "seed"])
def test_the_default_options_hold_every_key_of_the_schema(name: str) -> None:
    chosen = {"data": "mnist5k", "model": "mlp", "optimizer": "adam", "tracking": "hub"}.get(name, "default")
    assert contents(Path(name, f"{chosen}.yaml")) == plain(ExperimentConfig())[name]


def test_a_recipe_and_a_debug_option_go_together(composer: Composer) -> None:
    config = composer.compose(["experiment=keras_convnet", "debug=tiny"]).config
    assert (config.model.name, config.data.name, config.data.train_limit) == ("convnet", "mnist", 256)
    assert (config.trainer.epochs, config.tracking.mode) == (1, "disabled")


def test_the_deterministic_recipe_keeps_what_was_chosen(composer: Composer) -> None:
    config = composer.compose(["experiment=deterministic", "model=resnet"]).config
    assert config.seed.deterministic
    assert config.trainer.threads == 1
    assert config.model.name == "resnet"


def test_an_entry_point_needs_no_yaml_of_the_users(composer: Composer) -> None:
    model = composer.compose(["model=entry_point", "model.name=tower", "+model.depth=3"]).config.model
    assert model == CustomModelConfig(name="tower", target="entry_point:tower", arguments={"depth": 3})
