"""The repositories of one transaction."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy import Connection

from sweepyard.storage.repositories.access import SqlAccess
from sweepyard.storage.repositories.agents import SqlAgents
from sweepyard.storage.repositories.artifacts import SqlArtifacts
from sweepyard.storage.repositories.files import SqlFiles
from sweepyard.storage.repositories.projects import SqlProjects
from sweepyard.storage.repositories.runs import SqlRuns
from sweepyard.storage.repositories.streams import SqlStreams
from sweepyard.storage.repositories.sweeps import SqlSweeps


class SqlUnitOfWork:
    """All repositories over one connection, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def access(self) -> SqlAccess:
        return SqlAccess(self._connection)

    @cached_property
    def projects(self) -> SqlProjects:
        return SqlProjects(self._connection)

    @cached_property
    def runs(self) -> SqlRuns:
        return SqlRuns(self._connection)

    @cached_property
    def streams(self) -> SqlStreams:
        return SqlStreams(self._connection)

    @cached_property
    def files(self) -> SqlFiles:
        return SqlFiles(self._connection)

    @cached_property
    def sweeps(self) -> SqlSweeps:
        return SqlSweeps(self._connection)

    @cached_property
    def agents(self) -> SqlAgents:
        return SqlAgents(self._connection)

    @cached_property
    def artifacts(self) -> SqlArtifacts:
        return SqlArtifacts(self._connection)
