"""What `sweepyard train` says of arguments before it trains."""

from __future__ import annotations

import pytest

from sweepyard.cli import door, train
from sweepyard.services import train_command


@pytest.mark.parametrize(
    ("file", "lacks"), [("old.h5", "no optimiser state"), ("m/model.keras", "neither generator states nor a position")]
)
def test_a_run_is_not_resumed_from_a_model_file(file: str, lacks: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["train", "--resume", file]) == 1
    assert f"received {file}, which holds {lacks}. Name the run's folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (
            ["--epochs", "3"],
            "no such option: --epochs. Keys of the config are set without dashes: trainer.epochs=VALUE",
        ),
        (["model=mlp", "--batch-size=64"], "without dashes: trainer.batch_size=VALUE"),
        (["--nonsense"], "error: no such option: --nonsense\n"),
    ],
)
def test_an_option_that_is_a_key_of_the_config(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.enter(["train", *arguments]) == 2
    assert hint in capsys.readouterr().err


def test_a_parameter_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["train", "--parameters", "nosuch.json"]) == 1
    told = capsys.readouterr().err
    assert "--parameters must name a file that can be read; received nosuch.json: No such file or directory" in told
    assert "Errno" not in told


def test_the_check_of_a_sweep_knows_the_options_of_train() -> None:
    options = [action for action in train._parser()._actions if action.option_strings]
    with_value = {name for action in options if action.nargs is None for name in action.option_strings}
    flags = {name for action in options if action.nargs == 0 for name in action.option_strings}
    assert (with_value, flags) == (train_command.OPTIONS_WITH_VALUE, train_command.FLAGS)
