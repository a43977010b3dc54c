"""One training run, from its config to its end."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard import exitcodes
from sweepyard.agents import handover
from sweepyard.errors import CheckpointError, InvalidInput, OutOfMemory, SweepyardError
from sweepyard.files import make_folder
from sweepyard.settings import RESUMED_VARIABLE, SHARED_DEVICE_VARIABLE, Settings, own_command
from sweepyard.wiring.finishing import bounded_wait, told_for
from sweepyard.wiring.joining import open_server

if TYPE_CHECKING:
    from sweepyard.config.schema import ExperimentConfig, TrackingConfig
    from sweepyard.datasets.dataset import Dataset
    from sweepyard.datasets.download import Progress
    from sweepyard.training.checkpoints import Checkpoints
    from sweepyard.training.result import FitResult
    from sweepyard.training.stopping import StopSignal
    from sweepyard.wiring.starting import Start

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRequest:
    """What `sweepyard train` was asked for.

    Attributes:
        overrides: Hydra overrides.
        config_folder: The user's own `conf/`.
        resume: The folder of an earlier run to go on with.
    """

    overrides: tuple[str, ...]
    config_folder: Path | None = None
    config_name: str = "train"
    resume: Path | None = None


def run_training(
    request: TrainingRequest,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    start: Start,
    stop: StopSignal,
    downloads: AbstractContextManager[Progress],
    say: Say = print,
) -> FitResult:
    """Compose, load the data, open the tracker, fit: one run from beginning to end.

    Args:
        start: Whether this process was made for the run alone, or forked for it.
        stop: Makes the fit leave early, with a checkpoint.
        downloads: Shows them, should the data have to be fetched.

    Raises:
        SweepyardError: What its parts raise; nothing is written before config and data are known to be right, and to
            be those of the run that is gone on with, nor left of an untracked run whose model cannot be built; a run
            that was opened is finished as failed.
    """
    from sweepyard.clock import SystemClock
    from sweepyard.config.compose import compose
    from sweepyard.ids import RandomIds
    from sweepyard.tracking.opening import open_tracker
    from sweepyard.training import backend, console
    from sweepyard.training.checkpoint_folders import folder_of
    from sweepyard.training.checkpoints import Checkpoints

    composition = compose(request.overrides, config_folder=request.config_folder, config_name=request.config_name)
    config = composition.config
    start.begin(composition)
    backend.check_installed()
    with downloads as progress:
        dataset = start.load(config.data, settings, progress)

    by_agent = bool(environ.get("WANDB_SWEEP_ID"))
    if by_agent:
        config = replace(config, tracking=_tracked(config.tracking, say))
    else:
        _tell_of_unheeded_mode(config.tracking, environ, say)
    project = (environ.get("WANDB_PROJECT") if by_agent else None) or config.tracking.project
    run_id = environ.get("WANDB_RUN_ID") or RandomIds().short()
    folder = request.resume or Path(config.output).expanduser().absolute() / project / run_id
    # A run that an agent starts anew, after a crash or a preemption, goes on where it was.
    place = folder_of(config.trainer.checkpoint.folder, folder)
    checkpoints = Checkpoints(place, config.trainer.checkpoint.keep)
    begun = checkpoints.begun
    going_on = begun and (by_agent or config.trainer.resume)
    if request.resume is not None:
        if not begun:
            raise CheckpointError(f"a run to go on with must have a checkpoint; there is none in {place}")
        run_id, going_on = folder.name, True
    # Before anything of the run changes. An agent's run is begun by then, and its server is to hear of the refusal.
    if going_on and not by_agent:
        _check_resumable(config, dataset, checkpoints)
    config = replace(config, trainer=replace(config.trainer, resume=going_on))
    with (
        _new_folder(folder) as keep_folder,
        console.kept_in(folder / "train.log"),
        open_server(config.tracking.mode, settings, environ) as server,
        told_for(folder, stop, environ),
    ):
        composition.write(folder)
        tracker = open_tracker(
            config.tracking,
            server=server,
            output=folder,
            run_id=run_id,
            name=config.name,
            notes=config.notes,
            resume=going_on,
            environ=environ,
            leaves=lambda: stop.is_set,
        )
        if config.tracking.mode != "disabled":
            keep_folder()  # The run is known from here on, and its client has files there.
        say(f"run {tracker.run_id} in {folder}" + (f", at {tracker.url}" if tracker.url else ""))
        if environ.get(RESUMED_VARIABLE) and not begun:
            say(
                f"this run was to go on, but there is no checkpoint of it in {place}: it starts from its beginning. "
                "Agents that share no disk need a trainer.checkpoint.folder that all of them reach"
            )
        # What is recorded is what was: `warm` only allows it.
        resolved = {**composition.resolved, "output": str(folder.parent.parent), "warm": start.is_warm}
        try:
            backend.load()
            from sweepyard.training.loop import fit

            result = fit(config, dataset, tracker, folder, resolved=resolved, stop=stop, clock=SystemClock())
        except BaseException as error:
            if not isinstance(error, InvalidInput):  # Such a run has made no step.
                keep_folder()
            if isinstance(error, OutOfMemory) and environ.get(SHARED_DEVICE_VARIABLE):
                tracker.mark_preempting()  # Alone on the device, or with fewer others, it may fit.
            tracker.finish(_exit_code_of(error))
            raise
        handover.tell(environ)
        again = f"{own_command(environ)} train --resume {shlex.quote(str(folder))}"
        with bounded_wait(tracker.url, settings.home if server is not None else None, None if by_agent else again):
            tracker.finish(result.exit_code)
        _report(result, again, tracker.url, say)
        if not by_agent:
            _say_how_the_page_is_seen_later(tracker.url, settings, say)
    return result


def _tracked(config: TrackingConfig, say: Say) -> TrackingConfig:
    """`config` as it holds under an agent, whose server counts a run that it never hears of as crashed."""
    from sweepyard.config.schema import UNTRACKED

    if config.mode not in UNTRACKED:
        return config
    say(f"tracking.mode is {config.mode}, but under an agent the agent's server wins: this run is tracked there")
    return replace(config, mode="wandb")


def _tell_of_unheeded_mode(config: TrackingConfig, environ: Mapping[str, str], say: Say) -> None:
    """Say that W&B's own switch does nothing here, to somebody who has set it to keep a run from servers."""
    wanted = environ.get("WANDB_MODE", "")
    word = {"disabled": "disabled", "offline": "offline", "dryrun": "offline"}.get(wanted)
    if word is not None and config.mode not in {word, "wandb"}:  # With tracking=wandb the client heeds it.
        say(f"WANDB_MODE={wanted} is not heeded: tracking.mode decides, and is {config.mode}. Use tracking={word}")


