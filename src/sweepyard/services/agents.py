"""Agents: they poll, and are told what to do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sweepyard.clock import Clock
from sweepyard.domain.agent import Agent, Command, CommandKind
from sweepyard.domain.names import check_texts
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import Sweep, SweepPath
from sweepyard.errors import NotFound
from sweepyard.ids import IdSource
from sweepyard.services.custody import Custody, lose
from sweepyard.services.dispatch import Dispatcher
from sweepyard.services.foresight import Foresight
from sweepyard.services.hosts import HostStanding, agents_of_host, host_standings, readmit
from sweepyard.services.listening import Listening
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.sweep_rows import existing_sweep, parsed

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reaped:
    """What was found dead: runs that fell silent, agents marked gone, sweeps that were over and are finished now."""

    runs: tuple[RunPath, ...]
    agents: tuple[str, ...]
    sweeps: tuple[SweepPath, ...]


class AgentService:
    """Hands out the points of sweeps, each to one agent, and notices who is gone."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource, *, heartbeat_timeout_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._timeout = timedelta(seconds=heartbeat_timeout_seconds)
        self._listening = Listening(clock)
        self._foresight = Foresight()

    def create(self, path: SweepPath, *, host: str, token: str = "") -> Agent:
        """Register an agent of the sweep.

        Args:
            token: What its processes will send along in each request, if whoever started it saw to that.

        Raises:
            NotFound: There is no such sweep.
        """
        check_texts({"host": host, "token": token})
        now = self._clock.now()
        agent = Agent(
            agent_id=self._ids.short(),
            sweep_id=path.sweep_id,
            entity=path.entity,
            project=path.project,
            host=host,
            created_at=now,
            heartbeat_at=now,
            token=token,
        )
        with self._database.writing() as unit:
            existing_sweep(unit, path)
            unit.agents.add(agent)
        return agent

    def get(self, agent_id: str) -> Agent:
        """The agent.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            return _existing_agent(unit, agent_id)

    def of_sweep(self, path: SweepPath) -> tuple[Agent, ...]:
        """The sweep's agents, oldest first."""
        with self._database.reading() as unit:
            return tuple(unit.agents.of_sweep(path.sweep_id))

    def hosts(self, path: SweepPath) -> tuple[HostStanding, ...]:
        """How the hosts of the sweep's agents do, by name: which are put aside because run after run failed there.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            config = parsed(existing_sweep(unit, path).config_yaml)
            return host_standings(unit.agents.of_sweep(path.sweep_id), config.max_host_failures)

    def readmit(self, path: SweepPath, host: str) -> HostStanding:
        """Let a host have runs again: what failed there is forgotten. Agents that were sent home have to be started.

        Raises:
            NotFound: There is no such sweep, or none of its agents was ever there.
        """
        with self._database.writing() as unit:
            config = parsed(existing_sweep(unit, path).config_yaml)
            agents = unit.agents.of_sweep(path.sweep_id)
            own = agents_of_host(agents, host)
            if not own:
                known = ", ".join(sorted({agent.host for agent in agents})) or "none"
                raise NotFound(f"no agent of sweep {path} ran on the host {host!r} (hosts: {known})")
            readmit(unit, own)
            [standing] = host_standings(
                agents_of_host(unit.agents.of_sweep(path.sweep_id), host), config.max_host_failures
            )
        return standing

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
        now = self._clock.now()
        if not running:
            self._think_ahead(agent_id, now)
        with self._database.writing() as unit:
            agent = _existing_agent(unit, agent_id)
            agent = replace(agent, heartbeat_at=now, running=tuple(sorted(running)), left=False)
            unit.agents.save(agent)
            sweep = existing_sweep(unit, SweepPath(agent.entity, agent.project, agent.sweep_id))
            dispatcher = Dispatcher(unit, sweep, self._ids, now, self._foresight)
            own = Custody(unit, dispatcher, agent, now)
            own.settle()
            commands = own.stops()
            if not running and not commands:
                # As it stands after what became of its runs was counted.
                commands = own.lost() or dispatcher.next_for(_existing_agent(unit, agent_id))
            if any(command.kind is CommandKind.EXIT for command in commands):
                unit.agents.save(replace(_existing_agent(unit, agent_id), left=True))
        return tuple(commands)

    def reap(self) -> Reaped:
        """Mark crashed whatever was silent for longer than the timeout; call it every few seconds.

        A run whose agent fell silent before the run began is not to blame: its point goes out again, as a preempted
        one does.

        Time before this service was made counts as noise: clients cannot reach a hub that is down. So does time
        before the wall clock was set, or `pardon` was called.
        """
        set_to = self._listening.clock_was_set()
        if set_to is not None:
            self._forget_the_future(set_to)
        now = self._clock.now()
        deadline = now - self._timeout
        if deadline < self._listening.since:
            return Reaped((), (), ())
        return self._give_up(deadline, now, f"silent for more than {self._timeout.total_seconds():g} s")

    def pardon(self) -> None:
        """Take nobody for dead who was silent until now: this process did not run, and could not hear."""
        self._listening.begin_anew()

    def abandon(self) -> Reaped:
        """Give up every run and agent at once: for a hub that knows that no process of theirs lives any more."""
        now = self._clock.now()
        return self._give_up(now + timedelta(seconds=1), now, "its process has gone")

    def _give_up(self, deadline: datetime, now: datetime, why: str) -> Reaped:
        with self._database.writing() as unit:
            runs = unit.runs.live_and_silent_since(deadline)
            for run in runs:
                lose(unit, run, now, why)
            agents = unit.agents.silent_since(deadline)
            for agent in agents:
                unit.agents.save(replace(agent, left=True, running=()))
            unfinished = unit.sweeps.unfinished()
            sweeps = [sweep.path for sweep in unfinished if self._finishes(unit, sweep, now)]
        return Reaped(tuple(run.path for run in runs), tuple(agent.agent_id for agent in agents), tuple(sweeps))

    def _forget_the_future(self, now: datetime) -> None:
        """Where the wall clock was set back, signs of life are from times to come: they would never grow old."""
        with self._database.writing() as unit:
            for run in unit.runs.live_and_silent_since(_END_OF_TIME):
                if (run.heartbeat_at or run.created_at) > now:
                    unit.runs.beat(run.path, now)
            for agent in unit.agents.silent_since(_END_OF_TIME):
                if agent.heartbeat_at > now:
                    unit.agents.save(replace(agent, heartbeat_at=now))

    def _finishes(self, unit: UnitOfWork, sweep: Sweep, now: datetime) -> bool:
        return Dispatcher(unit, sweep, self._ids, now, self._foresight).finish_if_over()

    def _think_ahead(self, agent_id: str, now: datetime) -> None:
        """Let a search that takes its time find its next point while others may write."""
        with self._database.reading() as unit:
            agent = _existing_agent(unit, agent_id)
            sweep = existing_sweep(unit, SweepPath(agent.entity, agent.project, agent.sweep_id))
            if Foresight.pays(parsed(sweep.config_yaml)):
                Dispatcher(unit, sweep, self._ids, now, self._foresight).think_ahead()


def _existing_agent(unit: UnitOfWork, agent_id: str) -> Agent:
    agent = unit.agents.get(agent_id)
    if agent is None:
        raise NotFound(f"there is no agent {agent_id!r}")
    return agent
