"""What results on this machine depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweepyard.errors import DataError

if TYPE_CHECKING:
    from sweepyard.jsonvalue import JsonObject
    from sweepyard.settings import Settings


def environment_report(settings: Settings) -> JsonObject:
    """What runs record of where they are made, with all packages that Sweepyard may use, and the cached data sets.

    Returns:
        `code_version`, `python`, `packages` by name, `machine`, `flags` by variable, and under `data` the digest of
        each data set in the cache, or what is wrong with it.
    """
    from sweepyard.training.surroundings import DECISIVE, direct_dependencies, surroundings

    packages = sorted({*DECISIVE, *direct_dependencies()})
    return {
        **surroundings(packages),
        "data": {**_data(settings)},
    }


def _data(settings: Settings) -> dict[str, str]:
    from sweepyard.datasets.catalogue import CATALOGUE
    from sweepyard.datasets.loading import cached_digest

    found = {}
    for name, entry in CATALOGUE.items():
        try:
            digest = cached_digest(entry, settings)
        except DataError as error:
            digest = f"cannot be trusted: {error}"
        if digest is not None:
            found[name] = digest
    return found
