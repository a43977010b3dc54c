"""Names of the wire and ours: `artifactManifestID` is `artifact_manifest_id`."""

from __future__ import annotations

import re

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """The name in small letters, words parted by underscores; digits stay with the word before them."""
    return _BOUNDARY.sub("_", name).lower()
