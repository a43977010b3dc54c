"""Sweeps, objectives and agents, as the services need them stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from sweepyard.domain.agent import Agent
from sweepyard.domain.objective import Mark, ObjectiveRecord
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.domain.sweep import Lease, Sweep, SweepPath
from sweepyard.services.ports.marks import RowsMark


class SweepRepository(Protocol):
    """Sweeps and their leases."""

    def add(self, sweep: Sweep) -> None:
        """Store a new sweep in a project that exists.

        Raises:
            Conflict: A sweep of that id is stored already (ids are the hub's, across projects).
        """

    def get(self, path: SweepPath) -> Sweep | None: ...

    def save(self, sweep: Sweep) -> None:
        """Overwrite the stored sweep of that path, whole."""

    def of_project(self, entity: str, project: str) -> list[Sweep]:
        """The project's sweeps, newest first."""

    def mark(self, entity: str, project: str) -> RowsMark:
        """What tells whether anything has changed about the project's sweeps."""

    def unfinished(self) -> list[Sweep]:
        """The sweeps of all projects that are neither finished nor canceled, oldest first."""

    def add_lease(self, lease: Lease) -> None:
        """Store a new lease.

        Raises:
            Conflict: The sweep's position, or the run, is leased already.
        """

    def save_lease(self, lease: Lease) -> None:
        """Overwrite the stored lease of that sweep and position."""

    def lease_of_run(self, sweep_id: str, run_id: str) -> Lease | None: ...

    def lease_count(self, sweep_id: str) -> int: ...

    def leases(self, sweep_id: str, *, before: int | None = None) -> list[Lease]:
        """The sweep's leases, of the positions `before` one where given; by position."""

    def leases_with_runs(
        self, path: SweepPath, *, states: frozenset[RunState], agent_id: str | None = None
    ) -> list[tuple[Lease, Run]]:
        """The sweep's leases, of one agent where given, whose run is in one of `states`; by position."""


class ObjectiveRepository(Protocol):
    """What runs logged of objectives, kept up while they log: so that nobody reads whole histories to compare runs."""

    def get(self, path: RunPath, metric: str) -> ObjectiveRecord | None: ...

    def save(self, path: RunPath, record: ObjectiveRecord) -> None:
        """Store the record, or overwrite the one of that run and metric."""

    def of_sweep(self, path: SweepPath, metric: str) -> dict[str, ObjectiveRecord]:
        """The records of the sweep's runs, by run id; runs without one are absent."""

    def add_marks(self, path: RunPath, metric: str, marks: Mapping[int, Mark]) -> None:
        """Store how the run stood, by iteration; a later call's marks have greater `order`s, which the store gives."""

    def marks(self, path: SweepPath, metric: str, iterations: Collection[int]) -> dict[str, dict[int, Mark]]:
        """The marks of the sweep's runs at these iterations, by run id; runs without any are absent."""

    def forget(self, path: RunPath, metric: str | None = None) -> None:
        """Remove the run's records and marks, of one metric or of all."""


class AgentRepository(Protocol):
    """Agents."""

    def add(self, agent: Agent) -> None: ...

    def get(self, agent_id: str) -> Agent | None: ...

    def save(self, agent: Agent) -> None: ...

    def of_sweep(self, sweep_id: str) -> list[Agent]:
        """The sweep's agents, oldest first."""

    def silent_since(self, moment: datetime) -> list[Agent]:
        """Agents that have not left and whose last heartbeat is before `moment`."""
