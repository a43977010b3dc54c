"""The keys that training adds to a run's config beside the experiment's own."""

from __future__ import annotations

from sweepyard.jsonvalue import JsonObject

# What the run was made from: code version, packages, data, determinism.
PROVENANCE = "provenance"
# The version of the user's code.
CODE = "code"
# What keys came to that the sweep itself holds: under a sweep, `model` is a name alone.
RESOLVED = "resolved"


def as_composed(config: JsonObject) -> JsonObject:
    """The config with what swept keys came to in place of what the sweep chose."""
    resolved = config.get(RESOLVED)
    return {**config, **resolved} if isinstance(resolved, dict) else config
