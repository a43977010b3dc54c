"""Every sweep file that comes with Sweepyard is legal for wandb.ai and composes against conf/."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args, load_sweep_config

from sweepyard.config.compose import Composer, compose, overrides_of, read_parameters
from sweepyard.config.locations import sweeps_folder
from sweepyard.jsonvalue import dumps
from sweepyard.services.check import check_sweep
from sweepyard.sweeps import engine
from sweepyard.sweeps.config import parse

FILES = sorted(sweeps_folder().glob("*.yaml"))


def test_the_sweeps_that_the_readme_names_are_there() -> None:
    names = {path.stem for path in FILES}
    assert names >= {"first", "learning_rate_bayes", "convnet_hyperband", "batch_epochs_grid", "architecture_random"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_a_shipped_sweep_passes_the_check_for_wandb(path: Path) -> None:
    report = check_sweep(
        path.read_text(encoding="utf-8"),
        source=path.name,
        compose=Composer().compose,
        overrides_of=overrides_of,
        target="wandb",
    )
    assert (report.violations, report.warnings) == ((), ())
    assert report.expected_runs is not None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_hub_and_wandb_take_a_shipped_sweep(path: Path) -> None:
    config = parse(path.read_text(encoding="utf-8"), source=path.name)
    assert engine.unsupported(config) == []
    assert config.not_for_wandb == ()


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # the client's own
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_wandbs_own_client_reads_a_shipped_sweep_as_we_do(path: Path) -> None:
    assert load_sweep_config(str(path)) == parse(path.read_text(encoding="utf-8")).raw


def test_the_stock_agents_macros_carry_a_suggestion_with_its_types(tmp_path: Path) -> None:
    config = parse((sweeps_folder() / "architecture_random.yaml").read_text(encoding="utf-8"))
    suggestion = engine.next_suggestion(config, seed=1, position=0, runs=[])
    assert suggestion is not None
    args = create_sweep_command_args(
        {"args": {name: {"value": value} for name, value in suggestion.parameters.items()}}
    )
    handed_over = tmp_path / "parameters.json"
    handed_over.write_text(args["args_json"][0], encoding="utf-8")
    parameters = read_parameters(handed_over)
    assert dumps(parameters) == dumps(suggestion.parameters)
    assert create_sweep_command(list(config.command)) == list(config.command)
    composed = compose(["data=mnist5k", "model=convnet", *overrides_of(parameters)]).resolved
    assert composed["model"]["filters"] == suggestion.parameters["model.filters"]  # type: ignore[index,call-overload]


def test_the_first_sweep_is_eight_short_runs() -> None:
    config = parse((sweeps_folder() / "first.yaml").read_text(encoding="utf-8"))
    assert engine.expected_runs(config) == 8
    assert yaml.safe_load((sweeps_folder() / "first.yaml").read_text(encoding="utf-8"))["project"] == config.project
