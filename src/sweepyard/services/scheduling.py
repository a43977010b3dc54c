"""Points that a scheduler outside the hub proposes: they wait in their sweep's queue until agents have room."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sweepyard.clock import Clock
from sweepyard.domain.access import Actor
from sweepyard.domain.names import check_texts
from sweepyard.domain.run import Run, RunEvent, RunPath, RunState
from sweepyard.domain.sweep import Lease, Sweep, SweepPath
from sweepyard.errors import Conflict
from sweepyard.ids import IdSource
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.ports import Database
from sweepyard.services.sweep_rows import existing_sweep, parsed


class SchedulingService:
    """Takes the points of sweeps whose file has a `scheduler`."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def enqueue(self, path: SweepPath, parameters: JsonObject, *, display_name: str | None = None, actor: Actor) -> Run:
        """Put a point at the end of the sweep's queue; gives its run, which is pending until an agent takes it.

        Points beyond the file's `run_cap` are taken too, and never handed out: they are killed with the sweep's end.

        Raises:
            NotFound: There is no such sweep.
            RequestInvalid: The name is no Unicode.
            Conflict: The sweep's file has no `scheduler`, or the sweep is over.
        """
        check_texts({"display_name": display_name})
        now = self._clock.now()
        with self._database.writing() as unit:
            sweep = existing_sweep(unit, path)
            _check_takes_points(sweep)
            lease, run = point_of(sweep, parameters, sweep.suggestions, self._ids.short(), now)
            run = replace(run, display_name=display_name or run.display_name, creator=actor.username or run.creator)
            unit.runs.add(run)
            unit.sweeps.add_lease(lease)
            unit.runs.add_event(run.path, RunEvent(now, "enqueued", f"by the sweep's scheduler, as {actor.username}"))
            unit.sweeps.save(replace(sweep, suggestions=lease.position + 1, updated_at=now))
        return run


def point_of(sweep: Sweep, parameters: JsonObject, position: int, run_id: str, now: datetime) -> tuple[Lease, Run]:
    """A new point of a sweep, which nobody has yet, and its run."""
    path = sweep.path
    run = Run(
        path=RunPath(path.entity, path.project, run_id),
        state=RunState.PENDING,
        created_at=now,
        updated_at=now,
        display_name=run_id,
        config=parameters,
        sweep_id=path.sweep_id,
        creator=sweep.creator,
    )
    lease = Lease(sweep_id=path.sweep_id, position=position, run_id=run_id, parameters=parameters, created_at=now)
    return lease, run


def _check_takes_points(sweep: Sweep) -> None:
    if not parsed(sweep.config_yaml).has_scheduler:
        raise Conflict(f"the hub itself proposes the runs of sweep {sweep.path}: its file has no `scheduler`")
    if sweep.state.is_over:
        raise Conflict(f"sweep {sweep.path} is {sweep.state.value.lower()} and takes no more runs")
