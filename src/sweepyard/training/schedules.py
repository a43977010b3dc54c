"""Learning-rate schedules: counted in epochs by the config, in steps by the optimiser."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from sweepyard.config.schema import ScheduleConfig


@keras.saving.register_keras_serializable(package="sweepyard")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning rate that moves over the fit: linear warm-up from 0, then one of the shapes by name.

    The shapes count from the end of the warm-up; `cosine` and `linear` arrive at `final_fraction` of the
    first rate with the fit's last step, `exponential` and `step` multiply by `decay_rate` every
    `decay_steps`, continuously or in jumps.
    """

    def __init__(
        self,
        *,
        shape: str,
        learning_rate: float,
        total_steps: int,
        warmup_steps: int = 0,
        final_fraction: float = 0.0,
        decay_rate: float = 1.0,
        decay_steps: float = 1.0,
    ) -> None:
        self._config: dict[str, Any] = {
            "shape": shape,
            "learning_rate": learning_rate,
            "total_steps": total_steps,
            "warmup_steps": warmup_steps,
            "final_fraction": final_fraction,
            "decay_rate": decay_rate,
            "decay_steps": decay_steps,
        }

    def __call__(self, step: Any) -> Any:
        return self._rate(keras.ops.cast(step, "float32"), keras.ops)

    def rate_at(self, step: int) -> float:
        """The same without the backend, for logging: the rate of a step (from 0)."""
        return float(self._rate(np.float32(step), np))

    def get_config(self) -> dict[str, Any]:
        return dict(self._config)

    def _rate(self, step: Any, ops: Any) -> Any:
        config = self._config
        warmup = float(config["warmup_steps"])
        after = ops.maximum(step - warmup, 0.0)
        rate = config["learning_rate"] * self._factor(after, max(config["total_steps"] - warmup, 1.0), ops)
        if not warmup:
            return rate
        return ops.where(step < warmup, config["learning_rate"] * (step + 1.0) / warmup, rate)

    def _factor(self, after: Any, length: float, ops: Any) -> Any:
        config = self._config
        shape = config["shape"]
        if shape == "constant":
            return ops.ones_like(after)
        if shape == "exponential":
            return ops.power(config["decay_rate"], after / config["decay_steps"])
        if shape == "step":
            return ops.power(config["decay_rate"], ops.floor(after / config["decay_steps"]))
        part = ops.minimum(after / length, 1.0)
        remaining = 1.0 - part if shape == "linear" else 0.5 * (1.0 + ops.cos(math.pi * part))
        return config["final_fraction"] + (1.0 - config["final_fraction"]) * remaining


def build_schedule(config: ScheduleConfig, *, learning_rate: float, epochs: int, steps_per_epoch: int) -> Schedule:
    """The schedule that `config` names, over a fit of `epochs`; called with a step (from 0), it gives a rate."""
    return Schedule(
        shape=config.name,
        learning_rate=learning_rate,
        total_steps=epochs * steps_per_epoch,
        warmup_steps=round(config.warmup_epochs * steps_per_epoch),
        final_fraction=config.final_fraction,
        decay_rate=config.decay_rate,
        decay_steps=config.decay_epochs * steps_per_epoch,
    )


def depends_on_epochs(config: ScheduleConfig) -> bool:
    """Whether another number of epochs would change the rates of the first ones."""
    return config.name in {"cosine", "linear"}
