"""A fit that was interrupted ends with the weights, the fit log and the history of one that was not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweepyard.config.schema import (
    CheckpointConfig,
    EarlyStoppingConfig,
    ExperimentConfig,
    OptimizerConfig,
    ScheduleConfig,
)
from sweepyard.domain import metrics
from sweepyard.errors import CheckpointError
from sweepyard.tracking.memory import MemoryTracker
from sweepyard.training.result import FitResult

# One worker's, so that what is shared is made once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("resume")]

# Throughput is a measurement; all else must repeat.
MEASURED = {metrics.IMAGES_PER_SECOND}


def numbers(tracker: MemoryTracker) -> list[tuple[int, dict[str, Any]]]:
    return [
        (row.step, {name: value for name, value in row.values.items() if isinstance(value, int | float)})
        for row in tracker.rows
    ]


def without_measured(rows: list[tuple[int, dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
    return [(step, {name: value for name, value in row.items() if name not in MEASURED}) for step, row in rows]


@pytest.fixture
def finished(uninterrupted: Any, tmp_path: Path) -> FitResult:
    """The uninterrupted fit; a copy of its folder lies where `run_fit` fits."""
    result: FitResult = uninterrupted()[0]
    shutil.copytree(result.model_path.parent, tmp_path / "run")
    return result


def test_two_runs_give_the_same_digest(config: ExperimentConfig, run_fit: Any, uninterrupted: Any) -> None:
    first, _ = uninterrupted()
    second, _ = run_fit(config)
    assert first.weights_digest == second.weights_digest
    assert first.fit_log == second.fit_log


def test_another_seed_gives_another_digest(config: ExperimentConfig, run_fit: Any, uninterrupted: Any) -> None:
    first, _ = uninterrupted()
    second, _ = run_fit(replace(config, seed=replace(config.seed, value=4)))
    assert first.weights_digest != second.weights_digest


# The flag is read after each execution but an epoch's last, and after each epoch.
@pytest.mark.parametrize(("every", "steps"), [(1, 1), (1, 4), (1, 6), (1, 9), (2, 2), (2, 3)])
def test_preempted_anywhere_it_ends_as_if_uninterrupted(
    config: ExperimentConfig, run_fit: Any, uninterrupted: Any, stop_after: Any, every: int, steps: int
) -> None:
    whole, whole_tracker = uninterrupted(every)
    tracker = MemoryTracker("r1")
    part, _ = run_fit(config, stop=stop_after(steps), tracker=tracker, steps_per_execution=every)
    assert part.exit_code == 75
    assert part.stopped_because == "preempted"
    assert tracker.preempting
    rest_tracker = MemoryTracker("r1", last_logged_step=tracker.rows[-1].step if tracker.rows else -1)
    rest, _ = run_fit(config, resume=True, tracker=rest_tracker, steps_per_execution=every)
    assert rest.exit_code == 0
    assert rest.weights_digest == whole.weights_digest
    assert rest.fit_log == whole.fit_log
    assert without_measured(numbers(tracker) + numbers(rest_tracker)) == without_measured(numbers(whole_tracker))


@pytest.mark.parametrize("held", [-1, 4, 12])
def test_rows_the_server_lacks_are_logged_again_and_no_others(
    config: ExperimentConfig, run_fit: Any, uninterrupted: Any, stop_after: Any, held: int
) -> None:
    _, whole = uninterrupted()
    run_fit(config, stop=stop_after(10))
    rest = MemoryTracker("r1", last_logged_step=held)
    run_fit(config, resume=True, tracker=rest)
    expected = [(step, row) for step, row in without_measured(numbers(whole)) if step > held]
    assert without_measured(numbers(rest)) == expected


def test_early_stopping_goes_on_where_it_was(config: ExperimentConfig, run_fit: Any, stop_after: Any) -> None:
    early = EarlyStoppingConfig(enabled=True, monitor="val_accuracy", patience=2, min_delta=0.5)
    config = replace(config, trainer=replace(config.trainer, epochs=8, early_stopping=early))
    whole, _ = run_fit(config, folder="whole")
    assert whole.stopped_because == f"early stopping after epoch {whole.epochs}"
    assert whole.epochs < 8
    run_fit(config, stop=stop_after(9))
    rest, _ = run_fit(config, resume=True)
    assert (rest.epochs, rest.weights_digest) == (whole.epochs, whole.weights_digest)
    again, _ = run_fit(config, resume=True)
    assert (again.epochs, again.weights_digest) == (whole.epochs, whole.weights_digest)
    assert again.stopped_because == whole.stopped_because


def test_a_finished_fit_resumes_to_the_same_end(
    config: ExperimentConfig, run_fit: Any, finished: FitResult, capsys: pytest.CaptureFixture[str]
) -> None:
    loud = replace(config, trainer=replace(config.trainer, verbose="epochs"))
    again, _ = run_fit(loud, resume=True)
    assert f"nothing is left to train: the run has had its epochs ({finished.epochs})\n" in capsys.readouterr().out
    assert again.weights_digest == finished.weights_digest
    assert again.fit_log == finished.fit_log


@pytest.mark.usefixtures("finished")
def test_more_epochs_continue_a_finished_fit(config: ExperimentConfig, run_fit: Any) -> None:
    whole, _ = run_fit(config, folder="whole", epochs=4)
    longer, _ = run_fit(config, resume=True, epochs=4)
    assert longer.weights_digest == whole.weights_digest


def test_resume_without_a_checkpoint_starts_anew(config: ExperimentConfig, run_fit: Any, uninterrupted: Any) -> None:
    whole, _ = uninterrupted()
    first, _ = run_fit(config, resume=True)
    assert first.weights_digest == whole.weights_digest


@pytest.mark.usefixtures("finished")
def test_a_fresh_fit_drops_the_checkpoints_of_an_older_one(
    config: ExperimentConfig, run_fit: Any, stop_after: Any, tmp_path: Path
) -> None:
    run_fit(config, stop=stop_after(2))
    assert [path.name for path in (tmp_path / "run/checkpoints").iterdir()] == ["step-000000002.npz"]


@pytest.mark.usefixtures("finished")
def test_another_config_is_refused_with_all_differences(config: ExperimentConfig, run_fit: Any) -> None:
    other = replace(config, optimizer=OptimizerConfig(learning_rate=0.5))
    with pytest.raises(CheckpointError) as caught:
        run_fit(other, resume=True, batch_size=8)
    assert "optimizer.learning_rate was 0.001, is 0.5" in str(caught.value)
    assert "trainer.batch_size was 16, is 8" in str(caught.value)


def test_epochs_may_not_change_under_a_schedule_that_counts_them(config: ExperimentConfig, run_fit: Any) -> None:
    config = replace(config, optimizer=OptimizerConfig(schedule=ScheduleConfig(name="cosine")))
    run_fit(config)
    with pytest.raises(CheckpointError, match=r"trainer\.epochs was 3, is 4"):
        run_fit(config, resume=True, epochs=4)


def test_checkpoints_every_n_steps_keep_the_last_ones(config: ExperimentConfig, run_fit: Any, tmp_path: Path) -> None:
    run_fit(config, epochs=2, checkpoint=CheckpointConfig(every_steps=4, keep=3))
    names = sorted(path.name for path in (tmp_path / "run/checkpoints").iterdir())
    assert names == [f"step-{step:09d}.npz" for step in (6, 8, 12)]


def test_without_checkpoints_nothing_is_written(
    config: ExperimentConfig, run_fit: Any, stop_after: Any, tmp_path: Path
) -> None:
    result, _ = run_fit(config, stop=stop_after(3), checkpoint=CheckpointConfig(enabled=False))
    assert result.exit_code == 75
    assert not (tmp_path / "run/checkpoints").exists()
