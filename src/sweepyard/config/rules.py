"""Rules across fields: keys that are legal one by one and contradict each other together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args
from urllib.parse import urlsplit

from sweepyard.config.fits import CATALOGUE_SIDE, shape_violations
from sweepyard.config.names import hint_for
from sweepyard.config.schema import (
    DataConfig,
    DatasetName,
    ExperimentConfig,
    OptimizerConfig,
    OptimizerName,
    ScheduleConfig,
    TrackingConfig,
    TrainerConfig,
)
from sweepyard.errors import Violation
from sweepyard.ids import is_legal_name
from sweepyard.remote import without_secrets

_TAKE_MOMENTUM = frozenset({"sgd", "rmsprop"})
_TAKE_FINAL_FRACTION = frozenset({"cosine", "linear"})


def cross_field_violations(config: ExperimentConfig) -> list[Violation]:
    """Every rule across fields that `config` breaks; empty when it breaks none."""
    return [
        *_data(config.data),
        *_shapes(config),
        *_optimizer(config.optimizer),
        *_schedule(config.optimizer.schedule, config.trainer),
        *_trainer(config.trainer),
        *_tracking(config.tracking),
    ]


def _data(data: DataConfig) -> Iterator[Violation]:
    names = get_args(DatasetName)
    if data.target is None and data.name not in names:
        hint = f"{hint_for(data.name, names)} A data set of your own needs `_target_`"
        yield Violation("the data set must be a known one", repr(data.name), hint, "data.name")
    if data.target is None and data.name == "idx" and data.folder is None:
        yield Violation("`idx` needs the folder that holds the files", "null", "Set data.folder", "data.folder")
    if data.target is None and data.arguments:
        yield Violation("arguments need a `_target_` that takes them", repr(data.arguments), where="data.arguments")


def _shapes(config: ExperimentConfig) -> Iterator[Violation]:
    # What a folder or a target of the user's holds is known when it is read; see `training.models`.
    if config.data.target is None and config.data.name in get_args(DatasetName) and config.data.name != "idx":
        yield from shape_violations(config.model, CATALOGUE_SIDE)


def _optimizer(optimizer: OptimizerConfig) -> Iterator[Violation]:
    names = get_args(OptimizerName)
    if optimizer.target is not None:
        return
    if optimizer.name not in names:
        hint = f"{hint_for(optimizer.name, names)} An optimiser of your own needs `_target_`"
        yield Violation("the optimiser must be a known one", repr(optimizer.name), hint, "optimizer.name")
        return
    if optimizer.momentum and optimizer.name not in _TAKE_MOMENTUM:
        rule = f"only sgd and rmsprop take momentum, {optimizer.name} does not"
        yield Violation(rule, str(optimizer.momentum), "Set it to 0 or choose another optimiser", "optimizer.momentum")
    if optimizer.nesterov and not (optimizer.name == "sgd" and optimizer.momentum):
        rule = "Nesterov momentum needs sgd with momentum above 0"
        received = f"true with {optimizer.name} and momentum {optimizer.momentum}"
        yield Violation(rule, received, where="optimizer.nesterov")


def _schedule(schedule: ScheduleConfig, trainer: TrainerConfig) -> Iterator[Violation]:
    if schedule.warmup_epochs > trainer.epochs:
        rule = f"the warm-up must fit into the {trainer.epochs} epochs of the fit"
        yield Violation(rule, str(schedule.warmup_epochs), where="optimizer.schedule.warmup_epochs")
    if schedule.final_fraction and schedule.name not in _TAKE_FINAL_FRACTION:
        rule = f"only cosine and linear schedules end at a fraction, {schedule.name} does not"
        yield Violation(rule, str(schedule.final_fraction), where="optimizer.schedule.final_fraction")


def _trainer(trainer: TrainerConfig) -> Iterator[Violation]:
    if trainer.resume and not trainer.checkpoint.enabled:
        rule = "resuming needs checkpoints"
        hint = "Set trainer.checkpoint.enabled=true"
        yield Violation(rule, "trainer.checkpoint.enabled = false", hint, "trainer.resume")
    folder = trainer.checkpoint.folder
    if folder is not None and not folder.strip():
        rule, hint = "must name a folder or a URL", "Write null for the run's own folder"
        yield Violation(rule, repr(folder), hint, "trainer.checkpoint.folder")
    if folder is not None and "@" in urlsplit(folder).netloc:
        rule = "configs are recorded and shown, so no user or password belongs into them"
        hint = "fsspec finds credentials in the environment, or in files of their own"
        yield Violation(rule, without_secrets(folder), hint, "trainer.checkpoint.folder")


def _tracking(tracking: TrackingConfig) -> Iterator[Violation]:
    names = {"project": tracking.project, "entity": tracking.entity}
    for key, name in names.items():
        if name is not None and not is_legal_name(name):
            rule = "must be 1 to 128 letters, digits, dots, dashes, underscores or spaces"
            yield Violation(rule, repr(name), where=f"tracking.{key}")
