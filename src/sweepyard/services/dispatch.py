"""What a sweep hands out next: points that wait, then new suggestions, each leased to one agent.

A point waits whose run ended badly and that may go out again, or that a scheduler has enqueued and nobody has had yet.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sweepyard.domain.agent import Agent, Command, CommandKind
from sweepyard.domain.run import Run, RunEvent, RunState
from sweepyard.domain.sweep import Lease, Sweep, SweepState
from sweepyard.ids import IdSource
from sweepyard.services.foresight import Foresight
from sweepyard.services.hosts import is_put_aside
from sweepyard.services.known_runs import Knowledge, KnownRuns
from sweepyard.services.ports import UnitOfWork
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.scheduling import point_of
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
        waiting = self._waiting()
        if waiting is not None:
            return [self._hand_out_waiting(*waiting, agent)]
        suggestion = self._suggestion()
        if suggestion is not None:
            return [self._hand_out(suggestion, agent)]
        if self._config.has_scheduler:
            return [Command(CommandKind.EXIT)] if self._finish_capped() else []
        return [Command(CommandKind.EXIT)] if self._finish() else []

    def command(self, lease: Lease, kind: CommandKind = CommandKind.RUN) -> Command:
        """The command that starts a leased run."""
        return Command(kind, lease.run_id, self._config.program or "", lease.parameters)

    def think_ahead(self) -> None:
        """Find what an idle agent would be given now, so that `next_for` has it at hand; writes nothing."""
        if self._sweep.state.hands_out and self._waiting() is None:
            self._writes = False
            self._suggestion()

    def finish_if_over(self) -> bool:
        """Finish the sweep if it hands out runs, has handed out all that there are, and none is live."""
        if self._sweep.state is not SweepState.RUNNING:
            return False
        if self._config.has_scheduler:
            return self._waiting() is None and self._finish_capped()
        if self._unit.runs.count(self._live()):
            return False
        return self._waiting() is None and self._is_exhausted() and self._finish()

    def _finish(self) -> bool:
        if self._unit.runs.count(self._live()):
            return False
        self._store(steered(self._unit, self._sweep, SweepState.FINISHED, self._now))
        return True

    def _finish_capped(self) -> bool:
        """Finish a scheduler's sweep once as many runs as `run_cap` allows are over; else the scheduler ends it."""
        cap = self._config.run_cap
        if cap is None or self._sweep.suggestions < cap:
            return False
        if any(lease.position < cap for lease, _ in self._unit.sweeps.leases_with_runs(self._sweep.path, states=_LIVE)):
            return False
        self._store(steered(self._unit, self._sweep, SweepState.FINISHED, self._now))
        return True

    def _live(self) -> RunSelection:
        return replace(runs_of(self._sweep.path), states=_LIVE)

    def _waiting(self) -> tuple[Lease, Run] | None:
        """The first point that nobody has: it may go out again since its run ended badly, or was never handed out."""
        if self._is_out_of_time():
            return None
        states = _MAY_RETURN | {RunState.PENDING} if self._config.has_scheduler else _MAY_RETURN
        for lease, run in self._unit.sweeps.leases_with_runs(self._sweep.path, states=states):
            if not run.stop_requested and self._may_go_out(lease, run):
                return lease, run
        return None

    def _may_go_out(self, lease: Lease, run: Run) -> bool:
        if run.state is RunState.PENDING:
            # What is enqueued beyond `run_cap` stays: schedulers take a refusal for the end of everything.
            allowed = self._config.run_cap is None or lease.position < self._config.run_cap
            return lease.agent_id is None and allowed
        return run.state is RunState.PREEMPTED or lease.retries < (self._config.max_retries or 0)

    def _hand_out_waiting(self, lease: Lease, run: Run, agent: Agent) -> Command:
        is_first = lease.agent_id is None
        preempted = run.state is RunState.PREEMPTED
        lease = replace(
            lease,
            agent_id=agent.agent_id,
            acknowledged=False,
            handed_out=1,
            retries=lease.retries + (0 if is_first or preempted else 1),
        )
        run = replace(
            moved(run, RunState.PENDING, self._now),
            agent_id=agent.agent_id,
            host=agent.host if is_first else run.host,
            attempt=run.attempt + (0 if is_first else 1),
            heartbeat_at=self._now,
            updated_at=self._now,
        )
        self._unit.sweeps.save_lease(lease)
        self._unit.runs.save(run)
        self._note(run, agent)
        if is_first:
            self._store(self._begun())
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
        lease, run = point_of(self._sweep, suggestion.parameters, suggestion.position, self._ids.short(), self._now)
        lease = replace(lease, agent_id=agent.agent_id, handed_out=1)
        run = replace(run, agent_id=agent.agent_id, host=agent.host, heartbeat_at=self._now)
        self._unit.runs.add(run)
        self._unit.sweeps.add_lease(lease)
        self._note(run, agent)
        self._store(replace(self._begun(), suggestions=suggestion.position + 1))
        return self.command(lease)

    def _begun(self) -> Sweep:
        return replace(self._sweep, state=SweepState.RUNNING, started_at=self._sweep.started_at or self._now)

    def _note(self, run: Run, agent: Agent) -> None:
        detail = f"attempt {run.attempt} to agent {agent.agent_id} on {agent.host}"
        self._unit.runs.add_event(run.path, RunEvent(self._now, "handed out", detail))

    def _store(self, sweep: Sweep) -> None:
        self._sweep = replace(sweep, updated_at=self._now)
        self._unit.sweeps.save(self._sweep)
