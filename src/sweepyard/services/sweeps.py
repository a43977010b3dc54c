"""Sweeps: registered from a sweep file, steered, looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sweepyard.clock import Clock
from sweepyard.domain.access import Actor
from sweepyard.domain.run import Run, RunState
from sweepyard.domain.sweep import Lease, Sweep, SweepPath, SweepState
from sweepyard.ids import IdSource
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.paging import Page
from sweepyard.services.ports import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepDraft:
    """A sweep to be registered.

    Attributes:
        config_yaml: The sweep file's text; its `entity` and `project` are not looked at (the wire decides them).
        display_name: Where None, the file's `name`.
        description: Where None, the file's `description`.
    """

    config_yaml: str
    display_name: str | None = None
    description: str | None = None
    controller: JsonObject | None = None
    scheduler: JsonObject | None = None
    prior_runs_filters: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepChanges:
    """What an update brings; None leaves the stored value alone."""

    config_yaml: str | None = None
    state: SweepState | None = None
    display_name: str | None = None
    description: str | None = None
    controller: JsonObject | None = None
    scheduler: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class BestRun:
    """The best run of a sweep and the value of its objective."""

    run: Run
    value: float


class SweepService:
    """Registers and steers sweeps."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def create(self, entity: str, project: str, draft: SweepDraft, *, actor: Actor) -> Sweep:
        """Register a sweep; the project is made if there is none. `Sweep.warnings` says what its file is warned about.

        Raises:
            RequestInvalid: A name is not legal.
            SweepFileInvalid: The file breaks a rule, or asks for what this hub cannot do yet.
        """

    def update(self, path: SweepPath, changes: SweepChanges) -> Sweep:
        """Change a sweep: its state by the table of domain.sweep, its file before the first run only.

        Raises:
            NotFound: There is no such sweep.
            SweepFileInvalid: As for `create`.
            Conflict: The state cannot follow the present one, or the sweep has runs and gets a new file.
        """

    def set_state(self, path: SweepPath, state: SweepState) -> Sweep:
        """Pause, resume, finish or cancel; canceling asks every live run to stop.

        Raises:
            NotFound: There is no such sweep.
            Conflict: The state cannot follow the present one.
        """

    def get(self, path: SweepPath) -> Sweep:
        """The sweep.

        Raises:
            NotFound: There is none.
        """

    def find(self, path: SweepPath) -> Sweep | None:
        """The sweep, or None."""

    def list(self, entity: str, project: str, *, first: int | None = None, after: str | None = None) -> Page[Sweep]:
        """The project's sweeps, newest first."""

    def counts(self, path: SweepPath) -> Mapping[RunState, int]:
        """How many of the sweep's runs are in each state; states without a run are absent."""

    def expected_runs(self, path: SweepPath) -> int | None:
        """How many runs the sweep will have; None where it has no end.

        Raises:
            NotFound: There is no such sweep.
        """

    def best(self, path: SweepPath) -> BestRun | None:
        """The run whose summary has the best finite value of the objective; None without objective or value.

        Raises:
            NotFound: There is no such sweep.
        """

    def leases(self, path: SweepPath) -> tuple[Lease, ...]:
        """The points handed out, by position."""
