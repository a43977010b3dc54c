"""One of the two servers of a push, source or destination: what a push reads and writes there."""

from __future__ import annotations

from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotTracked
from sweepyard.tracking.push.connection import Connection
from sweepyard.tracking.push.side_artifacts import SideArtifacts
from sweepyard.tracking.push.side_runs import SideRuns
from sweepyard.tracking.push.side_sweeps import SideSweeps
from sweepyard.tracking.reader import Reader


class Side:
    """A server, with its sweeps, runs and artifacts."""

    def __init__(self, reader: Reader) -> None:
        connection = Connection(reader)
        self._reader = reader
        self.url = reader.url
        self.sweeps = SideSweeps(connection, reader)
        self.runs = SideRuns(connection)
        self.artifacts = SideArtifacts(connection)

    @property
    def default_entity(self) -> str:
        """The entity of who asks."""
        return self._reader.default_entity()

    def find(self, name: str) -> SweepPath | RunPath:
        """What a user names: a sweep or, where there is none of that name, a run.

        Args:
            name: As `entity/project/id` or `project/id`.

        Raises:
            NotTracked: There is neither.
        """
        entity, project, identity = self._reader.parts(name, "run or sweep")
        if self.sweeps.get(sweep := SweepPath(entity, project, identity)) is not None:
            return sweep
        if self.runs.get(run := RunPath(entity, project, identity)) is not None:
            return run
        hint = "`sweepyard runs list` shows what there is"
        raise NotTracked(f"{self.url} has neither a run nor a sweep {run}; {hint}")
