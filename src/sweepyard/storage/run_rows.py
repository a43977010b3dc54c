"""Runs to rows and back; and the number that stands for a run in other tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, select

from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.errors import NotFound
from sweepyard.storage import tables

_COLUMNS = tables.runs.c
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)

SOURCES: dict[str, Column[Any]] = {
    "state": _COLUMNS.state,
    "created_at": _COLUMNS.created_at,
    "updated_at": _COLUMNS.updated_at,
    "heartbeat_at": _COLUMNS.heartbeat_at,
    "started_at": _COLUMNS.started_at,
    "ended_at": _COLUMNS.ended_at,
    "display_name": _COLUMNS.display_name,
    "config": _COLUMNS.config,
    "summary": _COLUMNS.summary,
    "tags": _COLUMNS.tags,
    "group": _COLUMNS.group_name,
    "job_type": _COLUMNS.job_type,
    "notes": _COLUMNS.notes,
    "commit": _COLUMNS.commit_hash,
    "host": _COLUMNS.host,
    "sweep_id": _COLUMNS.sweep_id,
    "agent_id": _COLUMNS.agent_id,
    "attempt": _COLUMNS.attempt,
    "creator": _COLUMNS.creator,
}
"""The columns of the attributes that fields of runs are read from."""


def row_of(run: Run) -> dict[str, Any]:
    """The columns of a run, its number and its stamp excepted."""
    return {
        "entity": run.path.entity,
        "project": run.path.project,
        "run_id": run.path.run_id,
        "state": run.state,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "display_name": run.display_name,
        "config": run.config,
        "wandb_config": run.wandb_config,
        "summary": run.summary,
        "tags": list(run.tags),
        "group_name": run.group,
        "job_type": run.job_type,
        "notes": run.notes,
        "commit_hash": run.commit,
        "host": run.host,
        "program": run.program,
        "repo": run.repo,
        "sweep_id": run.sweep_id,
        "agent_id": run.agent_id,
        "attempt": run.attempt,
        "stop_requested": run.stop_requested,
        "stop_requested_at": run.stop_requested_at,
        "resume_noted_at": run.resume_noted_at,
        "heartbeat_at": run.heartbeat_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "exit_code": run.exit_code,
        "creator": run.creator,
    }


def run_of(row: Row[Any]) -> Run:
    """The run that a row of all columns holds."""
    return Run(
        path=RunPath(row.entity, row.project, row.run_id),
        state=row.state,
        created_at=row.created_at,
        updated_at=row.updated_at,
        display_name=row.display_name,
        config=row.config,
        wandb_config=row.wandb_config,
        summary=row.summary,
        tags=tuple(row.tags),
        group=row.group_name,
        job_type=row.job_type,
        notes=row.notes,
        commit=row.commit_hash,
        host=row.host,
        program=row.program,
        repo=row.repo,
        sweep_id=row.sweep_id,
        agent_id=row.agent_id,
        attempt=row.attempt,
        stop_requested=row.stop_requested,
        stop_requested_at=row.stop_requested_at,
        resume_noted_at=row.resume_noted_at,
        heartbeat_at=row.heartbeat_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        exit_code=row.exit_code,
        creator=row.creator,
    )


def part_of_run(path: RunPath, attributes: Sequence[str], values: Sequence[Any]) -> Run:
    """A run of which nothing but its path and these attributes is true; enough to read fields from."""
    known = {"state": RunState.PENDING, "created_at": _ANY_TIME, "updated_at": _ANY_TIME}
    return Run(path=path, **{**known, **dict(zip(attributes, values, strict=True))})


def find_number(connection: Connection, path: RunPath) -> int | None:
    """The run's number; None where there is no such run."""
    statement = select(_COLUMNS.number).where(
        _COLUMNS.entity == path.entity, _COLUMNS.project == path.project, _COLUMNS.run_id == path.run_id
    )
    number: int | None = connection.execute(statement).scalar_one_or_none()
    return number


def number_of(connection: Connection, path: RunPath) -> int:
    """The run's number.

    Raises:
        NotFound: There is no such run.
    """
    number = find_number(connection, path)
    if number is None:
        raise NotFound(f"there is no run {path}")
    return number
