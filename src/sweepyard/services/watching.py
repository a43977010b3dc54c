"""Marks that tell whether anything has changed about a project, a sweep or a run, at little cost.

A mark is an opaque text: two marks of one thing differ when what is stored of it, or of what belongs to it, has
changed in between. They are looked up in the database, so it does not matter which process made the change.
"""

from __future__ import annotations

from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotFound
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.ports.marks import RowsMark
from sweepyard.services.sweep_rows import existing_sweep


class WatchService:
    """Gives marks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def project(self, entity: str, name: str) -> str:
        """The mark of a project: its runs, its sweeps and its reports.

        Raises:
            NotFound: There is no such project.
        """
        with self._database.reading() as unit:
            if unit.projects.get(entity, name) is None:
                raise NotFound(f"there is no project {entity}/{name}")
            return f"{_runs(unit, entity, name)} {_rows(unit.sweeps.mark(entity, name))} {_reports(unit, entity, name)}"

    def sweep(self, path: SweepPath) -> str:
        """The mark of a sweep: itself, its agents, and its project's runs and reports.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            sweep = existing_sweep(unit, path)
            agents = " ".join(
                f"{agent.heartbeat_at}:{agent.left}:{agent.failures}" for agent in unit.agents.of_sweep(path.sweep_id)
            )
            runs, reports = _runs(unit, path.entity, path.project), _reports(unit, path.entity, path.project)
            return f"{runs} {reports} {sweep.updated_at} {agents}"

    def run(self, path: RunPath) -> str:
        """The mark of a run: itself and what it has streamed.

        Raises:
            NotFound: There is no such run.
        """
        with self._database.reading() as unit:
            stamp = unit.runs.stamp(path)
            if stamp is None:
                raise NotFound(f"there is no run {path}")
            counts = unit.streams.line_counts(path)
            return f"{stamp} {':'.join(str(count) for count in counts.values())}"


def _runs(unit: UnitOfWork, entity: str, project: str) -> str:
    mark = unit.runs.mark(entity, project)
    return f"{mark.count}:{mark.total}"


def _reports(unit: UnitOfWork, entity: str, project: str) -> str:
    return _rows(unit.reports.mark(entity, project))


def _rows(mark: RowsMark) -> str:
    return f"{mark.count}:{mark.latest}"
