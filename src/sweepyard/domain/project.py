"""A project: the folder of runs, sweeps and artifacts that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as stored.

    Attributes:
        number: A number that names it across the hub.
    """

    number: int
    entity: str
    name: str
    created_at: datetime
    description: str = ""
