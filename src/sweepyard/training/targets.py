"""Finding a user's own class or function: by class path, or by the entry point of an installed package."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib import metadata
from typing import Any

from sweepyard.errors import ConfigInvalid, Violation

MODELS_GROUP = "sweepyard.models"
OPTIMIZERS_GROUP = "sweepyard.optimizers"


def find_target(target: str, *, group: str, where: str) -> Callable[..., Any]:
    """What `target` names: `package.module.Name`, `package.module:Name`, or an entry point of `group`.

    Raises:
        ConfigInvalid: Nothing importable and callable has that name.
    """
    if "." not in target and ":" not in target:
        found: object = _entry_point(target, group, where)
    else:
        found = _attribute(target, where)
    if not callable(found):
        raise _invalid("the target must be a class or function", target, where, "name something callable")
    return found


def _entry_point(name: str, group: str, where: str) -> object:
    points = {point.name: point for point in metadata.entry_points(group=group)}
    if name not in points:
        known = ", ".join(sorted(points)) or "none"
        raise _invalid(
            f"a name without a dot must be an entry point of the group {group}", name, where, f"installed: {known}"
        )
    return points[name].load()


def _attribute(target: str, where: str) -> object:
    module_name, _, name = target.partition(":") if ":" in target else target.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise _invalid("the target's module must be importable", target, where, str(error)) from error
    try:
        return getattr(module, name)
    except AttributeError as error:
        raise _invalid(f"the module {module_name} must hold the target", target, where, f"it has no {name}") from error


def _invalid(rule: str, received: str, where: str, hint: str) -> ConfigInvalid:
    return ConfigInvalid([Violation(rule, received, hint, where)])
