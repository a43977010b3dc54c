"""Agents: they poll, and are told what to do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sweepyard.clock import Clock
from sweepyard.domain.agent import Agent, Command
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.ids import IdSource
from sweepyard.services.ports import Database


@dataclass(frozen=True, slots=True)
class Reaped:
    """What was found dead: runs marked crashed, agents marked gone, sweeps that were over and are finished now."""

    runs: tuple[RunPath, ...]
    agents: tuple[str, ...]
    sweeps: tuple[SweepPath, ...]


class AgentService:
    """Hands out the points of sweeps, each to one agent, and notices who is gone."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource, *, heartbeat_timeout_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._timeout_seconds = heartbeat_timeout_seconds

    def create(self, path: SweepPath, *, host: str) -> Agent:
        """Register an agent of the sweep.

        Raises:
            NotFound: There is no such sweep.
        """

    def get(self, agent_id: str) -> Agent:
        """The agent.

        Raises:
            NotFound: There is none.
        """

    def of_sweep(self, path: SweepPath) -> tuple[Agent, ...]:
        """The sweep's agents, oldest first."""

    def heartbeat(self, agent_id: str, running: Collection[str]) -> tuple[Command, ...]:
        """Note that the agent lives and what it runs, and say what it shall do; all in one transaction.

        In order: runs that the agent had and no longer names, and that reported no end, are crashed. Runs to be
        stopped get STOP. An agent that runs nothing gets at most one run: the one whose command it seems to have
        lost, else a crashed, failed or preempted point that may go out again, else the next suggestion, leased to
        it. EXIT comes once the agent runs nothing and the sweep is over; () means wait.

        Args:
            running: The ids of the runs that the agent's children work on.

        Raises:
            NotFound: There is no such agent, or its sweep is gone.
        """

    def reap(self) -> Reaped:
        """Mark crashed whatever was silent for longer than the timeout; call it every few seconds.

        Time before this service was made counts as noise: clients cannot reach a hub that is down.
        """
