"""What bad input gets: one or two lines that say the rule, the value and the way out; nothing half-written."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def refused(commands, *arguments: str, code: int = 1, **environ: str) -> str:
    done = commands.run(*arguments, **environ)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert "unexpected error" not in done.stderr
    message: str = done.stderr.strip()
    assert message
    return message


def nothing_written(commands) -> bool:
    return not (commands.folder / "outputs").exists()


def test_an_unknown_config_key(commands) -> None:
    message = refused(commands, "train", "trainer.epoch=3", "tracking=disabled")
    assert "trainer.epoch=3" in message
    assert "trainer.epochs" in message
    assert nothing_written(commands)


def test_a_value_of_the_wrong_type(commands) -> None:
    message = refused(commands, "train", "trainer.epochs=many", "tracking=disabled")
    assert "trainer.epochs" in message
    assert "many" in message
    assert nothing_written(commands)


def test_several_violations_at_once(commands) -> None:
    message = refused(commands, "train", "trainer.epochs=0", "optimizer.learning_rate=-1", "tracking=disabled")
    assert "trainer.epochs" in message
    assert "optimizer.learning_rate" in message
    assert nothing_written(commands)


def test_a_class_path_that_leads_nowhere_leaves_no_untracked_run(commands) -> None:
    conf = commands.folder / "conf" / "model"
    conf.mkdir(parents=True)
    (conf / "tower.yaml").write_text("name: tower\n_target_: sweepyard.training.models.mlp.buidl\n")
    message = refused(commands, "train", "--config-dir", "conf", "model=tower", "tracking=disabled")
    assert "sweepyard.training.models.mlp.buidl" in message
    assert not list(commands.folder.glob("outputs/*/*"))


def test_missing_data_without_a_network(commands) -> None:
    message = refused(commands, "train", "data=kmnist", "tracking=disabled", SWEEPYARD_CACHE=str(commands.home / "c"))
    assert "kmnist" in message
    assert "data.folder" in message
    assert nothing_written(commands)


def test_a_corrupt_idx_file(commands) -> None:
    folder = commands.folder / "mine"
    folder.mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / f"{name}-ubyte").write_bytes(b"\x00\x00\x08\x03 broken")
    message = refused(commands, "train", "data=idx", f"data.folder={folder}", "tracking=disabled")
    assert str(folder) in message
    assert nothing_written(commands)


def test_a_sweep_file_with_a_typo(commands) -> None:
    (commands.folder / "s.yaml").write_text("metod: grid\nparameters: {trainer.epochs: {values: [1]}}\n")
    message = refused(commands, "sweep", "s.yaml")
    assert "s.yaml:1" in message
    assert "method" in message
    assert not commands.home.exists()
    checked = commands.run("check", "s.yaml")
    assert checked.returncode == 1
    assert "metod" in checked.stdout


def test_a_metric_that_nothing_logs(commands) -> None:
    (commands.folder / "s.yaml").write_text(
        "method: grid\nmetric: {name: epoch/val_acuracy, goal: maximize}\nparameters: {trainer.epochs: {values: [1]}}\n"
        'command: [sweepyard, train, --parameters, "${args_json_file}"]\n'
    )
    message = refused(commands, "sweep", "s.yaml")
    assert "epoch/val_acuracy" in message
    assert "epoch/val_accuracy" in message


def test_a_sweep_file_that_is_not_there(commands) -> None:
    assert "nowhere.yaml" in refused(commands, "check", "nowhere.yaml")


def test_a_port_that_is_taken(commands) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = refused(commands, "hub", "serve", "--port", str(port))
    assert str(port) in message
    assert "--port" in message
    assert commands.run("hub", "status").returncode == 1


def test_a_host_that_others_can_reach(commands) -> None:
    message = refused(commands, "hub", "serve", "--host", "0.0.0.0", "--port", "0")
    assert "0.0.0.0" in message
    assert "loopback" in message


def test_a_hub_that_is_not_reachable(commands, tiny: tuple[str, ...]) -> None:
    message = refused(
        commands,
        "train",
        "tracking=wandb",
        *tiny,
        WANDB_BASE_URL="http://127.0.0.1:9",
        WANDB_API_KEY="local-" + "a" * 40,
    )
    assert "http://127.0.0.1:9" in message
    assert not list(commands.folder.glob("outputs/*/*"))


def test_a_wrong_api_key(commands, tiny: tuple[str, ...]) -> None:
    served = commands.start("hub", "serve", "--port", "0")
    assert served.stdout is not None
    url = served.stdout.readline().split(" answers at ")[1].split()[0]
    message = refused(commands, "train", "tracking=wandb", *tiny, WANDB_BASE_URL=url, WANDB_API_KEY="local-" + "a" * 40)
    assert "API key" in message
    assert url in message
    assert not list(commands.folder.glob("outputs/*/*"))


def test_a_file_that_is_no_model(commands) -> None:
    (commands.folder / "m.keras").write_bytes(b"nothing of the sort")
    (commands.folder / "p.png").write_bytes(b"nor this")
    assert "p.png" in refused(commands, "predict", "m.keras", "p.png")
    assert "m.keras" in refused(commands, "evaluate", "m.keras")


def test_a_run_that_is_not_there(commands) -> None:
    with commands.one_hub():
        assert "run local/sweepyard/nosuch99" in refused(commands, "runs", "show", "nosuch99")
        assert "sweep local/sweepyard/nosuch99" in refused(commands, "runs", "list", "--sweep", "nosuch99")
    assert "nosuch99" in refused(commands, "train", "--resume", "nosuch99", "tracking=disabled")


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("train", "--nonsense"), ("hub", "serve", "--port", "x"), ("runs", "compare", "a")]
)
def test_a_command_line_that_makes_no_sense(commands, arguments: tuple[str, ...]) -> None:
    refused(commands, *arguments, code=2)


def test_a_setting_of_the_wrong_type(commands) -> None:
    message = refused(commands, "runs", "list", SWEEPYARD_HEARTBEAT_TIMEOUT="soon")
    assert "SWEEPYARD_HEARTBEAT_TIMEOUT" in message


def test_a_parameter_file_that_is_none(commands) -> None:
    (commands.folder / "p.json").write_text("[1, 2]")
    assert "p.json" in refused(commands, "train", "--parameters", "p.json", "tracking=disabled")


def test_debug_shows_the_traceback(commands) -> None:
    done = commands.run("train", "trainer.epochs=0", "tracking=disabled", SWEEPYARD_DEBUG="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_no_work_folder_is_read_by_accident(commands) -> None:
    (Path(commands.folder) / "click.py").write_text("raise SystemExit('the wrong click')")
    assert commands.run("--help").returncode == 0
