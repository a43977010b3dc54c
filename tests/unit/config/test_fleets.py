"""Fleet configs: what comes along composes, and every violation is told at once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from sweepyard.config.compose import Composer, compose_fleet
from sweepyard.config.fleets import ENGINE_CONFIGS, FleetConfig, RayConfig, SlurmConfig, legal_fleet_keys
from sweepyard.config.locations import conf_folder
from sweepyard.errors import ConfigInvalid

OPTIONS = sorted(path.stem for path in (conf_folder({}) / "fleet").glob("*.yaml"))


def refused(*overrides: str) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        compose_fleet(overrides)
    return str(caught.value)


def test_there_is_a_file_for_each_engine() -> None:
    assert sorted(ENGINE_CONFIGS) == OPTIONS


@pytest.mark.parametrize("engine", OPTIONS)
def test_every_option_composes_to_the_defaults_and_lists_every_key(engine: str) -> None:
    assert compose_fleet([f"fleet={engine}"]).fleet == ENGINE_CONFIGS[engine](name=engine)
    written = yaml.safe_load((conf_folder({}) / "fleet" / f"{engine}.yaml").read_text())
    assert {f"fleet.{key}" for key in written} == {key for key in legal_fleet_keys(engine) if key.startswith("fleet.")}


def test_without_overrides_it_is_the_schema_with_its_defaults() -> None:
    assert compose_fleet([]) == FleetConfig()


def test_keys_are_set() -> None:
    config = compose_fleet(["fleet=slurm", "agents=16", "fleet.gres='gpu:a100:2'", "per_gpu=2", "fleet.minutes=5"])
    assert (config.agents, config.per_gpu) == (16, 2)
    assert config.fleet == SlurmConfig(gres="gpu:a100:2", minutes=5)
    assert compose_fleet(["fleet=ray", "fleet.address=head:6379"]).fleet == RayConfig(address="head:6379")


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["fleet=slurmm"], "`fleet` must be one of its options; received 'slurmm'. Did you mean `slurm`?"),
        (["agent=4"], "agent: unknown key; received agent=4. Did you mean `agents`?"),
        (["model=mlp"], "model: unknown key"),
        (["fleet.partition=gpu"], "fleet.partition: unknown key"),
        (["+fleet.hosts=3"], "fleet.hosts: unknown key"),
        (["fleet.name=kubernetes"], "`fleet` must be a known one; received 'kubernetes'"),
        (["fleet=slurm", "fleet.gpus=2", "fleet.gres='gpu:2'"], "gpus and gres exclude each other; received 2 and"),
        (["per_gpu=2"], "several runs at a time on a GPU need GPUs"),
        (["fleet=slurm", "fleet.minutes=1"], "the notice must be shorter than the limit of 1 min; received 90"),
        (["fleet=slurm", "fleet.login=password"], "must be one of file, host; received 'password'"),
    ],
)
def test_what_breaks_a_rule_is_refused(overrides: list[str], told: str) -> None:
    assert told in refused(*overrides)


def test_all_violations_are_told_at_once() -> None:
    told = refused("agents=0", "fleet.gpus=-1", "fleet=slurm", "fleet.memory_gb=0").splitlines()
    assert len(told) == 3


def test_a_group_of_fleets_is_none_of_experiments(composer: Composer) -> None:
    with pytest.raises(ConfigInvalid, match="fleet: unknown key"):
        composer.compose(["fleet=slurm"])


@pytest.mark.parametrize("engine", OPTIONS)
def test_the_page_lists_every_key(engine: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "fleets.md").read_text(encoding="utf-8")
    keys = [key for key in legal_fleet_keys(engine) if key not in {"fleet", "fleet.name"}]
    assert [key for key in keys if f"`{key}`" not in page and f"`{key.removeprefix('fleet.')}`" not in page] == []


def test_every_key_has_its_meaning() -> None:
    for shape in (FleetConfig, *ENGINE_CONFIGS.values()):
        assert [
            item.name for item in dataclasses.fields(shape) if item.name != "name" and "doc" not in item.metadata
        ] == []
