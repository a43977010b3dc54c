"""The state of a fit: taken into a checkpoint, and put back from one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np

from sweepyard.config.schema import ExperimentConfig
from sweepyard.errors import CheckpointError
from sweepyard.jsonvalue import JsonObject, dumps, flatten, loads_object
from sweepyard.training import seeding
from sweepyard.training.callbacks.best import BestWeights
from sweepyard.training.callbacks.early_stopping import ResumableEarlyStopping
from sweepyard.training.callbacks.progress import Progress
from sweepyard.training.checkpoints import Array, Checkpoint
from sweepyard.training.digest import keras_array
from sweepyard.training.ledger import HistoryLedger
from sweepyard.training.schedules import depends_on_epochs
from sweepyard.training.seeding import Determinism

# These change neither weights nor metrics, so a run may go on with others.
_FREE = {"trainer": ("resume", "verbose", "checkpoint", "hang_minutes"), "data": ("folder",)}


@dataclass(frozen=True)
class FitState:
    """Everything that changes while a fit runs.

    `model.variables` hold weights and every seed generator of a layer (dropout, augmentation);
    `seeding.random_state` holds the process-wide generators.
    """

    model: Any
    progress: Progress
    ledger: HistoryLedger
    early_stopping: ResumableEarlyStopping | None
    best: BestWeights | None
    fingerprint: JsonObject

    def capture(self, model: Any) -> Checkpoint:
        """The state as it is now.

        Args:
            model: `self.model`, as a callback sees it: brought up to date on every backend.
        """
        arrays = _named("model", model.variables)
        arrays |= _named("optimizer", model.optimizer.variables)
        arrays |= {f"random/{name}": values for name, values in seeding.random_state().items()}
        if self.progress.batch:
            arrays |= _named("metrics", model.metrics_variables)
        state: JsonObject = {
            "fingerprint": self.fingerprint,
            "epoch": self.progress.epoch,
            "batch": self.progress.batch,
            "fit_log": {name: list(values) for name, values in self.progress.fit_log.items()},
            "rows": cast("JsonObject", self.ledger.to_json()),
        }
        if self.early_stopping is not None:
            state["early_stopping"] = self.early_stopping.state()
            arrays |= _numbered("early_stopping", self.early_stopping.best_weights or [])
        if self.best is not None:
            arrays |= _numbered("best", self.best.weights)
        return Checkpoint(self.progress.step, state, arrays)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Put everything back but the metrics, which Keras resets when an epoch begins.

        Raises:
            CheckpointError: The checkpoint was written by a fit that differs; nothing was changed.
        """
        check_same_fit(checkpoint, self.fingerprint)
        _check_shapes("model", self.model.variables, checkpoint.arrays)
        _check_shapes("optimizer", self.model.optimizer.variables, checkpoint.arrays)
        state: Any = checkpoint.state
        arrays = checkpoint.arrays
        _assign("model", self.model.variables, arrays)
        _assign("optimizer", self.model.optimizer.variables, arrays)
        self.progress.start_at(epoch=state["epoch"], batch=state["batch"], fit_log=state["fit_log"])
        if self.early_stopping is not None:
            self.early_stopping.restore(state["early_stopping"], _listed("early_stopping", arrays))
        if self.best is not None:
            self.best.weights = _listed("best", arrays)
        self.ledger.restore([(step, row) for step, row in state["rows"]])
        seeding.restore_random_state(
            {name.removeprefix("random/"): values for name, values in arrays.items() if name.startswith("random/")}
        )

    def restore_metrics(self, checkpoint: Checkpoint) -> None:
        """Put the running means of an unfinished epoch back."""
        _assign("metrics", self.model.metrics_variables, checkpoint.arrays)


def fingerprint(config: ExperimentConfig, data_digest: str, determinism: Determinism) -> JsonObject:
    """What must be the same when a fit resumes, as plain JSON."""
    parts: dict[str, Any] = {
        name: asdict(getattr(config, name)) for name in ("data", "model", "optimizer", "trainer", "seed")
    }
    for part, keys in _FREE.items():
        for key in keys:
            del parts[part][key]
    if not depends_on_epochs(config.optimizer.schedule):
        del parts["trainer"]["epochs"]
    parts["data_digest"] = data_digest
    parts["backend"] = determinism.backend
    if determinism.deterministic:
        parts["determinism"] = determinism.of_digest
    return loads_object(dumps(parts))


def check_same_fit(checkpoint: Checkpoint, now: JsonObject) -> None:
    """See to it that a fit with the fingerprint `now` may go on from a checkpoint, as far as configs and data tell.

    Raises:
        CheckpointError: It was written by a fit that differs.
    """
    before = cast("JsonObject", checkpoint.state["fingerprint"])
    old, new = dict(flatten(before)), dict(flatten(now))
    changed = [
        f"{key} was {old.get(key)!r}, is {new.get(key)!r}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]
    if changed:
        raise CheckpointError(
            "a fit must resume with what it began with: "
            + "; ".join(changed)
            + ". Put the values back, or start anew with trainer.resume=false"
        )


def _named(kind: str, variables: list[Any]) -> dict[str, Array]:
    return _numbered(kind, [keras_array(variable) for variable in variables])


def _numbered(kind: str, values: list[Array]) -> dict[str, Array]:
    return {f"{kind}/{index:04d}": value for index, value in enumerate(values)}


def _listed(kind: str, arrays: dict[str, Array]) -> list[Array]:
    return [arrays[name] for name in sorted(arrays) if name.startswith(f"{kind}/")]


def _check_shapes(kind: str, variables: list[Any], arrays: dict[str, Array]) -> None:
    expected = [tuple(variable.shape) for variable in variables]
    received = [np.shape(values) for values in _listed(kind, arrays)]
    if expected != received:
        raise CheckpointError(
            f"the checkpoint's {kind} variables must have the shapes of this fit's: "
            f"expected {expected}, received {received}"
        )


def _assign(kind: str, variables: list[Any], arrays: dict[str, Array]) -> None:
    _check_shapes(kind, variables, arrays)
    for variable, values in zip(variables, _listed(kind, arrays), strict=True):
        variable.assign(values)
