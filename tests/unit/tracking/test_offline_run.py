"""Runs of the real client without a server, read back from its own file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sweepyard.domain import metrics

pytestmark = pytest.mark.slow

PIXELS = np.arange(100, 112, dtype=np.uint8).reshape(3, 4)

SCRIPT = """
tracker.configure({"model": {"name": "mlp", "units": [8, 4]}, "trainer": {"epochs": 3, "name": None}})
nested = {"trainer": {"batch_size": 64}}
tracker.configure(nested)
nested["trainer"]["batch_size"] = 0
print("said while training")
tracker.log({"batch/loss": 2.5, "batch/batch_step": 50}, step=50)
for epoch, accuracy in enumerate([0.90, 0.95, 0.93], 1):
    tracker.log({"epoch/epoch": epoch, "epoch/val_accuracy": accuracy, "epoch/val_loss": 1.0 / epoch}, step=60 * epoch)
pixels = np.arange(100, 112, dtype=np.uint8).reshape(3, 4)
tracker.log({
    "validation/confusion_matrix": ConfusionMatrix(np.array([[5, 1], [2, 7]]), ("cat", "dog")),
    "validation/mistakes": Table(("index", "image", "true"), [(3, Image(pixels, "cat taken for dog"), "cat")]),
    "picture": Image(pixels),
}, step=181)
tracker.summarize({"weights_digest": "abc", "nested": {"a": 1}})
model = output / "model.keras"
model.write_bytes(b"a model")
tracker.log_model(model, name="model-run00001", aliases=("latest", "best"), metadata={"best/val_accuracy": 0.95})
model.write_bytes(b"another model")
result({"id": tracker.run_id, "url": tracker.url, "last": tracker.last_logged_step, "stop": tracker.should_stop()})
for call in (lambda: tracker.log_model(output / "none", name="m", aliases=(), metadata={}),
             lambda: tracker.log_model(model, name="a/b", aliases=(), metadata={}),
             lambda: tracker.log({"x": 1}, step=181)):
    try:
        call()
        result("nothing raised")
    except TrackingError as error:
        result(str(error))
tracker.finish(0)
result({"id": tracker.run_id, "url": tracker.url})
try:
    tracker.finish(0)
except TrackingError as error:
    result(str(error))
