"""What results on this machine depend on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sweepyard.errors import DataError

if TYPE_CHECKING:
    from sweepyard.jsonvalue import JsonObject
    from sweepyard.settings import Settings


def environment_report(settings: Settings) -> JsonObject:
    """What runs record of where they are made, with all packages that Sweepyard may use, and the cached data sets.

    Returns:
        `code_version`, `python`, `packages` by name, `machine`, `flags` by variable, None for those that are not set,
        and under `data` the digest of each data set in the cache, what is wrong with it, or None if it is not there.
    """
    from sweepyard.training.surroundings import DECISIVE, FLAGS, direct_dependencies, surroundings

    packages = sorted({*DECISIVE, *direct_dependencies()})
    return {
        **surroundings(packages),
        "flags": {name: os.environ.get(name) or None for name in FLAGS},
        "data": {**_data(settings)},
    }


def _data(settings: Settings) -> dict[str, str | None]:
    from sweepyard.datasets.catalogue import CATALOGUE
    from sweepyard.datasets.loading import cached_digest

    found: dict[str, str | None] = {}
    for name, entry in CATALOGUE.items():
        try:
            found[name] = cached_digest(entry, settings)
        except DataError as error:
            found[name] = f"cannot be trusted: {error}"
    return found
