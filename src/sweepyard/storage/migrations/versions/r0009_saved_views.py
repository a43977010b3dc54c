"""Reports that W&B's clients save."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what is there was written at the hub."""
    op.add_column("reports", sa.Column("view", sa.Text()))
