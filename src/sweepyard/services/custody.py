"""The runs that an agent has: compared with what it says it runs, so that the dead and the lost are noticed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sweepyard.domain.agent import Agent, Command, CommandKind
from sweepyard.domain.run import Run, RunEvent, RunPath, RunState
from sweepyard.domain.sweep import Lease, Sweep, SweepState, sweep_of_controller
from sweepyard.services.dispatch import Dispatcher
from sweepyard.services.hosts import note_end
from sweepyard.services.ports import UnitOfWork
from sweepyard.services.transitions import moved

# A client learns within 30 s that its run shall stop (15 s between transmissions, 15 s between polls).
STOP_GRACE = timedelta(seconds=30)
# How often a command is sent that its agent seems not to have got; a child that dies at once looks the same.
MAX_HANDED_OUT = 3
_LIVE = frozenset(state for state in RunState if state.is_live)


class Custody:
    """What one agent has of one sweep, inside one write transaction."""

    def __init__(self, unit: UnitOfWork, dispatcher: Dispatcher, agent: Agent, now: datetime) -> None:
        self._unit = unit
        self._dispatcher = dispatcher
        self._sweep: Sweep = dispatcher.sweep
        self._agent = agent
        self._now = now
        self._pairs = unit.sweeps.leases_with_runs(self._sweep.path, agent_id=agent.agent_id, states=_LIVE)

    def settle(self) -> None:
        """Note which runs live, and mark crashed those that the agent had and has no longer."""
        for lease, run in self._pairs:
            if lease.run_id in self._agent.running:
                self._unit.runs.beat(run.path, self._now)
                if not lease.acknowledged:
                    self._unit.sweeps.save_lease(replace(lease, acknowledged=True))
            elif lease.acknowledged or run.state is not RunState.PENDING:
                crash(self._unit, run, self._now, "its agent runs it no longer, and it reported no end")
            elif lease.handed_out >= MAX_HANDED_OUT:
                crash(self._unit, run, self._now, f"its agent was told {MAX_HANDED_OUT} times and never ran it")
            elif self._sweep.state.is_over or run.stop_requested:
                self._end(run, RunState.KILLED, "never started")
            else:
                self._unit.runs.beat(run.path, self._now)

    def stops(self) -> list[Command]:
        """STOP for every run of the agent's that shall not go on; and life again for one that was thought dead."""
        return [Command(CommandKind.STOP, run_id) for run_id in self._agent.running if self._shall_stop(run_id)]

    def lost(self) -> list[Command]:
        """The command of a run that was handed to the agent and that it seems never to have heard of."""
        if not self._sweep.state.hands_out:
            return []
        for lease, run in self._pairs:
            waits = run.state is RunState.PENDING and not lease.acknowledged and not run.stop_requested
            if waits and lease.handed_out < MAX_HANDED_OUT:
                again = replace(lease, handed_out=lease.handed_out + 1)
                self._unit.sweeps.save_lease(again)
                kind = CommandKind.RESUME if run.started_at is not None and lease.retries == 0 else CommandKind.RUN
                return [self._dispatcher.command(again, kind)]
        return []

    def _shall_stop(self, run_id: str) -> bool:
        lease, run = self._pair(run_id)
        if lease is None:
            return False
        if run is None or lease.agent_id != self._agent.agent_id or run.state is RunState.KILLED:
            return True
        if run.state is RunState.CRASHED or (run.state is RunState.PREEMPTED and lease.handed_out == 0):
            self._revive(lease, run)
            return False
        if not run.stop_requested or not run.state.is_live:
            return False
        patient = run.state is RunState.RUNNING and self._sweep.state is not SweepState.CANCELED
        return not patient or run.stop_requested_at is None or self._now - run.stop_requested_at >= STOP_GRACE

    def _pair(self, run_id: str) -> tuple[Lease | None, Run | None]:
        """The lease and the run of that id, from what was read already where it is a live one of the agent's."""
        for lease, run in self._pairs:
            if lease.run_id == run_id:
                return lease, run
        path = self._sweep.path
        return (
            self._unit.sweeps.lease_of_run(path.sweep_id, run_id),
            self._unit.runs.get(RunPath(path.entity, path.project, run_id)),
        )

    def _revive(self, lease: Lease, run: Run) -> None:
        state = RunState.RUNNING if run.state is RunState.CRASHED else RunState.PENDING
        alive = replace(moved(run, state, self._now), started_at=run.started_at, heartbeat_at=self._now)
        self._unit.runs.save(alive)
        self._unit.runs.add_event(run.path, RunEvent(self._now, state.value, "its agent came back with it"))
        self._unit.sweeps.save_lease(replace(lease, acknowledged=True, handed_out=max(1, lease.handed_out)))

    def _end(self, run: Run, state: RunState, why: str) -> None:
        self._unit.runs.save(moved(run, state, self._now))
        self._unit.runs.add_event(run.path, RunEvent(self._now, state.value, why))


def lose(unit: UnitOfWork, run: Run, now: datetime, why: str) -> None:
    """End a live run of which nobody has spoken for long; where it had not even begun, its point goes out again.

    A scheduler leaves without a word about its own run: to fall silent is that one's end.
    """
    if _is_controller(unit, run):
        unit.runs.save(moved(run, RunState.FINISHED, now))
        unit.runs.add_event(run.path, RunEvent(now, RunState.FINISHED.value, "its scheduler has left"))
        return
    lease = None
    if run.state is RunState.PENDING and run.sweep_id is not None and not run.stop_requested:
        lease = unit.sweeps.lease_of_run(run.sweep_id, run.path.run_id)
    if lease is None:
        crash(unit, run, now, why)
        return
    unit.runs.save(moved(run, RunState.PREEMPTED, now))
    unit.runs.add_event(run.path, RunEvent(now, RunState.PREEMPTED.value, f"{why}, before it began"))
    # Not handed out: an agent that comes back with it, before another has it, keeps it.
    unit.sweeps.save_lease(replace(lease, acknowledged=False, handed_out=0))


def _is_controller(unit: UnitOfWork, run: Run) -> bool:
    sweep = sweep_of_controller(run.path)
    return run.sweep_id is None and sweep is not None and unit.sweeps.get(sweep) is not None


def crash(unit: UnitOfWork, run: Run, now: datetime, why: str) -> None:
    """End a live run that gave no sign: preempted if it had said so, killed if it was to stop, else crashed."""
    if run.stop_requested:
        state = RunState.KILLED
    else:
        state = RunState.PREEMPTED if run.state is RunState.PREEMPTING else RunState.CRASHED
    ended = moved(run, state, now)
    unit.runs.save(ended)
    unit.runs.add_event(run.path, RunEvent(now, state.value, why))
    note_end(unit, ended)