"""


@pytest.fixture(scope="module")
def offline(run_offline):
    return run_offline(SCRIPT)


def test_everything_lies_below_the_output_folder(offline):
    assert [path.name for path in offline.output.glob("wandb/*run-*")] == [
        next(offline.output.glob("wandb/*-run00001")).name
    ]
    assert not (offline.output / "home" / ".netrc").exists()
    assert not (offline.output / "home" / ".config").exists()


def test_the_run_says_who_it_is(offline):
    assert offline.run.run_id == "run00001"
    assert offline.run.project == "sweepyard"
    assert offline.run.display_name == "named"
    assert offline.run.notes == "noted"
    assert offline.run.run_group == "g"
    assert offline.run.job_type == "train"
    assert list(offline.run.tags) == ["a", "b"]
    assert offline.results[0] == {"id": "run00001", "url": None, "last": -1, "stop": None}
    assert offline.results[4] == {"id": "run00001", "url": None}


def test_the_run_config_stays_nested_and_is_merged(offline):
    assert offline.config["model"] == {"name": "mlp", "units": [8, 4]}
    assert offline.config["trainer"] == {"epochs": 3, "name": None, "batch_size": 64}
    assert "resolved" not in offline.config


def test_history_has_each_row_at_its_step(offline):
    steps = [row["_step"] for row in offline.rows]
    assert steps == [50, 60, 120, 180, 181]
    assert offline.rows[0]["batch/loss"] == 2.5
    assert [row["epoch/val_accuracy"] for row in offline.rows[1:4]] == [0.90, 0.95, 0.93]


def test_epoch_and_batch_metrics_have_axes_of_their_own(offline):
    assert offline.metrics["epoch/*"].step_metric == metrics.EPOCH_NUMBER
    assert offline.metrics["batch/*"].step_metric == metrics.BATCH_STEP


def test_the_summary_holds_the_best_and_what_was_given(offline):
    assert offline.summary[metrics.BEST_VALIDATION_ACCURACY] == 0.95
    assert offline.summary[metrics.BEST_VALIDATION_LOSS] == pytest.approx(1 / 3)
    assert offline.summary["weights_digest"] == "abc"
    assert offline.summary["nested"] == {"a": 1}


def test_the_confusion_matrix_reads_back_as_a_table(offline):
    table = _table(offline, offline.rows[-1]["validation/confusion_matrix_table"])
    assert table["columns"] == ["Actual", "Predicted", "nPredictions"]
    assert table["data"] == [["cat", "cat", 5], ["cat", "dog", 1], ["dog", "cat", 2], ["dog", "dog", 7]]


def test_a_table_keeps_its_images(offline):
    # The run's own copy of a table has no images: those are in the artifact that the client makes of it.
    (artifact,) = [found for found in offline.artifacts if found.name.startswith("run-run00001-validationmistakes")]
    files = {entry.path: Path(entry.local_path) for entry in artifact.manifest.contents}
    (name,) = [name for name in files if name.endswith(".table.json")]
    table = json.loads(files[name].read_text())
    assert table["columns"] == ["index", "image", "true"]
    ((index, image, true),) = table["data"]
    assert (index, true) == (3, "cat")
    assert image["caption"] == "cat taken for dog"
    with Image.open(files[image["path"]]) as picture:
        assert np.array_equal(np.asarray(picture), PIXELS)


def test_an_image_keeps_its_pixels(offline):
    (folder,) = offline.output.glob("wandb/*-run00001/files")
    with Image.open(folder / offline.rows[-1]["picture"]["path"]) as picture:
        assert np.array_equal(np.asarray(picture), PIXELS)


def test_the_model_is_an_artifact_whose_file_nobody_changes(offline):
    (artifact,) = [artifact for artifact in offline.artifacts if artifact.type == "model"]
    assert artifact.name == "model-run00001"
    assert sorted(artifact.aliases) == ["best", "latest"]
    assert json.loads(artifact.metadata) == {"best/val_accuracy": 0.95}
    (entry,) = artifact.manifest.contents
    assert entry.path == "model.keras"
    assert Path(entry.local_path).read_bytes() == b"a model"


def test_wrong_calls_are_refused(offline):
    missing, name, step = offline.results[1:4]
    assert missing.startswith("a model artifact needs a file; there is none at ")
    assert name.startswith("'a/b' is no name for a model artifact")
    assert step == "steps must increase; received 181 after 181"
    assert offline.results[5] == "the run is finished: a tracker takes nothing more after finish"


def test_the_console_is_captured(offline):
    (log,) = offline.output.glob("wandb/*-run00001/files/output.log")
    assert "said while training" in log.read_text()


def test_it_ends_as_told(offline):
    assert offline.exit_code == 0


@pytest.mark.parametrize("exit_code", [255, 75, 1])
def test_other_ends(run_offline, exit_code):
    run = run_offline(f"tracker.mark_preempting()\ntracker.finish({exit_code})", WANDB_SILENT="true")
    assert run.exit_code == exit_code
    assert run.preempting


def test_the_checkout_s_version_is_recorded(run_offline, tmp_path):
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.invalid", "-C", str(tmp_path)]
    (tmp_path / "train.py").write_text("1")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "m"]):
        subprocess.run([*git, *command], check=True)
    script = f'import os\nos.chdir({str(tmp_path)!r})\ntracker = open_it("offline")\ntracker.finish()'
    run = run_offline(script, mode="", WANDB_SILENT="true")
    assert run.config["code"]["dirty"] is False
    assert len(run.config["code"]["commit"]) == 40


def test_swept_keys_keep_the_sweep_s_values(run_offline, tmp_path):
    parameters = tmp_path / "config.yaml"
    parameters.write_text(
        'wandb_version: 1\nmodel: {value: "mlp"}\ntrainer.batch_size: {value: 32}\nseed: {value: {value: 3}}\n'
    )
    run = run_offline(
        """
tracker.configure({"model": {"name": "mlp"}, "trainer": {"batch_size": 32}})
tracker.configure({"seed": {"value": 3, "deterministic": False}})
result(tracker.run_id)
tracker.finish()
""",
        WANDB_SWEEP_ID="sweep001",
        WANDB_RUN_ID="agents01",
        WANDB_PROJECT="agents",
        WANDB_SWEEP_PARAM_PATH=str(parameters),
    )
    assert run.results == ["agents01"]
    assert run.run.project == "agents"
    assert run.run.sweep_id == "sweep001"
    assert run.config["model"] == "mlp"
    assert run.config["trainer.batch_size"] == 32
    assert run.config["trainer"] == {"batch_size": 32}
    assert run.config["seed"] == {"value": 3}
    assert run.config["resolved"] == {"model": {"name": "mlp"}, "seed": {"value": 3, "deterministic": False}}


def test_the_user_s_own_choice_of_offline_holds_without_a_login(run_offline):
    run = run_offline('tracker.log({"a": 1}, step=0)\ntracker.finish()', mode="wandb", WANDB_MODE="offline")
    assert [row["a"] for row in run.rows] == [1]


def _table(run, value):
    assert value["_type"] == "table-file"
    (folder,) = run.output.glob("wandb/*-run00001/files")
    return json.loads((folder / value["path"]).read_text())


def test_the_user_s_own_choice_of_disabled_keeps_nothing(run_offline):
    run = run_offline(
        """
tracker.configure({"a": 1})
tracker.log({"a": 1}, step=0)
model = output / "model.keras"
model.write_bytes(b"a model")
tracker.log_model(model, name="m", aliases=("latest",), metadata={})
result([tracker.run_id, tracker.url, tracker.should_stop()])
tracker.finish()
result(sorted(path.name for path in output.iterdir()))
""",
        mode="wandb",
        WANDB_MODE="disabled",
    )
    assert run.results == [["run00001", None, None], ["model.keras"]]
