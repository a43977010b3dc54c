"""Hosts that are put aside, late processes, sweeps that were edited, and when they began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; a sweep that is there began when it was registered, as far as anybody knows."""
    op.add_column("sweeps", sa.Column("sequence_start", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("sweeps", sa.Column("started_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE sweeps SET started_at = created_at WHERE suggestions > 0")
    op.add_column("leases", sa.Column("late", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("agents", sa.Column("token", sa.Text(), nullable=False, server_default=""))
    op.add_column("agents", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("agents", sa.Column("put_aside", sa.Boolean(), nullable=False, server_default=sa.false()))
