"""`sweepyard train` from the outside: with and without a hub, interrupted, resumed, many at once."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sweepyard.datasets.idx import write_idx

pytestmark = pytest.mark.slow


def only_run(folder: Path, project: str = "sweepyard") -> Path:
    (run,) = (folder / "outputs" / project).iterdir()
    return run


def test_an_untracked_training_leaves_a_record_and_a_model_that_predicts_the_same_in_both_formats(
    warm, tiny: tuple[str, ...]
) -> None:
    done = warm.run("train", "tracking=disabled", *tiny)
    assert done.returncode == 0, done.stderr
    run = only_run(warm.folder)
    model = run / "model.keras"
    assert {path.name for path in run.iterdir()} >= {".hydra", "train.log", "model.keras", "checkpoints"}
    assert "train_limit: 256" in (run / ".hydra" / "config.yaml").read_text()
    assert "model=lenet5" in (run / ".hydra" / "overrides.yaml").read_text()
    assert "epoch 1/1" in (run / "train.log").read_text()
    assert str(model) in done.stdout
    assert not warm.home.exists()

    pictures = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    write_idx(warm.folder / "pictures.idx", pictures)
    done = warm.run("convert", str(model), "old.h5")
    assert (done.returncode, done.stderr) == (0, "")
    refused = warm.run("convert", str(model), "old.h5")
    assert refused.returncode == 1
    assert "old.h5" in refused.stderr
    assert "--force" in refused.stderr
    (warm.folder / "empty.png").touch()
    named = ("empty.png", "pictures.idx", "--json")
    predictions = [warm.run("predict", name, *named) for name in (str(model), "old.h5")]
    told = "error: empty.png: a picture must be PNG, JPEG or IDX; received an empty file\n"
    assert [(done.returncode, done.stderr) for done in predictions] == [(1, told), (1, told)]
    results, again = (json.loads(done.stdout) for done in predictions)
    assert len(results) == 3
    assert [result["probabilities"] for result in again] == [result["probabilities"] for result in results]
    for result in results:
        assert sum(result["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert result["class"] == next(iter(result["probabilities"]))

    sheet = np.zeros((2, 50, 50), np.uint8)
    sheet[1, 10:40, 20:26] = 255
    write_idx(warm.folder / "sheet.idx", sheet)
    write_idx(warm.folder / "labels.idx", np.array([0, 1], np.uint8))
    wrong = warm.run("predict", str(model), "sheet.idx", "--true", "ten", "--store")
    assert (wrong.returncode, "a class of the model, or an IDX file of labels; received 'ten'" in wrong.stderr) == (
        1,
        True,
    )
    blank = (
        "error: sheet.idx[0]: the picture is blank: its pixels are all nearly equally bright, whatever their colour\n"
    )
    for told in ("stored 1 prediction and 1 image of ", "stored 0 predictions and 0 images"):
        done = warm.run("predict", str(model), "sheet.idx", "--true", "labels.idx", "--json", "--store")
        assert (done.returncode, done.stderr.startswith(blank + told)) == (1, True), done.stderr
        (result,) = json.loads(done.stdout)
        assert (result["image"], result["true"]) == ("sheet.idx[1]", "1")
    (stored,) = json.loads(warm.run("predictions", "list", "--json").stdout)
    assert (stored["run"], stored["true_label"], stored["predicted"]) == (run.name, "1", result["class"])
    assert stored["probabilities"] == pytest.approx(result["probabilities"])
    assert stored["latency_seconds"] > 0


def test_tracked_training_is_read_back_and_leaves_no_process(commands, tiny: tuple[str, ...]) -> None:
    done = commands.run("train", *tiny)
    assert done.returncode == 0, done.stderr
    assert "sweepyard hub serve` brings the page back, at http://127.0.0.1:8080/local/" in done.stdout
    run = only_run(commands.folder)
    with commands.one_hub():
        listed = json.loads(commands.run("runs", "list", "--json").stdout)
        assert [(entry["run"], entry["state"]) for entry in listed] == [(run.name, "finished")]

        shown = json.loads(commands.run("runs", "show", run.name, "--history", "--json").stdout)
        assert shown["config"]["model"]["name"] == "lenet5"
        assert shown["config"]["data"]["train_limit"] == 256
        assert 0 <= shown["summary"]["best/val_accuracy"] <= 1
        assert [row["epoch/epoch"] for row in shown["history"] if "epoch/epoch" in row] == [1]
        scored = commands.run("evaluate", run.name, "--split", "validation", "--json")
        assert json.loads(scored.stdout)["validation/accuracy"] == pytest.approx(shown["summary"]["epoch/val_accuracy"])

        noted = json.loads(commands.run("evaluate", run.name, "--note", "--json").stdout)
        summary = json.loads(commands.run("runs", "show", run.name, "--json").stdout)["summary"]
        assert summary["test/accuracy"] == noted["test/accuracy"]
        assert summary["epoch/val_accuracy"] == shown["summary"]["epoch/val_accuracy"]
    assert not (Path(commands.environ["HOME"]) / ".netrc").exists()
    commands.assert_none_left()


def test_ctrl_c_leaves_a_checkpoint_and_resume_goes_on_from_it(
    warm, tiny: tuple[str, ...], wait: Callable[..., None]
) -> None:
    process = warm.start("train", *tiny, "trainer.epochs=2000")
    wait(lambda: any(warm.folder.glob("outputs/*/*/checkpoints/*.npz")), seconds=120)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "with a checkpoint" in stderr
    run = only_run(warm.folder)
    with warm.one_hub():
        shown = warm.run("runs", "show", run.name, "--history", "--json").stdout
        assert json.loads(shown)["state"] == "killed"

        record = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
        refused = warm.run("train", "--resume", run.name, "trainer.batch_size=32")
        assert (refused.returncode, "trainer.batch_size was 64, is 32" in refused.stderr) == (1, True), refused.stderr
        assert warm.run("runs", "show", run.name, "--history", "--json").stdout == shown
        assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == record

        before = int(re.findall(r"epoch (\d+)/2000", (run / "train.log").read_text())[-1])
        last = before + 2
        done = warm.run("train", "--resume", run.name, f"trainer.epochs={last}")
        assert done.returncode == 0, done.stderr
        assert f"epoch {last}/{last}" in done.stdout
        assert only_run(warm.folder) == run
        shown = json.loads(warm.run("runs", "show", run.name, "--history", "--json").stdout)
    assert shown["state"] == "finished"
    assert [row["epoch/epoch"] for row in shown["history"] if "epoch/epoch" in row] == list(range(1, last + 1))


def test_a_run_that_was_to_go_on_tells_that_its_checkpoint_is_missing(warm, tiny: tuple[str, ...]) -> None:
    done = warm.run("train", "tracking=disabled", *tiny, SWEEPYARD_RESUMED="1")
    assert done.returncode == 0, done.stderr
    told = f"there is no checkpoint of it in {only_run(warm.folder)}/checkpoints: it starts from its beginning"
    assert told in done.stdout
    assert told in (only_run(warm.folder) / "train.log").read_text()


def test_many_runs_of_one_command(warm, tiny: tuple[str, ...]) -> None:
    done = warm.run("train", "-m", "tracking=disabled", *tiny, "seed.value=1,2", "hydra/launcher=joblib")
    assert done.returncode == 0, done.stderr
    assert "2 of 2 runs finished" in done.stdout
    configs = [path.read_text() for path in warm.folder.glob("outputs/*/*/.hydra/overrides.yaml")]
    assert sorted(re.findall(r"seed\.value=(\d)", "".join(configs))) == ["1", "2"]


def test_a_failed_run_fails_the_command_of_many(warm, tiny: tuple[str, ...]) -> None:
    # kmnist would have to be downloaded, which only the run tells.
    done = warm.run("train", "-m", "tracking=disabled", *tiny, "data=mnist5k,kmnist")
    assert "1 of 2 runs finished, 1 did not" in done.stdout
    assert done.returncode == 1
