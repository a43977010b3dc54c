"""What a push did."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.jsonvalue import JsonObject


class Outcome(Enum):
    """What became of one run."""

    SENT = "sent"
    EXTENDED = "extended"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"
    TAKEN = "taken"
    UNEQUAL = "unequal"
    TO_SEND = "to send"
    TO_EXTEND = "to extend"

    @property
    def is_well(self) -> bool:
        """Whether the destination has, or would have, all of the run."""
        return self not in {Outcome.LEFT_OUT, Outcome.TAKEN, Outcome.UNEQUAL}


@dataclass(kw_only=True)
class RunResult:
    """One run's push.

    Attributes:
        rows: Of history, sent now; so for `files` and `artifacts`.
        notes: What there is to say about it: why it was left out, what is not equal.
    """

    source: RunPath
    destination: RunPath
    url: str
    outcome: Outcome
    rows: int = 0
    files: int = 0
    artifacts: int = 0
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> JsonObject:
        """The same as JSON."""
        return {
            "run": str(self.source),
            "to": str(self.destination),
            "url": self.url,
            "outcome": self.outcome.value,
            "rows": self.rows,
            "files": self.files,
            "artifacts": self.artifacts,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class SweepResult:
    """One sweep's push; no destination where it is yet to be registered."""

    source: SweepPath
    destination: SweepPath | None
    state: str
    notes: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        """The same as JSON."""
        return {
            "sweep": str(self.source),
            "to": None if self.destination is None else str(self.destination),
            "state": self.state,
            "notes": list(self.notes),
        }


@dataclass
class PushReport:
    """A whole push."""

    server: str
    sweeps: list[SweepResult] = field(default_factory=list)
    runs: list[RunResult] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether the destination has everything that was asked for."""
        return all(run.outcome.is_well for run in self.runs)

    def count(self, *outcomes: Outcome) -> int:
        """How many runs came out so."""
        return sum(run.outcome in outcomes for run in self.runs)

    def as_json(self) -> JsonObject:
        """The same as JSON."""
        return {
            "server": self.server,
            "complete": self.is_well,
            "sweeps": [sweep.as_json() for sweep in self.sweeps],
            "runs": [run.as_json() for run in self.runs],
        }
