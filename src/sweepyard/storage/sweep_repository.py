"""Sweeps and their leases, in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, select

from sweepyard.domain.run import Run, RunState
from sweepyard.domain.sweep import Lease, Sweep, SweepPath, SweepState
from sweepyard.services.ports.marks import RowsMark
from sweepyard.storage import tables
from sweepyard.storage.run_rows import run_of
from sweepyard.storage.statements import insert_new, pieces

_COLUMNS = tables.sweeps.c
_LEASES = tables.leases.c
_RUNS = tables.runs.c
_OVER = tuple(state for state in SweepState if state.is_over)
# Made once: each heartbeat runs them, and to make a statement takes longer than to run it.
_GET = select(tables.sweeps).where(
    _COLUMNS.sweep_id == bindparam("sweep"),
    _COLUMNS.entity == bindparam("entity"),
    _COLUMNS.project == bindparam("project"),
)
_LEASES_WITH_RUNS = (
    select(tables.leases)
    .join(
        tables.runs,
        and_(
            _RUNS.run_id == _LEASES.run_id,
            _RUNS.entity == bindparam("entity"),
            _RUNS.project == bindparam("project"),
            _RUNS.sweep_id == bindparam("sweep"),
            _RUNS.state.in_(bindparam("states", expanding=True)),
        ),
    )
    .where(_LEASES.sweep_id == bindparam("sweep"))
    .order_by(_LEASES.position)
)
_LEASES_OF_AGENT_WITH_RUNS = _LEASES_WITH_RUNS.where(_LEASES.agent_id == bindparam("agent"))
_RUNS_OF_LEASES = select(tables.runs).where(
    _RUNS.entity == bindparam("entity"),
    _RUNS.project == bindparam("project"),
    _RUNS.run_id.in_(bindparam("runs", expanding=True)),
)


class SqlSweeps:
    """The sweep repository; see `services.ports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, sweep: Sweep) -> None:
        insert_new(self._connection, tables.sweeps, _sweep_row(sweep), f"sweep {sweep.path}")

    def get(self, path: SweepPath) -> Sweep | None:
        row = self._connection.execute(_GET, _names(path)).first()
        return None if row is None else _sweep(row)

    def save(self, sweep: Sweep) -> None:
        statement = tables.sweeps.update().where(_COLUMNS.sweep_id == sweep.path.sweep_id)
        self._connection.execute(statement.values(**_sweep_row(sweep)))

    def of_project(self, entity: str, project: str) -> list[Sweep]:
        statement = (
            select(tables.sweeps)
            .where(_COLUMNS.entity == entity, _COLUMNS.project == project)
            .order_by(_COLUMNS.created_at.desc(), _COLUMNS.sweep_id)
        )
        return [_sweep(row) for row in self._connection.execute(statement)]

    def mark(self, entity: str, project: str) -> RowsMark:
        statement = select(func.count(), func.max(_COLUMNS.updated_at))
        row = self._connection.execute(statement.where(_COLUMNS.entity == entity, _COLUMNS.project == project)).one()
        return RowsMark(*row)

    def unfinished(self) -> list[Sweep]:
        statement = select(tables.sweeps).where(_COLUMNS.state.not_in(_OVER))
        rows = self._connection.execute(statement.order_by(_COLUMNS.created_at, _COLUMNS.sweep_id))
        return [_sweep(row) for row in rows]

    def add_lease(self, lease: Lease) -> None:
        what = f"a lease of position {lease.position} or of run {lease.run_id} of sweep {lease.sweep_id}"
        insert_new(self._connection, tables.leases, _lease_row(lease), what)

    def save_lease(self, lease: Lease) -> None:
        statement = tables.leases.update().where(_LEASES.sweep_id == lease.sweep_id, _LEASES.position == lease.position)
        self._connection.execute(statement.values(**_lease_row(lease)))

    def lease_of_run(self, sweep_id: str, run_id: str) -> Lease | None:
        statement = select(tables.leases).where(_LEASES.sweep_id == sweep_id, _LEASES.run_id == run_id)
        row = self._connection.execute(statement).first()
        return None if row is None else _lease(row)

    def lease_count(self, sweep_id: str) -> int:
        statement = select(func.count()).select_from(tables.leases).where(_LEASES.sweep_id == sweep_id)
        return int(self._connection.execute(statement).scalar_one())

    def leases(self, sweep_id: str, *, before: int | None = None) -> list[Lease]:
        statement = select(tables.leases).where(_LEASES.sweep_id == sweep_id).order_by(_LEASES.position)
        if before is not None:
            statement = statement.where(_LEASES.position < before)
        return [_lease(row) for row in self._connection.execute(statement)]

    def leases_with_runs(
        self, path: SweepPath, *, states: frozenset[RunState], agent_id: str | None = None
    ) -> list[tuple[Lease, Run]]:
        names = _names(path)
        asked = {**names, "states": list(states)}
        if agent_id is None:
            rows = self._connection.execute(_LEASES_WITH_RUNS, asked)
        else:
            rows = self._connection.execute(_LEASES_OF_AGENT_WITH_RUNS, {**asked, "agent": agent_id})
        found = [_lease(row) for row in rows]
        # Two statements: one agent's leases name the few runs that are read whole.
        by_id = {}
        for run_ids in pieces(lease.run_id for lease in found):
            runs = self._connection.execute(_RUNS_OF_LEASES, {**names, "runs": run_ids})
            by_id.update({row.run_id: run_of(row) for row in runs})
        return [(lease, by_id[lease.run_id]) for lease in found]


def _names(path: SweepPath) -> dict[str, Any]:
    return {"entity": path.entity, "project": path.project, "sweep": path.sweep_id}


def _sweep_row(sweep: Sweep) -> dict[str, Any]:
    return {
        "sweep_id": sweep.path.sweep_id,
        "entity": sweep.path.entity,
        "project": sweep.path.project,
        "state": sweep.state,
        "config_yaml": sweep.config_yaml,
        "seed": sweep.seed,
        "created_at": sweep.created_at,
        "updated_at": sweep.updated_at,
        "display_name": sweep.display_name,
        "description": sweep.description,
        "suggestions": sweep.suggestions,
        "controller": sweep.controller,
        "scheduler": sweep.scheduler,
        "creator": sweep.creator,
        "warnings": list(sweep.warnings),
        "prior_runs_filters": sweep.prior_runs_filters,
        "sequence_start": sweep.sequence_start,
        "started_at": sweep.started_at,
    }


def _sweep(row: Row[Any]) -> Sweep:
    return Sweep(
        path=SweepPath(row.entity, row.project, row.sweep_id),
        state=row.state,
        config_yaml=row.config_yaml,
        seed=row.seed,
        created_at=row.created_at,
        updated_at=row.updated_at,
        display_name=row.display_name,
        description=row.description,
        suggestions=row.suggestions,
        controller=row.controller,
        scheduler=row.scheduler,
        creator=row.creator,
        warnings=tuple(row.warnings),
        prior_runs_filters=row.prior_runs_filters,
        sequence_start=row.sequence_start,
        started_at=row.started_at,
    )


def _lease_row(lease: Lease) -> dict[str, Any]:
    return {
        "sweep_id": lease.sweep_id,
        "position": lease.position,
        "run_id": lease.run_id,
        "parameters": lease.parameters,
        "created_at": lease.created_at,
        "agent_id": lease.agent_id,
        "acknowledged": lease.acknowledged,
        "handed_out": lease.handed_out,
        "retries": lease.retries,
        "late": lease.late,
    }


def _lease(row: Row[Any]) -> Lease:
    return Lease(
        sweep_id=row.sweep_id,
        position=row.position,
        run_id=row.run_id,
        parameters=row.parameters,
        created_at=row.created_at,
        agent_id=row.agent_id,
        acknowledged=row.acknowledged,
        handed_out=row.handed_out,
        retries=row.retries,
        late=row.late,
    )
