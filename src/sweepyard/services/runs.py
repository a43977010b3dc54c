"""Runs: made and changed by clients, listed, stopped, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sweepyard.clock import Clock
from sweepyard.domain.access import Actor
from sweepyard.domain.run import Run, RunEvent, RunPath, RunState
from sweepyard.ids import IdSource
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.services.paging import Page
from sweepyard.services.ports import Database, RunSelection


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChanges:
    """What an upsert brings; None leaves the stored value alone.

    Attributes:
        config: The run config in plain nesting; it replaces the stored one whole.
        wandb_config: What stands under `_wandb` in the client's config; it replaces the stored one whole.
        summary: The whole summary.
        sweep_id: The sweep that the run joins; it must exist in the run's project.
        state: The state asked for; without one, a run that `begins` is running, a new one that does not is pending.
    """

    display_name: str | None = None
    config: JsonObject | None = None
    wandb_config: JsonObject | None = None
    summary: JsonObject | None = None
    tags: tuple[str, ...] | None = None
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    commit: str | None = None
    host: str | None = None
    program: str | None = None
    repo: str | None = None
    sweep_id: str | None = None
    state: RunState | None = None


@dataclass(frozen=True, slots=True)
class Upserted:
    """A run after an upsert, and whether it is new."""

    run: Run
    inserted: bool


class RunService:
    """Makes, changes, lists and ends runs."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def upsert(self, path: RunPath, changes: RunChanges, *, actor: Actor, begins: bool) -> Upserted:
        """Make the run, or overwrite what `changes` names; the project is made if there is none.

        Args:
            begins: Whether a new process starts the run now (its first upsert; the client then sends its host),
                rather than a running one updating it, or a person editing it. A run that an SDK process had begun
                before loses its streams and summary, unless `note_resume` was called within the last two minutes.

        Raises:
            RequestInvalid: A name is not legal.
            NotFound: The sweep does not exist.
            Conflict: The state asked for cannot follow the present one.
        """

    def note_resume(self, path: RunPath) -> Run | None:
        """The run whose state a client asks for in order to resume it, remembered for the next `begins` upsert; or None."""

    def get(self, path: RunPath) -> Run:
        """The run.

        Raises:
            NotFound: There is none.
        """

    def find(self, path: RunPath) -> Run | None:
        """The run, or None."""

    def list(
        self,
        selection: RunSelection,
        *,
        filters: JsonValue = None,
        order: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Page[Run]:
        """Runs of a project, filtered (domain.filters) and ordered (domain.ordering; by default newest first).

        Raises:
            RequestInvalid: The filter, the order or the cursor is malformed.
        """

    def count(self, selection: RunSelection, *, filters: JsonValue = None) -> int:
        """How many runs `list` would give in all.

        Raises:
            RequestInvalid: The filter is malformed.
        """

    def count_by_state(self, selection: RunSelection) -> Mapping[RunState, int]:
        """How many runs are in each state; states without a run are absent."""

    def events(self, path: RunPath) -> tuple[RunEvent, ...]:
        """What happened to the run, in order.

        Raises:
            NotFound: There is no such run.
        """

    def request_stop(self, path: RunPath) -> Run:
        """Ask the run to stop: its client learns it with its next chunk, its agent after a grace period.

        A run that no process works on is killed at once; one that is over stays as it is.

        Raises:
            NotFound: There is no such run.
        """

    def set_state(self, path: RunPath, state: RunState) -> Run:
        """Change the state by hand.

        Raises:
            NotFound: There is no such run.
            Conflict: The state cannot follow the present one.
        """

    def delete(self, path: RunPath) -> None:
        """Remove the run with its streams and files; artifacts that it made stay.

        Raises:
            NotFound: There is no such run.
        """
