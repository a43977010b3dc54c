"""Agents in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from sweepyard.domain.agent import Agent
from sweepyard.storage.rows import values_of
from sweepyard.storage.tables import agents


class SqlAgents:
    """The `AgentRepository` of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, agent: Agent) -> None:
        self._connection.execute(insert(agents).values(values_of(agent)))

    def get(self, agent_id: str) -> Agent | None:
        row = self._connection.execute(select(agents).where(agents.c.agent_id == agent_id)).mappings().first()
        return None if row is None else Agent(**row)

    def save(self, agent: Agent) -> None:
        self._connection.execute(update(agents).where(agents.c.agent_id == agent.agent_id).values(values_of(agent)))

    def of_sweep(self, sweep_id: str) -> list[Agent]:
        query = select(agents).where(agents.c.sweep_id == sweep_id).order_by(agents.c.created_at, agents.c.agent_id)
        return [Agent(**row) for row in self._connection.execute(query).mappings()]

    def silent_since(self, moment: datetime) -> list[Agent]:
        query = (
            select(agents)
            .where(agents.c.left.is_(False), agents.c.heartbeat_at < moment)
            .order_by(agents.c.created_at, agents.c.agent_id)
        )
        return [Agent(**row) for row in self._connection.execute(query).mappings()]
