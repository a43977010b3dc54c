"""Finding what a `_target_` names: a class path, or an entry point of an installed package."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from sweepyard.config.names import hint_for
from sweepyard.config.schema import CustomModelConfig, ExperimentConfig
from sweepyard.errors import ConfigInvalid, Violation

_NONE_OFFERED = "No installed package offers any; install the package that declares it with `pip install`"
ENTRY_POINT_PREFIX = "entry_point:"
MODELS = "sweepyard.models"
OPTIMIZERS = "sweepyard.optimizers"
DATASETS = "sweepyard.datasets"


def find_target(target: str, *, group: str, where: str) -> Callable[..., Any]:
    """What `target` names: `package.module.attribute`, or `entry_point:NAME` of the entry point group `group`.

    Args:
        target: The text of a `_target_` key.
        group: Entry point group, for example `sweepyard.models`.
        where: The config key, for the error.

    Raises:
        ConfigInvalid: Nothing is installed under that name, importing it fails, or it cannot be called.
    """
    if target.startswith(ENTRY_POINT_PREFIX):
        found = _entry_point(target.removeprefix(ENTRY_POINT_PREFIX), group, where)
    else:
        found = _class_path(target, where)
    if not callable(found):
        raise ConfigInvalid([Violation("a target must be a class or function", repr(target), where=where)])
    return found


def target_raised(error: Exception, target: str, where: str) -> ConfigInvalid | None:
    """What to say of a target that was called and raised; None where the call itself was refused.

    Args:
        target: The text of the `_target_` key.
        where: The config key, for the error.
    """
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first one is the caller's
    if not frames:
        return None
    last = [frame for frame in frames if frame.filename == frames[0].filename][-1]
    received = f"{type(error).__name__}: {error}"
    hint = f"It comes from {last.filename}, line {last.lineno}; SWEEPYARD_DEBUG=1 shows all of it"
    return ConfigInvalid([Violation(f"{target} must not raise", received, hint, where)])


def missing_targets(config: ExperimentConfig) -> list[Violation]:
    """The targets of a config that are not installed here, as far as can be told without importing them."""
    model = config.model
    named = {
        (MODELS, "model._target_"): model.target if isinstance(model, CustomModelConfig) else None,
        (OPTIMIZERS, "optimizer._target_"): config.optimizer.target,
        (DATASETS, "data._target_"): config.data.target,
    }
    missing = []
    for (group, where), target in named.items():
        if target is None:
            continue
        name = target.removeprefix(ENTRY_POINT_PREFIX)
        if name != target:
            hint = _hint_unless_offered(name, group)
        else:
            package = target.partition(".")[0]
            hint = "" if find_spec(package) else f"Install the package that holds {package}, or put it on PYTHONPATH"
        if hint:
            missing.append(Violation("what a run needs must be installed where it runs", repr(name), hint, where))
    return missing


def _entry_point(name: str, group: str, where: str) -> object:
    hint = _hint_unless_offered(name, group)
    if hint:
        raise ConfigInvalid([Violation(f"must be an entry point of the group {group}", repr(name), hint, where)])
    try:
        return entry_points(group=group)[name].load()
    except (ImportError, AttributeError) as error:
        raise ConfigInvalid([Violation(f"the entry point {name} must load", str(error), where=where)]) from error


def _hint_unless_offered(name: str, group: str) -> str:
    """What to do about an entry point that no installed package has; empty where one has it."""
    offered = entry_points(group=group).names
    return "" if name in offered else hint_for(name, offered) or _NONE_OFFERED


def _class_path(target: str, where: str) -> object:
    module_name, _, attribute = target.rpartition(".")
    if not module_name or not all(part.isidentifier() for part in target.split(".")):
        hint = "Write package.module.attribute, or entry_point:NAME"
        raise ConfigInvalid([Violation("a target must be a class path", repr(target), hint, where)])
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        hint = "Install the package that holds it, or put its folder on PYTHONPATH"
        raise ConfigInvalid([Violation(f"{module_name} must be importable", str(error), hint, where)]) from error
    if not hasattr(module, attribute):
        public = [name for name in dir(module) if not name.startswith("_")]
        hint = hint_for(attribute, public)
        raise ConfigInvalid([Violation(f"{module_name} must hold `{attribute}`", repr(target), hint, where)])
    return getattr(module, attribute)
