"""Running a finished run again from what its server recorded, and saying whether it came out the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweepyard.domain.origin import origin_differences
from sweepyard.domain.run_config import CODE, as_composed
from sweepyard.errors import ConfigInvalid, TrackingError, TrainingError
from sweepyard.jsonvalue import JsonObject, JsonValue, finite_number
from sweepyard.settings import Settings
from sweepyard.wiring.joining import open_target

if TYPE_CHECKING:
    from sweepyard.config.schema import ExperimentConfig
    from sweepyard.datasets.download import Progress
    from sweepyard.services.check import Target
    from sweepyard.tracking.records import RunRecord
    from sweepyard.training.stopping import StopSignal


@dataclass(frozen=True, slots=True)
class Reproduction:
    """How it came out.

    Attributes:
        run: The run's path.
        then: The recorded weights' digest.
        now: This one's.
        differences: In what the two were made from, the recorded run's and this one's, by dotted name; they can explain
            different digests.
        deterministic: Whether the config asks for digests that repeat.
        metrics: The recorded best figures and these, by name.
    """

    run: str
    then: str
    now: str
    differences: Mapping[str, list[JsonValue]]
    deterministic: bool
    metrics: Mapping[str, tuple[float | None, float]]

    @property
    def agrees(self) -> bool:
        """Whether the weights are the same, bit for bit."""
        return self.then == self.now


def reproduce(
    run: str,
    settings: Settings,
    *,
    target: Target,
    stop: StopSignal,
    downloads: AbstractContextManager[Progress],
    on_config: Callable[[ExperimentConfig], None],
) -> Reproduction:
    """Train again what a finished run trained, in a folder that is removed afterwards, and tracked nowhere.

    Args:
        run: entity/project/id or project/id.
        on_config: Told the config before the training begins.

    Raises:
        TrackingError: There is no such run, it did not finish, or it recorded no config or digest.
        ConfigInvalid: Its config is none for this version.
        DataError: The data are not to be had.
        TrainingError: The training fails, or is interrupted.
    """
    from sweepyard.clock import SystemClock
    from sweepyard.datasets.loading import load
    from sweepyard.domain import metrics
    from sweepyard.tracking.code import code_version
    from sweepyard.tracking.memory import MemoryTracker
    from sweepyard.tracking.parting import only_reading
    from sweepyard.tracking.reader import Reader
    from sweepyard.training import backend

    with open_target(target, settings) as server, only_reading():
        record = Reader(server).run(run)
    digest = _digest(record, metrics.WEIGHTS_DIGEST)
    config = config_of(record)
    on_config(config)
    with downloads as progress:
        dataset = load(config.data, settings, progress=progress)
    backend.load()
    from sweepyard.config.plain import plain
    from sweepyard.training.loop import fit

    tracker = MemoryTracker()
    with tempfile.TemporaryDirectory(prefix="sweepyard-reproduce-") as name:
        result = fit(config, dataset, tracker, Path(name), resolved=plain(config), stop=stop, clock=SystemClock())
    if result.exit_code != 0:
        raise TrainingError(f"the run must be trained to its end to be compared; it was {result.stopped_because}")
    now: JsonObject = {**tracker.config, CODE: code_version(Path.cwd())}
    return Reproduction(
        run=str(record.path),
        then=digest,
        now=result.weights_digest,
        differences=origin_differences(record.config, now),
        deterministic=config.seed.deterministic,
        metrics={name: (finite_number(record.summary.get(name)), value) for name, value in result.best.items()},
    )


def config_of(record: RunRecord) -> ExperimentConfig:
    """The experiment config that a run recorded, tracked nowhere, started from its beginning and kept nowhere.

    Raises:
        TrackingError: It recorded none.
        ConfigInvalid: What it recorded is none for this version.
    """
    from sweepyard.config.schema import ExperimentConfig
    from sweepyard.config.validation import build

    recorded: dict[str, Any] = as_composed(record.config)
    names = ExperimentConfig.__dataclass_fields__
    mapping = {name: recorded[name] for name in names if name in recorded}
    if not isinstance(mapping.get("model"), dict) or not isinstance(mapping.get("data"), dict):
        raise TrackingError(
            f"a run must be one of `sweepyard train` to be reproduced; {record.path} recorded no config"
        )
    try:
        config = build(mapping)
    except ConfigInvalid as error:
        raise ConfigInvalid(
            [replace(each, where=f"{record.path} {each.where}".strip()) for each in error.violations]
        ) from error
    trainer = config.trainer
    return replace(
        config,
        tracking=replace(config.tracking, mode="disabled"),
        # The run's own folder of checkpoints may be one that others use, or a store that one may not write to.
        trainer=replace(trainer, resume=False, verbose="silent", checkpoint=replace(trainer.checkpoint, folder=None)),
    )


def _digest(record: RunRecord, name: str) -> str:
    if record.state != "finished":
        raise TrackingError(f"a run must have finished to be reproduced; {record.path} is {record.state}")
    digest = record.summary.get(name)
    if not isinstance(digest, str):
        raise TrackingError(f"a run must have recorded `{name}` to be reproduced; {record.path} did not")
    return digest
