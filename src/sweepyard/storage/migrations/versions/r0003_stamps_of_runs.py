"""A stamp on each run, so that what has changed since is found without reading the runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the stamp: 0 on the runs that are there, a greater number after each one's next change."""
    op.add_column("runs", sa.Column("stamp", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index(
        op.f("ix_runs_entity_project_stamp_run_id"), "runs", ["entity", "project", "stamp", "run_id"], unique=False
    )
