"""What a search knows of the runs that exist."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweepyard.domain.objective import ObjectiveValues
from sweepyard.domain.run import RunState
from sweepyard.jsonvalue import JsonObject


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run of the sweep as the search sees it.

    Attributes:
        parameters: The parameters it was given; for a prior run its config.
        values: What it logged of the sweep's metric.
        others: The same of each further metric.
        position: Which suggestion it is; None for a run that was not suggested.
    """

    run_id: str
    state: RunState
    parameters: JsonObject
    values: ObjectiveValues = field(default_factory=ObjectiveValues)
    others: tuple[ObjectiveValues, ...] = ()
    position: int | None = None
