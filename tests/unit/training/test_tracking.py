"""What a fit tells its tracker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sweepyard.config.schema import ExperimentConfig, MlpConfig, OptimizerConfig, ScheduleConfig
from sweepyard.datasets.dataset import Dataset, Split
from sweepyard.domain import metrics
from sweepyard.domain.media import ConfusionMatrix, Image, Table
from sweepyard.errors import ConfigInvalid, NonFiniteLoss
from sweepyard.tracking.memory import MemoryTracker
from sweepyard.training import inference
from sweepyard.training.callbacks.best import best_epoch, best_metrics

pytestmark = pytest.mark.slow


@pytest.fixture
def quick(config: ExperimentConfig) -> ExperimentConfig:
    """A model that trains at once: six steps an epoch, two epochs."""
    model = MlpConfig(units=(16,), dropout=0.0)
    return replace(config, model=model, trainer=replace(config.trainer, epochs=2))


def batch_steps(tracker: MemoryTracker) -> list[int]:
    return [row.step for row in tracker.rows if metrics.BATCH_LOSS in row.values]


def test_rows_of_epochs_and_batches_have_the_declared_names(quick: ExperimentConfig, run_fit: Any) -> None:
    result, tracker = run_fit(quick)
    epochs = [row for row in tracker.rows if metrics.LOSS in row.values]
    assert [row.step for row in epochs] == [6, 12]
    assert all(set(metrics.LOGGED_BY_EPOCH) <= set(row.values) for row in epochs)
    assert tracker.series(metrics.EPOCH_NUMBER) == [1, 2]
    assert tracker.series(metrics.LOSS) == result.fit_log["loss"]
    assert tracker.series(metrics.VALIDATION_ACCURACY) == result.fit_log["val_accuracy"]
    assert all(isinstance(value, float) and value > 0 for value in tracker.series(metrics.IMAGES_PER_SECOND))
    batches = [row for row in tracker.rows if metrics.BATCH_LOSS in row.values]
    assert all(set(metrics.LOGGED_BY_BATCH) <= set(row.values) for row in batches)
    names = {name for row in epochs + batches for name in row.values}
    assert names == {*metrics.LOGGED_BY_EPOCH, *metrics.LOGGED_BY_BATCH}


@pytest.mark.parametrize(
    ("log_every", "at_once", "expected"),
    [
        (1, 1, list(range(1, 13))),
        (4, 1, [4, 8, 12]),
        (0, 1, []),
        (2, 2, [2, 4, 6, 8, 10, 12]),
        (4, 4, [4, 10, 12]),  # an execution ends with its epoch: after step 4, 6, 10 and 12
        (5, 2, [6, 10]),
        (100, 4, []),
    ],
)
def test_batch_rows_come_whatever_steps_per_execution_is(
    quick: ExperimentConfig, run_fit: Any, log_every: int, at_once: int, expected: list[int]
) -> None:
    config = replace(quick, tracking=replace(quick.tracking, batch_every_steps=log_every))
    _, tracker = run_fit(config, steps_per_execution=at_once)
    assert batch_steps(tracker) == expected
    assert [row.step for row in tracker.rows] == sorted({row.step for row in tracker.rows})


def test_the_learning_rate_is_that_of_the_step(quick: ExperimentConfig, run_fit: Any) -> None:
    config = replace(quick, optimizer=OptimizerConfig(learning_rate=0.1, schedule=ScheduleConfig(name="linear")))
    _, tracker = run_fit(replace(config, tracking=replace(quick.tracking, batch_every_steps=1)))
    expected = [0.1 * (1 - step / 12) for step in range(12)]
    assert tracker.series(metrics.BATCH_LEARNING_RATE) == pytest.approx(expected, rel=1e-5)
    assert tracker.series(metrics.LEARNING_RATE) == pytest.approx([expected[5], expected[11]], rel=1e-5)


def test_the_run_config_holds_what_the_run_was_made_from(
    quick: ExperimentConfig, run_fit: Any, dataset: Dataset
) -> None:
    _, tracker = run_fit(quick)
    assert tracker.config["model"] == {"name": "mlp"}
    provenance: Any = tracker.config["provenance"]
    assert provenance["data"] == {"name": "bars", "digest": dataset.digest, "train": 90, "validation": 40, "test": 30}
    assert provenance["determinism"]["threads"] == 1
    assert provenance["determinism"]["deterministic"] is True
    assert {"keras", "numpy"} <= set(provenance["packages"])
    assert provenance["code_version"]


def test_the_summary_holds_the_best_and_the_digest(quick: ExperimentConfig, run_fit: Any) -> None:
    result, tracker = run_fit(quick)
    assert tracker.summary == {**result.best, metrics.WEIGHTS_DIGEST: result.weights_digest}
    assert result.best[metrics.BEST_VALIDATION_ACCURACY] == max(result.fit_log["val_accuracy"])
    assert tracker.exit_code is None


def test_best_is_the_highest_accuracy_then_the_lowest_loss() -> None:
    log = {"val_accuracy": [0.5, 0.9, 0.9, 0.9], "val_loss": [0.1, 0.6, 0.4, 0.4]}
    assert best_epoch(log) == 2
    assert best_metrics(log) == {"best/val_accuracy": 0.9, "best/val_loss": 0.1, "best/epoch": 3}
    assert best_metrics({}) == {}


def test_media_show_the_validation_split(quick: ExperimentConfig, run_fit: Any, dataset: Dataset) -> None:
    config = replace(quick, tracking=replace(quick.tracking, mistakes=5))
    result, tracker = run_fit(config)
    predictor = inference.load(result.model_path)
    probabilities = predictor.predict(dataset.validation.images)
    labels, predicted = dataset.validation.labels, probabilities.argmax(axis=1)
    assert tracker.rows[-1].step == 13
    matrix = tracker.rows[-1].values[metrics.CONFUSION_MATRIX]
    assert isinstance(matrix, ConfusionMatrix)
    assert matrix.counts.sum() == 40
    assert np.trace(matrix.counts) == (predicted == labels).sum()
    assert [row.sum() for row in matrix.counts] == [(labels == label).sum() for label in range(3)]
    table = tracker.rows[-1].values[metrics.MISTAKES]
    assert isinstance(table, Table)
    wrong = [
        index for index in np.argsort(-probabilities.max(axis=1), kind="stable") if predicted[index] != labels[index]
    ]
    assert [row[0] for row in table.rows] == wrong[:5]
    for index, picture, true, guess, confidence in table.rows:
        assert isinstance(picture, Image)
        assert isinstance(index, int)
        np.testing.assert_array_equal(picture.pixels, dataset.validation.images[index])
        assert (true, guess) == (dataset.class_names[labels[index]], dataset.class_names[predicted[index]])
        assert confidence == pytest.approx(probabilities[index].max(), abs=1e-4)


def test_models_are_logged_as_latest_and_best(config: ExperimentConfig, run_fit: Any) -> None:
    # A rate this high makes a later epoch worse than the first.
    config = replace(
        config, model=MlpConfig(units=(), dropout=0.0), optimizer=OptimizerConfig(name="sgd", learning_rate=9)
    )
    result, tracker = run_fit(config, epochs=4)
    digests = {
        alias: inference.load(model.path).card.weights_digest for model in tracker.models for alias in model.aliases
    }
    assert digests["latest"] == result.weights_digest
    best = next(model for model in tracker.models if "best" in model.aliases)
    assert best.name == "model-r1"
    assert best.metadata[metrics.BEST_VALIDATION_ACCURACY] == result.best[metrics.BEST_VALIDATION_ACCURACY]
    assert tracker.models[-1].aliases[0] == "latest"
    is_last = result.best[metrics.BEST_EPOCH] == 4
    assert (digests["best"] == digests["latest"]) == is_last
    assert len(tracker.models) == (1 if is_last else 2)


def test_what_is_switched_off_is_not_logged(quick: ExperimentConfig, run_fit: Any) -> None:
    tracking = replace(quick.tracking, confusion_matrix=False, mistakes=0, model_artifact=False)
    _, tracker = run_fit(replace(quick, tracking=tracking))
    assert tracker.models == []
    assert tracker.rows[-1].step == 12
    _, silent = run_fit(replace(quick, tracking=replace(quick.tracking, mode="disabled")))
    assert silent.rows == []


def test_tracking_changes_no_weight(quick: ExperimentConfig, run_fit: Any) -> None:
    tracked, _ = run_fit(quick)
    bare, _ = run_fit(replace(quick, tracking=replace(quick.tracking, mode="disabled")))
    assert tracked.weights_digest == bare.weights_digest
    assert bare.timing.hook_seconds == 0
    assert 0 < tracked.timing.hook_seconds < tracked.timing.fit_seconds


def test_a_loss_that_is_no_number_fails_the_run_with_its_reason(quick: ExperimentConfig, run_fit: Any) -> None:
    tracker = MemoryTracker("r1")
    config = replace(quick, optimizer=OptimizerConfig(name="sgd", learning_rate=100.0, arguments={"momentum": 0.99}))
    config = replace(config, model=MlpConfig(units=(32, 32), activation="linear", dropout=0.0, l2=1.0))
    with pytest.raises(NonFiniteLoss, match=r"loss must be a finite number; received (nan|inf) in epoch \d+, step \d+"):
        run_fit(config, tracker=tracker, epochs=40)
    assert "must be a finite number" in str(tracker.summary[metrics.FAILURE])
    values = [value for row in tracker.rows for value in row.values.values()]
    assert all(np.isfinite(value) for value in values if isinstance(value, float))


def test_a_stop_of_the_server_is_no_preemption(quick: ExperimentConfig, run_fit: Any, stop_after: Any) -> None:
    tracker = MemoryTracker("r1", stop=True)
    result, _ = run_fit(quick, stop=stop_after(3), tracker=tracker)
    assert (result.exit_code, result.stopped_because) == (255, "stopped by the server")
    assert not tracker.preempting
    assert tracker.models == []


@pytest.mark.parametrize("stop", [False, None])
def test_without_the_servers_word_a_signal_is_a_preemption(
    quick: ExperimentConfig, run_fit: Any, stop_after: Any, stop: bool | None
) -> None:
    tracker = MemoryTracker("r1", stop=stop)
    result, _ = run_fit(quick, stop=stop_after(3), tracker=tracker)
    assert (result.exit_code, tracker.preempting) == (75, True)


def test_a_signal_in_the_last_validation_lets_the_fit_end(
    quick: ExperimentConfig, run_fit: Any, stop_after: Any
) -> None:
    result, _ = run_fit(quick, stop=stop_after(12))
    assert (result.exit_code, result.epochs) == (0, 2)


def test_class_balanced_loss_weighs_training_only(quick: ExperimentConfig, run_fit: Any, dataset: Dataset) -> None:
    keep = np.flatnonzero((dataset.train.labels != 0) | (np.arange(90) % 5 == 0))
    skewed = replace(dataset, train=Split(dataset.train.images[keep], dataset.train.labels[keep]))
    plain, _ = run_fit(quick, data=skewed)
    balanced, _ = run_fit(quick, data=skewed, loss="class_balanced")
    assert balanced.weights_digest != plain.weights_digest
    predictor = inference.load(balanced.model_path)
    loss = predictor.evaluate(dataset.validation, "validation")["validation/loss"]
    assert balanced.fit_log["val_loss"][-1] == pytest.approx(loss, rel=1e-4)


def test_smoothing_and_mixed_precision_and_standardising_train(quick: ExperimentConfig, run_fit: Any) -> None:
    config = replace(quick, data=replace(quick.data, scaling="standardise"))
    result, _ = run_fit(config, mixed_precision=True, label_smoothing=0.1)
    assert result.epochs == 2
    assert inference.load(result.model_path).network.weights[0].dtype == "float32"


def test_what_xla_cannot_do_is_refused_at_once(quick: ExperimentConfig, run_fit: Any) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        run_fit(quick, jit_compile=True)
    assert [violation.rule.split()[2] for violation in caught.value.violations] == [
        "data.augmentation",
        "seed.deterministic",
    ]


def test_a_fit_prints_the_model_each_epoch_and_the_rounded_fit_log(
    quick: ExperimentConfig, run_fit: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    result, _ = run_fit(quick, verbose="epochs")
    text = capsys.readouterr().out
    assert "Total params: " in text
    assert f"epoch 2/2  loss {result.fit_log['loss'][1]:.4f}" in text
    last = text.strip().splitlines()[-1].split()
    assert last[0] == "2"
    assert f"{result.fit_log['loss'][1]:.2f}" in last
    run_fit(quick, verbose="progress")
    assert "━" in capsys.readouterr().out
    run_fit(quick)
    assert capsys.readouterr().out == ""
