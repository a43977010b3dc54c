"""What a sweep hands out next: points that may go out again, then new suggestions, each leased to one agent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sweepyard.domain.agent import Agent, Command, CommandKind
from sweepyard.domain.filters import parse_filter
from sweepyard.domain.objective import Objective, ObjectiveRecord, ObjectiveValues
from sweepyard.domain.run import Run, RunEvent, RunPath, RunState
from sweepyard.domain.sweep import Lease, Sweep, SweepState
from sweepyard.ids import IdSource
from sweepyard.services.foresight import Foresight
from sweepyard.services.objectives import caught_up
from sweepyard.services.ports import RunSelection, UnitOfWork
from sweepyard.services.sweep_rows import parsed, runs_of
from sweepyard.services.sweeps import steered
from sweepyard.services.transitions import moved
from sweepyard.sweeps import engine
from sweepyard.sweeps.config import Method
from sweepyard.sweeps.known import KnownRun

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
        return self.command(lease, CommandKind.RESUME if preempted else CommandKind.RUN)

    def _suggestion(self) -> engine.Suggestion | None:
        return self._foresight.next_suggestion(
            self._config, seed=self._sweep.seed, position=self._sweep.suggestions, runs=self._known_runs()
        )

    def _is_exhausted(self) -> bool:
        return engine.is_exhausted(self._config, position=self._sweep.suggestions, runs=self._known_runs())

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
        self._store(replace(self._sweep, suggestions=suggestion.position + 1, state=SweepState.RUNNING))
        return self.command(lease)

    def _known_runs(self) -> list[KnownRun]:
        """Every point of the sweep with the parameters as handed out, and the prior runs with their configs."""
        path = self._sweep.path
        states = self._unit.runs.states(runs_of(path))
        known = []
        objective = self._judged_by
        records = {} if objective is None else self._unit.objectives.of_sweep(path, objective.metric)
        for lease in self._unit.sweeps.leases(path.sweep_id):
            state = states.get(lease.run_id, RunState.KILLED)
            record = records.get(lease.run_id)
            run_path = RunPath(path.entity, path.project, lease.run_id)
            # What the runs of this sweep log is taken down as it comes.
            values = record.values if record is not None else self._values(run_path, state, None)
            known.append(KnownRun(lease.run_id, state, lease.parameters, values))
        if self._sweep.prior_runs_filters is not None:
            prior = parse_filter(self._sweep.prior_runs_filters)
            for run in self._unit.runs.select(RunSelection(entity=path.entity, project=path.project)):
                if run.sweep_id != path.sweep_id and prior.matches(run):
                    record = None if objective is None else self._unit.objectives.get(run.path, objective.metric)
                    values = self._values(run.path, run.state, record)
                    known.append(KnownRun(run.path.run_id, run.state, run.config, values))
        return known

    @property
    def _judged_by(self) -> Objective | None:
        """The objective, where a target or the search asks for what runs logged of it."""
        objective = self._config.objective
        asked = objective is not None and (objective.target is not None or self._config.method is Method.BAYES)
        return objective if asked else None

    def _values(self, path: RunPath, state: RunState, record: ObjectiveRecord | None) -> ObjectiveValues:
        """What the run logged of the objective; taken from its history where nobody kept a record so far."""
        objective = self._judged_by
        if objective is None or (record is None and state is RunState.PENDING):
            return ObjectiveValues()
        found, _ = caught_up(self._unit, path, objective, None, record)
        if self._writes and found != record and found.next_line:
            self._unit.objectives.save(path, found)
        return found.values

    def _note(self, run: Run, agent: Agent) -> None:
        detail = f"attempt {run.attempt} to agent {agent.agent_id} on {agent.host}"
        self._unit.runs.add_event(run.path, RunEvent(self._now, "handed out", detail))

    def _store(self, sweep: Sweep) -> None:
        self._sweep = replace(sweep, updated_at=self._now)
        self._unit.sweeps.save(self._sweep)
