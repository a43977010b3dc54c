"""Agents, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from sweepyard.domain.agent import Agent
from sweepyard.storage import tables
from sweepyard.storage.statements import insert_new

_COLUMNS = tables.agents.c
# Made once: each heartbeat runs them, and to make a statement takes longer than to run it.
_GET = select(tables.agents).where(_COLUMNS.agent_id == bindparam("wanted"))
_SAVE = tables.agents.update().where(_COLUMNS.agent_id == bindparam("wanted"))


class SqlAgents:
    """The agent repository; see `services.ports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, agent: Agent) -> None:
        insert_new(self._connection, tables.agents, _row(agent), f"agent {agent.agent_id}")

    def get(self, agent_id: str) -> Agent | None:
        row = self._connection.execute(_GET, {"wanted": agent_id}).first()
        return None if row is None else _agent(row)

    def save(self, agent: Agent) -> None:
        self._connection.execute(_SAVE, {**_row(agent), "wanted": agent.agent_id})

    def of_sweep(self, sweep_id: str) -> list[Agent]:
        statement = select(tables.agents).where(_COLUMNS.sweep_id == sweep_id)
        rows = self._connection.execute(statement.order_by(_COLUMNS.created_at, _COLUMNS.agent_id))
        return [_agent(row) for row in rows]

    def silent_since(self, moment: datetime) -> list[Agent]:
        statement = select(tables.agents).where(_COLUMNS.has_left.is_(False), _COLUMNS.heartbeat_at < moment)
        rows = self._connection.execute(statement.order_by(_COLUMNS.created_at, _COLUMNS.agent_id))
        return [_agent(row) for row in rows]


def _row(agent: Agent) -> dict[str, Any]:
    return {
        "agent_id": agent.agent_id,
        "sweep_id": agent.sweep_id,
        "entity": agent.entity,
        "project": agent.project,
        "host": agent.host,
        "created_at": agent.created_at,
        "heartbeat_at": agent.heartbeat_at,
        "running": list(agent.running),
        "has_left": agent.left,
        "token": agent.token,
        "failures": agent.failures,
        "put_aside": agent.put_aside,
    }


def _agent(row: Row[Any]) -> Agent:
    return Agent(
        agent_id=row.agent_id,
        sweep_id=row.sweep_id,
        entity=row.entity,
        project=row.project,
        host=row.host,
        created_at=row.created_at,
        heartbeat_at=row.heartbeat_at,
        running=tuple(row.running),
        left=row.has_left,
        token=row.token,
        failures=row.failures,
        put_aside=row.put_aside,
    )
