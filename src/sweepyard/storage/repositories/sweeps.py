"""Sweeps and leases in SQL."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, insert, or_, select, update

from sweepyard.domain.run import Run
from sweepyard.domain.sweep import Lease, Sweep, SweepPath, SweepState
from sweepyard.errors import Conflict
from sweepyard.storage.repositories.runs import run_of
from sweepyard.storage.rows import exists, pick, values_of
from sweepyard.storage.tables import leases, runs, sweeps


class SqlSweeps:
    """The `SweepRepository` of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, sweep: Sweep) -> None:
        if exists(self._connection, sweeps, sweeps.c.sweep_id == sweep.path.sweep_id):
            raise Conflict(f"a sweep {sweep.path.sweep_id} exists already")
        self._connection.execute(insert(sweeps).values(values_of(sweep)))

    def get(self, path: SweepPath) -> Sweep | None:
        row = self._connection.execute(select(sweeps).where(_is_sweep(path))).mappings().first()
        return None if row is None else _sweep(row)

    def save(self, sweep: Sweep) -> None:
        self._connection.execute(update(sweeps).where(_is_sweep(sweep.path)).values(values_of(sweep)))

    def of_project(self, entity: str, project: str) -> list[Sweep]:
        query = (
            select(sweeps)
            .where(sweeps.c.entity == entity, sweeps.c.project == project)
            .order_by(sweeps.c.created_at.desc(), sweeps.c.sweep_id.desc())
        )
        return [_sweep(row) for row in self._connection.execute(query).mappings()]

    def unfinished(self) -> list[Sweep]:
        over = [state for state in SweepState if state.is_over]
        query = select(sweeps).where(sweeps.c.state.not_in(over)).order_by(sweeps.c.created_at, sweeps.c.sweep_id)
        return [_sweep(row) for row in self._connection.execute(query).mappings()]

    def add_lease(self, lease: Lease) -> None:
        taken = or_(leases.c.position == lease.position, leases.c.run_id == lease.run_id)
        if exists(self._connection, leases, leases.c.sweep_id == lease.sweep_id, taken):
            raise Conflict(
                f"point {lease.position} of sweep {lease.sweep_id}, or run {lease.run_id}, is leased already"
            )
        self._connection.execute(insert(leases).values(values_of(lease)))

    def save_lease(self, lease: Lease) -> None:
        self._connection.execute(
            update(leases)
            .where(leases.c.sweep_id == lease.sweep_id, leases.c.position == lease.position)
            .values(values_of(lease))
        )

    def lease_of_run(self, sweep_id: str, run_id: str) -> Lease | None:
        query = select(leases).where(leases.c.sweep_id == sweep_id, leases.c.run_id == run_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else Lease(**row)

    def leases(self, sweep_id: str) -> list[Lease]:
        query = select(leases).where(leases.c.sweep_id == sweep_id).order_by(leases.c.position)
        return [Lease(**row) for row in self._connection.execute(query).mappings()]

    def leases_with_runs(self, path: SweepPath) -> list[tuple[Lease, Run]]:
        same_run = and_(runs.c.entity == path.entity, runs.c.project == path.project, runs.c.run_id == leases.c.run_id)
        by_id = {lease.run_id: lease for lease in self.leases(path.sweep_id)}
        query = (
            select(runs).join(leases, same_run).where(leases.c.sweep_id == path.sweep_id).order_by(leases.c.position)
        )
        found = [run_of(row) for row in self._connection.execute(query).mappings()]
        return [(by_id[run.path.run_id], run) for run in found]


def _is_sweep(path: SweepPath) -> ColumnElement[bool]:
    return and_(sweeps.c.sweep_id == path.sweep_id, sweeps.c.entity == path.entity, sweeps.c.project == path.project)


def _sweep(row: RowMapping) -> Sweep:
    path = SweepPath(row["entity"], row["project"], row["sweep_id"])
    return Sweep(path=path, **pick(row, Sweep, "path"))
