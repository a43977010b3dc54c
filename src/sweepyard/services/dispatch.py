"""What a sweep hands out next: points that may go out again, then new suggestions, each leased to one agent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sweepyard.domain.agent import Agent, Command, CommandKind
from sweepyard.domain.run import Run, RunEvent, RunPath, RunState
from sweepyard.domain.sweep import Lease, Sweep, SweepState
from sweepyard.ids import IdSource
from sweepyard.services.foresight import Foresight
from sweepyard.services.hosts import is_put_aside
from sweepyard.services.known_runs import Knowledge, KnownRuns
from sweepyard.services.ports import UnitOfWork
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.sweep_rows import parsed, runs_of
from sweepyard.services.sweeps import steered
from sweepyard.services.transitions import moved
from sweepyard.sweeps import engine

_LIVE = frozenset(state for state in RunState if state.is_live)
_MAY_RETURN = frozenset({RunState.CRASHED, RunState.FAILED, RunState.PREEMPTED})


class Dispatcher:
    """Decides for one sweep, inside one write transaction, so that no two agents can get one point."""

    def __init__(self, unit: UnitOfWork, sweep: Sweep, ids: IdSource, now: datetime, foresight: Foresight) -> None:
        self._unit = unit
        self._foresight = foresight
        self._sweep = sweep
        self._ids = ids
        self._now = now
        self._config = parsed(sweep.config_yaml)
        self._writes = True

    @property
    def sweep(self) -> Sweep:
        """The sweep as it stands now."""
        return self._sweep

    def next_for(self, agent: Agent) -> list[Command]:
        """What an agent that runs nothing shall do: at most one run, or leave, or wait (nothing)."""
        if self._sweep.state.is_over:
            return [Command(CommandKind.EXIT)]
        if not self._sweep.state.hands_out:
            return []
        if is_put_aside(self._unit, agent, self._config.max_host_failures):
            self._unit.agents.save(replace(agent, put_aside=True))
            return [Command(CommandKind.EXIT)]
        returned = self._returned()
        if returned is not None:
            return [self._hand_out_again(*returned, agent)]
        suggestion = self._suggestion()
        if suggestion is not None:
            return [self._hand_out(suggestion, agent)]
        return [Command(CommandKind.EXIT)] if self._finish() else []

    def command(self, lease: Lease, kind: CommandKind = CommandKind.RUN) -> Command:
        """The command that starts a leased run."""
        return Command(kind, lease.run_id, self._config.program or "", lease.parameters)

    def think_ahead(self) -> None:
        """Find what an idle agent would be given now, so that `next_for` has it at hand; writes nothing."""
        if self._sweep.state.hands_out and self._returned() is None:
            self._writes = False
            self._suggestion()

    def finish_if_over(self) -> bool:
        """Finish the sweep if it hands out runs, has handed out all that there are, and none is live."""
        if self._sweep.state is not SweepState.RUNNING or self._unit.runs.count(self._live()):
            return False
        return self._returned() is None and self._is_exhausted() and self._finish()

    def _finish(self) -> bool:
        if self._unit.runs.count(self._live()):
            return False
        self._store(steered(self._unit, self._sweep, SweepState.FINISHED, self._now))
        return True

    def _live(self) -> RunSelection:
        return replace(runs_of(self._sweep.path), states=_LIVE)

    def _returned(self) -> tuple[Lease, Run] | None:
        """The first point whose run ended badly and may go out again."""
        if self._is_out_of_time():
            return None
        for lease, run in self._unit.sweeps.leases_with_runs(self._sweep.path, states=_MAY_RETURN):
            if not run.stop_requested and (
                run.state is RunState.PREEMPTED or lease.retries < (self._config.max_retries or 0)
            ):
                return lease, run
        return None

    def _hand_out_again(self, lease: Lease, run: Run, agent: Agent) -> Command:
        preempted = run.state is RunState.PREEMPTED
        lease = replace(
            lease,
            agent_id=agent.agent_id,
            acknowledged=False,
            handed_out=1,
            retries=lease.retries + (0 if preempted else 1),
        )
        run = replace(
            moved(run, RunState.PENDING, self._now),
            agent_id=agent.agent_id,
            attempt=run.attempt + 1,
            heartbeat_at=self._now,
        )
        self._unit.sweeps.save_lease(lease)
        self._unit.runs.save(run)
        self._note(run, agent)
        goes_on = preempted and run.started_at is not None
        return self.command(lease, CommandKind.RESUME if goes_on else CommandKind.RUN)

    def _suggestion(self) -> engine.Suggestion | None:
        if self._is_out_of_time():
            return None
        known = self._known()
        return self._foresight.next_suggestion(
            self._config,
            seed=self._sweep.seed,
            position=self._sweep.suggestions,
            runs=known.runs,
            created=known.count,
            start=self._sweep.sequence_start,
        )

    def _is_exhausted(self) -> bool:
        if self._is_out_of_time():
            return True
        known = self._known()
        return engine.is_exhausted(
            self._config,
            position=self._sweep.suggestions,
            runs=known.runs,
            created=known.count,
            start=self._sweep.sequence_start,
        )

    def _is_out_of_time(self) -> bool:
        begun = self._sweep.started_at
        return begun is not None and engine.is_out_of_time(self._config, (self._now - begun).total_seconds())

    def _known(self) -> Knowledge:
        return KnownRuns(self._unit, self._sweep, self._config, writes=self._writes).read()

    def _hand_out(self, suggestion: engine.Suggestion, agent: Agent) -> Command:
        path = self._sweep.path
        run = Run(
            path=RunPath(path.entity, path.project, self._ids.short()),
            state=RunState.PENDING,
            created_at=self._now,
            updated_at=self._now,
            heartbeat_at=self._now,
            config=suggestion.parameters,
            sweep_id=path.sweep_id,
            agent_id=agent.agent_id,
            host=agent.host,
            creator=self._sweep.creator,
        )
        run = replace(run, display_name=run.path.run_id)
        lease = Lease(
            sweep_id=path.sweep_id,
            position=suggestion.position,
            run_id=run.path.run_id,
            parameters=suggestion.parameters,
            created_at=self._now,
            agent_id=agent.agent_id,
            handed_out=1,
        )
        self._unit.runs.add(run)
        self._unit.sweeps.add_lease(lease)
        self._note(run, agent)
        started_at = self._sweep.started_at or self._now
        handed_out = suggestion.position + 1
        self._store(replace(self._sweep, suggestions=handed_out, state=SweepState.RUNNING, started_at=started_at))
        return self.command(lease)

    def _note(self, run: Run, agent: Agent) -> None:
        detail = f"attempt {run.attempt} to agent {agent.agent_id} on {agent.host}"
        self._unit.runs.add_event(run.path, RunEvent(self._now, "handed out", detail))

    def _store(self, sweep: Sweep) -> None:
        self._sweep = replace(sweep, updated_at=self._now)
        self._unit.sweeps.save(self._sweep)
