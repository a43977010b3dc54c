"""What repositories tell of many rows at once, so that nobody reads them all to see whether one has changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RowsMark:
    """How many there are, and when one of them was last changed."""

    count: int
    latest: datetime | None