def _check_resumable(config: ExperimentConfig, dataset: Dataset, checkpoints: Checkpoints) -> None:
    """See to it that the fit that the config asks for is the one whose checkpoints these are."""
    from sweepyard.training import backend

    backend.load()
    from sweepyard.training.seeding import determinism_of
    from sweepyard.training.state import check_same_fit, fingerprint

    checkpoint = checkpoints.latest()
    if checkpoint is not None:
        determinism = determinism_of(config.seed, config.trainer.threads)
        check_same_fit(checkpoint, fingerprint(config, dataset.digest, determinism))


def _exit_code_of(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return exitcodes.STOPPED
    return error.exit_code if isinstance(error, SweepyardError) else 1


@contextmanager
def _new_folder(folder: Path) -> Iterator[Callable[[], None]]:
    """A run's folder, removed if it is new and an error comes before the block has called what it is given."""
    is_new, is_kept = not folder.exists(), False

    def keep() -> None:
        nonlocal is_kept
        is_kept = True

    make_folder(folder, "output")
    try:
        yield keep
    except SweepyardError:
        if is_new and not is_kept:
            shutil.rmtree(folder)
        raise


def _report(result: FitResult, again: str, url: str | None, say: Say) -> None:
    if result.stopped_because:
        say(f"ended early: {result.stopped_because}; go on with: {again}")
    best = ", ".join(f"{name} {value:g}" for name, value in result.best.items())
    epochs = f"{result.epochs} epoch{'' if result.epochs == 1 else 's'}"
    say(f"{epochs} in {result.timing.fit_seconds:.1f} s; {best or 'no epoch was completed'}")
    if result.epochs:
        say(f"model: {result.model_path}")
    if url:
        say(f"run:   {url}")


def _say_how_the_page_is_seen_later(url: str | None, settings: Settings, say: Say) -> None:
    from sweepyard.hub import embedded

    hint = embedded.page_hint(url, settings)
    if hint:
        say(f"       ({hint})")
