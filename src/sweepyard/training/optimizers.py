"""Optimisers by name, or by a class path of the user's."""

from __future__ import annotations

from typing import Any

import keras

from sweepyard.config.schema import OptimizerConfig
from sweepyard.config.targets import OPTIMIZERS, find_target
from sweepyard.errors import ConfigInvalid, Violation
from sweepyard.training.schedules import Schedule

_CLASSES = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "Nadam",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "lion": "Lion",
}
_WITH_MOMENTUM = frozenset({"sgd", "rmsprop"})


def build_optimizer(config: OptimizerConfig, schedule: Schedule) -> Any:
    """A `keras.optimizers.Optimizer`, at a constant rate or following `schedule`.

    Raises:
        ConfigInvalid: The name is unknown, or a key does not apply to this optimiser.
    """
    rate = float(config.learning_rate) if _is_constant(config) else schedule
    if config.target is not None:
        factory = find_target(config.target, group=OPTIMIZERS, where="optimizer._target_")
        return _called(factory, config, learning_rate=rate, **config.arguments)
    if config.name not in _CLASSES:
        raise ConfigInvalid(
            [
                Violation(
                    f"the optimiser must be one of {', '.join(_CLASSES)}, or have a `target`",
                    repr(config.name),
                    where="optimizer.name",
                )
            ]
        )
    arguments: dict[str, Any] = {"learning_rate": rate, "clipnorm": config.clipnorm, **config.arguments}
    # Keras' AdamW decays by 0.004 when nothing is said; a config that says nothing keeps that.
    if config.weight_decay is not None or config.name != "adamw":
        arguments["weight_decay"] = config.weight_decay
    _check_applies(config)
    if config.name in _WITH_MOMENTUM:
        arguments["momentum"] = config.momentum
    if config.name == "sgd":
        arguments["nesterov"] = config.nesterov
    return _called(getattr(keras.optimizers, _CLASSES[config.name]), config, **arguments)


def _is_constant(config: OptimizerConfig) -> bool:
    return config.schedule.name == "constant" and not config.schedule.warmup_epochs


def _check_applies(config: OptimizerConfig) -> None:
    violations = []
    if config.momentum and config.name not in _WITH_MOMENTUM:
        violations.append(
            Violation(f"{config.name} takes no momentum", str(config.momentum), "leave it 0", "optimizer.momentum")
        )
    if config.nesterov and config.name != "sgd":
        violations.append(
            Violation(f"{config.name} takes no Nesterov momentum", "true", "leave it false", "optimizer.nesterov")
        )
    if violations:
        raise ConfigInvalid(violations)


def _called(factory: Any, config: OptimizerConfig, **arguments: Any) -> Any:
    try:
        return factory(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigInvalid(
            [Violation("the optimiser must accept its arguments", str(dict(config.arguments)), str(error), "optimizer")]
        ) from error
