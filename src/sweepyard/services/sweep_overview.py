"""Where a sweep stands: how far it is, and which of its points went out to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sweepyard.clock import Clock
from sweepyard.domain.fields import field_of, summary_field
from sweepyard.domain.filters import parse_filter
from sweepyard.domain.ordering import parse_order
from sweepyard.domain.progress import RunGlance, SweepProgress, busy_seconds, progress_of
from sweepyard.domain.run import Run, RunState
from sweepyard.domain.sweep import Lease, SweepPath
from sweepyard.jsonvalue import JsonValue, finite_number
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.run_index import RunIndex
from sweepyard.services.sweep_rows import existing_sweep, parsed, runs_of
from sweepyard.sweeps import engine

_STATE, _STARTED, _ENDED = field_of("state"), field_of("started_at"), field_of("ended_at")
_HEARTBEAT, _ATTEMPT = field_of("heartbeat_at"), field_of("attempt")


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a sweep.

    Attributes:
        state: Of its run; None where that was deleted.
        attempts: How often it was begun: once, and once more after each preemption and each retry.
    """

    lease: Lease
    state: RunState | None
    attempts: int

    @property
    def is_out(self) -> bool:
        """Whether an agent has it now."""
        return self.was_handed_out and self.state is not None and self.state.is_live

    @property
    def was_handed_out(self) -> bool:
        """Whether any agent has it, or had it."""
        return self.lease.agent_id is not None

    @property
    def waits(self) -> bool:
        """Whether it was enqueued and waits for its first agent."""
        return not self.was_handed_out and self.state is RunState.PENDING


class SweepOverviewService:
    """Says where sweeps stand."""

    def __init__(self, database: Database, clock: Clock, index: RunIndex) -> None:
        self._database = database
        self._clock = clock
        self._index = index

    def progress(self, path: SweepPath) -> SweepProgress:
        """How far a sweep is; times count only while some run was at work.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            config = parsed(existing_sweep(unit, path).config_yaml)
            objective = config.objective
            value = summary_field(objective.metric) if objective else None
            fields = {_STATE, _STARTED, _ENDED, _HEARTBEAT, *filter(None, [value])}
            _, columns = self._index.columns(unit, runs_of(path), parse_filter(None), parse_order(None), fields)
        states = [RunState(state) for state in columns[_STATE]]
        values = [finite_number(each) for each in columns[value]] if value else [None] * len(states)
        return progress_of(
            [RunGlance(state, found) for state, found in zip(states, values, strict=True)],
            objective=objective,
            expected=engine.expected_runs(config),
            elapsed_seconds=busy_seconds(
                (datetime.fromisoformat(str(begin)), self._end(state, end, heartbeat))
                for state, begin, end, heartbeat in zip(
                    states, columns[_STARTED], columns[_ENDED], columns[_HEARTBEAT], strict=True
                )
                if begin is not None
            ),
        )

    def points(self, path: SweepPath) -> tuple[Point, ...]:
        """The points that were handed out, and those that wait for it, by position.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            existing_sweep(unit, path)
            leases = unit.sweeps.leases(path.sweep_id)
            known = self._known(unit, path)
        return tuple(Point(lease, *known.get(lease.run_id, (None, 1 + lease.retries))) for lease in leases)

    def runs(self, path: SweepPath, run_ids: Sequence[str]) -> dict[str, Run]:
        """Those of the runs that there are, by id."""
        with self._database.reading() as unit:
            found = unit.runs.of_ids(path.entity, path.project, run_ids)
        return {run.path.run_id: run for run in found}

    def _known(self, unit: UnitOfWork, path: SweepPath) -> Mapping[str, tuple[RunState, int]]:
        """State and attempts of each run of the sweep."""
        fields = (_STATE, _ATTEMPT)
        run_ids, columns = self._index.columns(unit, runs_of(path), parse_filter(None), parse_order(None), fields)
        return {
            run_id: (RunState(state), int(str(attempt)))
            for run_id, state, attempt in zip(run_ids, columns[_STATE], columns[_ATTEMPT], strict=True)
        }

    def _end(self, state: RunState, ended: JsonValue, heartbeat: JsonValue) -> datetime:
        """When a run that has begun ended, or was last heard of; now, for one that goes on."""
        told = ended or heartbeat
        return self._clock.now() if state.is_live or told is None else datetime.fromisoformat(str(told))
