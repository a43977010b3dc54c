"""What a search may know when it makes its next suggestion: as little as it needs, read from the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweepyard.domain.filters import parse_filter
from sweepyard.domain.objective import Objective, ObjectiveRecord, ObjectiveValues
from sweepyard.domain.run import RunPath, RunState
from sweepyard.domain.sweep import Sweep
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.objectives import caught_up
from sweepyard.services.ports import UnitOfWork
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.sweep_rows import runs_of
from sweepyard.sweeps.config import Method, SweepConfig
from sweepyard.sweeps.known import KnownRun


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of a sweep's runs.

    Attributes:
        runs: Those that the search has to look at.
        count: How many there are in all.
    """

    runs: list[KnownRun]
    count: int


class KnownRuns:
    """Reads what is known of one sweep's runs.

    Args:
        writes: Whether records that are missing may be stored.
    """

    def __init__(self, unit: UnitOfWork, sweep: Sweep, config: SweepConfig, *, writes: bool) -> None:
        self._unit = unit
        self._sweep = sweep
        self._config = config
        self._writes = writes

    def read(self) -> Knowledge:
        """The points of the sweep with the parameters as handed out, prior runs, and runs that joined by themselves.

        A grid knows its points by their numbers and random search need not know them: without a target only points
        from before the sweep was edited, and prior runs, are looked at there.
        """
        path = self._sweep.path
        if not self._judges:
            leases = self._unit.sweeps.leases(path.sweep_id, before=self._sweep.sequence_start)
            points = [
                KnownRun(each.run_id, RunState.KILLED, each.parameters, position=each.position) for each in leases
            ]
            prior = self._prior_runs()
            return Knowledge([*points, *prior], self._unit.sweeps.lease_count(path.sweep_id) + len(prior))
        states = self._unit.runs.states(runs_of(path))
        kept = [self._unit.objectives.of_sweep(path, judge.metric) for judge in self._judges]
        known = []
        for lease in self._unit.sweeps.leases(path.sweep_id):
            state = states.pop(lease.run_id, RunState.KILLED)
            run_path = RunPath(path.entity, path.project, lease.run_id)
            values = self._values(run_path, state, [records.get(lease.run_id) for records in kept])
            known.append(_known(run_path, state, lease.parameters, values, position=lease.position))
        for run_id, state in states.items():
            run = self._unit.runs.get(RunPath(path.entity, path.project, run_id))
            if run is not None:
                values = self._values(run.path, state, [records.get(run_id) for records in kept])
                known.append(_known(run.path, state, run.config, values))
        known += self._prior_runs()
        return Knowledge(known, len(known))

    def _prior_runs(self) -> list[KnownRun]:
        path = self._sweep.path
        if self._sweep.prior_runs_filters is None:
            return []
        prior = parse_filter(self._sweep.prior_runs_filters)
        found = []
        for run in self._unit.runs.select(RunSelection(entity=path.entity, project=path.project)):
            if run.sweep_id != path.sweep_id and prior.matches(run):
                # Nobody takes down what these log, so the ends of their histories are looked at each time.
                values = [self._caught_up(run.path, judge, self._stored(run.path, judge)) for judge in self._judges]
                found.append(_known(run.path, run.state, run.config, values))
        return found

    @property
    def _judges(self) -> tuple[Objective, ...]:
        """The objectives, where a target or the search asks for what runs logged of them."""
        objectives = self._config.objectives
        asked = self._config.method is Method.BAYES or any(each.target is not None for each in objectives)
        return objectives if asked else ()

    def _values(
        self, path: RunPath, state: RunState, records: Sequence[ObjectiveRecord | None]
    ) -> list[ObjectiveValues]:
        """What a run of the sweep logged of each objective; it is taken down as it comes, since there are records."""
        if state is RunState.PENDING:
            return [ObjectiveValues() if record is None else record.values for record in records]
        return [
            self._caught_up(path, judge, None) if record is None else record.values
            for judge, record in zip(self._judges, records, strict=True)
        ]

    def _stored(self, path: RunPath, judge: Objective) -> ObjectiveRecord | None:
        return self._unit.objectives.get(path, judge.metric)

    def _caught_up(self, path: RunPath, judge: Objective, record: ObjectiveRecord | None) -> ObjectiveValues:
        found, _ = caught_up(self._unit, path, judge, None, record)
        if self._writes and found != record and found.next_line:
            self._unit.objectives.save(path, found)
        return found.values


def _known(
    path: RunPath,
    state: RunState,
    parameters: JsonObject,
    values: Sequence[ObjectiveValues],
    *,
    position: int | None = None,
) -> KnownRun:
    first = values[0] if values else ObjectiveValues()
    return KnownRun(path.run_id, state, parameters, first, tuple(values[1:]), position)
