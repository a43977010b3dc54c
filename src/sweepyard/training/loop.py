"""One readable fit."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from sweepyard import exitcodes
from sweepyard.clock import Clock
from sweepyard.config.schema import CustomModelConfig, ExperimentConfig
from sweepyard.datasets.dataset import Dataset
from sweepyard.domain import metrics
from sweepyard.errors import NonFiniteLoss, OutOfMemory
from sweepyard.jsonvalue import JsonObject
from sweepyard.tracking.tracker import MetricValue, Tracker
from sweepyard.training import backend, fitlog, modelfile, seeding
from sweepyard.training.callbacks.best import BestWeights, best_metrics
from sweepyard.training.callbacks.checkpointing import Checkpointing
from sweepyard.training.callbacks.early_stopping import ResumableEarlyStopping
from sweepyard.training.callbacks.lifecycle import FitCallbacks
from sweepyard.training.callbacks.nonfinite import NonFiniteGuard
from sweepyard.training.callbacks.printing import PrintEpochs
from sweepyard.training.callbacks.progress import Progress
from sweepyard.training.callbacks.timing import Stopwatch
from sweepyard.training.callbacks.tracking import TrackMetrics
from sweepyard.training.checkpoint_folders import CheckpointFolder, folder_of
from sweepyard.training.checkpoints import Checkpoints
from sweepyard.training.digest import weights_digest
from sweepyard.training.experiment import Experiment, build
from sweepyard.training.inference import logits_of, softmax
from sweepyard.training.ledger import HistoryLedger
from sweepyard.training.media import confusion_matrix, mistakes
from sweepyard.training.modelfile import ModelCard
from sweepyard.training.provenance import run_config
from sweepyard.training.result import FitResult, FitTiming
from sweepyard.training.state import FitState, fingerprint
from sweepyard.training.stopping import LeftEarly, StopSignal
from sweepyard.training.watchdog import Watchdog

MODEL_FILE = "model.keras"
BEST_MODEL_FILE = "model-best.keras"


def fit(
    config: ExperimentConfig,
    dataset: Dataset,
    tracker: Tracker,
    output: Path,
    *,
    resolved: JsonObject,
    stop: StopSignal,
    clock: Clock,
) -> FitResult:
    """Train a model as `config` says, from the last checkpoint in `output` if `trainer.resume` is set.

    The tracker stays open: whoever opened it finishes it with the result's exit code, or with 1 when this
    raises.

    Args:
        output: The run's own folder, `project/run`; model files go there, and checkpoints unless the config names
            another folder.
        resolved: The config as plain JSON, for the run config.
        stop: Set it to make the fit leave after its present step, with a checkpoint.

    Raises:
        InvalidInput: The config does not fit the data or the backend, or names a folder that keeps no checkpoints.
        NonFiniteLoss: The loss became NaN or infinite; the reason stands in the run's summary too.
        CheckpointError: A checkpoint cannot be written, or the last one cannot be resumed from.
        ModelFileError: The model file cannot be written.
        TrainingError: Threads cannot be pinned any more.
    """
    determinism = seeding.apply(config.seed, config.trainer.threads)
    experiment = build(config, dataset)
    tracker.configure(run_config(resolved, dataset, determinism))
    if config.trainer.verbose != "silent":
        experiment.network.summary()

    progress = _progress(experiment, clock)
    watch = Stopwatch(clock)
    tracks = config.tracking.mode != "disabled"
    state = FitState(
        model=experiment.model,
        progress=progress,
        ledger=HistoryLedger(tracker),
        early_stopping=_early_stopping(config),
        best=BestWeights(progress, watch) if tracks and config.tracking.model_artifact else None,
        fingerprint=fingerprint(config, dataset.digest, determinism),
    )
    began = clock.monotonic_seconds()
    watchdog = Watchdog(config.trainer.hang_minutes, clock=clock, on_hang=partial(_tell_of_hang, tracker))
    try:
        with watchdog, backend.memory_errors():
            stopped_because = _train(
                experiment,
                state,
                folder_of(config.trainer.checkpoint.folder, output),
                stop,
                watch,
                watchdog,
                tracks=tracks,
            )
        exit_code = 0
    except LeftEarly:
        stopped_because, exit_code = _leave(tracker, stop)
    except (NonFiniteLoss, OutOfMemory) as error:
        tracker.summarize({metrics.FAILURE: str(error)})
        raise
    fitted = clock.monotonic_seconds()

    model_path = output / MODEL_FILE
    card = _card(experiment, tracker.run_id)
    modelfile.save(experiment.network, model_path, card)
    best = best_metrics(progress.fit_log)
    tracker.summarize({**best, metrics.WEIGHTS_DIGEST: card.weights_digest})
    if exit_code == 0 and tracks:
        _log_media(experiment, tracker, progress.step + 1)
        _log_models(experiment, tracker, model_path, card, state.best, best)
    if config.trainer.verbose != "silent" and progress.fit_log:
        print(fitlog.rounded(progress.fit_log), flush=True)
    return FitResult(
        fit_log=progress.fit_log,
        weights_digest=card.weights_digest,
        model_path=model_path,
        epochs=progress.epoch,
        best=best,
        stopped_because=stopped_because,
        exit_code=exit_code,
        timing=FitTiming(fitted - began, watch.seconds, clock.monotonic_seconds() - fitted),
    )


def _train(
    experiment: Experiment,
    state: FitState,
    folder: CheckpointFolder,
    stop: StopSignal,
    watch: Stopwatch,
    watchdog: Watchdog,
    *,
    tracks: bool,
) -> str | None:
    """Train epoch by epoch; gives the reason for ending before the configured epochs, if there was one."""
    config, progress, model = experiment.config, state.progress, experiment.model
    checkpoints = Checkpoints(folder, config.trainer.checkpoint.keep)
    if config.trainer.checkpoint.enabled:
        checkpoints.prepare()
    checkpoint = checkpoints.latest() if config.trainer.resume else None
    if checkpoint is not None:
        state.restore(checkpoint)
        if config.trainer.verbose != "silent" and (progress.epoch >= config.trainer.epochs or _has_stopped(state)):
            print(f"nothing is left to train: the run has had its epochs ({progress.epoch})", flush=True)
    else:
        checkpoints.clear()
    pending = checkpoint if progress.batch else None

    def on_epoch_begin() -> None:
        nonlocal pending
        if pending is not None:
            state.restore_metrics(pending)
            pending = None

    # The order matters: `progress` is read by all others, a bad loss must not be logged, and a
    # checkpoint holds what the callbacks before it have done.
    callbacks: list[Any] = [progress, watchdog, NonFiniteGuard(progress)]
    if tracks:
        every = config.tracking.batch_every_steps
        callbacks.append(TrackMetrics(state.ledger, progress, every_steps=every, watch=watch))
    if config.trainer.verbose == "epochs":
        callbacks.append(PrintEpochs(progress, config.trainer.epochs))
    callbacks += [callback for callback in (state.best, state.early_stopping) if callback is not None]
    callbacks.append(
        Checkpointing(
            config.trainer.checkpoint,
            progress,
            stop,
            write=lambda current: checkpoints.write(state.capture(current)),
            on_epoch_begin=on_epoch_begin,
        )
    )
    # A bar that is redrawn is for terminals; elsewhere Keras prints a line an epoch.
    verbose = (1 if sys.stdout.isatty() else 2) if config.trainer.verbose == "progress" else 0
    epochs = config.trainer.epochs
    with FitCallbacks(
        callbacks, model=model, verbose=verbose, epochs=epochs, steps=experiment.steps_per_epoch
    ) as fit_callbacks:
        while progress.epoch < epochs and not _has_stopped(state):
            model.fit(
                experiment.batches(progress.epoch, progress.batch),
                validation_data=experiment.validation.batches(),
                initial_epoch=progress.epoch,
                epochs=progress.epoch + 1,
                callbacks=fit_callbacks,
                shuffle=False,
                verbose=verbose,
            )
    return f"early stopping after epoch {progress.epoch}" if _has_stopped(state) else None


def _progress(experiment: Experiment, clock: Clock) -> Progress:
    return Progress(
        steps_per_epoch=experiment.steps_per_epoch,
        batch_size=experiment.config.trainer.batch_size,
        images=len(experiment.dataset.train),
        rate_at=experiment.schedule.rate_at,
        clock=clock,
    )


def _early_stopping(config: ExperimentConfig) -> ResumableEarlyStopping | None:
    early_stopping = config.trainer.early_stopping
    return ResumableEarlyStopping(early_stopping) if early_stopping.enabled else None


def _has_stopped(state: FitState) -> bool:
    return state.early_stopping is not None and state.early_stopping.has_stopped


def _leave(tracker: Tracker, stop: StopSignal) -> tuple[str, int]:
    if stop.by_person:
        return "interrupted", exitcodes.STOPPED
    # Stop and preemption both come as SIGTERM; only the server knows which one it is.
    if tracker.should_stop() is True:
        return "stopped by the server", exitcodes.STOPPED
    tracker.mark_preempting()
    return "preempted", exitcodes.PREEMPTED


def _tell_of_hang(tracker: Tracker, goes_on: bool, why: str) -> None:
    if goes_on:
        tracker.mark_preempting()
        tracker.finish(exitcodes.PREEMPTED)
    else:
        tracker.summarize({metrics.FAILURE: why})
        tracker.finish(1)


def _card(experiment: Experiment, run_id: str) -> ModelCard:
    model, dataset = experiment.config.model, experiment.dataset
    return ModelCard(
        scaler=experiment.scaler,
        class_names=dataset.class_names,
        data_name=dataset.name,
        data_digest=dataset.digest,
        run_id=run_id,
        weights_digest=weights_digest(experiment.network),
        target=model.target if isinstance(model, CustomModelConfig) else None,
    )


def _log_media(experiment: Experiment, tracker: Tracker, step: int) -> None:
    tracking, split = experiment.config.tracking, experiment.dataset.validation
    if not (tracking.confusion_matrix or tracking.mistakes):
        return
    names = experiment.dataset.class_names
    probabilities = softmax(logits_of(experiment.network, experiment.validation_images))
    row: dict[str, MetricValue] = {}
    if tracking.confusion_matrix:
        row[metrics.CONFUSION_MATRIX] = confusion_matrix(probabilities.argmax(axis=1), split.labels, names)
    if tracking.mistakes:
        row[metrics.MISTAKES] = mistakes(probabilities, split, names, tracking.mistakes)
    tracker.log(row, step=step)


def _log_models(
    experiment: Experiment,
    tracker: Tracker,
    path: Path,
    card: ModelCard,
    best_weights: BestWeights | None,
    best: dict[str, float],
) -> None:
    """Log the final model as `latest` and the best epoch's as `best`: one version if they are the same."""
    if best_weights is None:
        return
    name = f"model-{tracker.run_id}"
    network = experiment.network
    final = network.get_weights()
    network.set_weights(best_weights.weights)
    best_card = _card(experiment, tracker.run_id)
    metadata: JsonObject = {**best, metrics.WEIGHTS_DIGEST: best_card.weights_digest}
    if best_card.weights_digest == card.weights_digest:
        tracker.log_model(path, name=name, aliases=("latest", "best"), metadata=metadata)
        return
    best_path = path.with_name(BEST_MODEL_FILE)
    modelfile.save(network, best_path, best_card)
    network.set_weights(final)
    # The last version logged is `latest` on every server, so the best one goes first.
    tracker.log_model(best_path, name=name, aliases=("best",), metadata=metadata)
    tracker.log_model(
        path, name=name, aliases=("latest",), metadata={**card.to_json(), metrics.WEIGHTS_DIGEST: card.weights_digest}
    )
