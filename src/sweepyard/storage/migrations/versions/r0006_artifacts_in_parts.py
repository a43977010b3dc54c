"""Artifacts made in parts: by several processes, upon another version; references; tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns, with what is true of the rows that are there."""
    op.add_column("artifact_collections", sa.Column("tags", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("artifacts", sa.Column("distributed_id", sa.String(length=128), nullable=True))
    op.create_index(op.f("ix_artifacts_distributed_id"), "artifacts", ["distributed_id"], unique=False)
    op.add_column("artifact_manifests", sa.Column("kind", sa.String(16), nullable=False, server_default="FULL"))
    op.add_column("artifact_manifests", sa.Column("base_number", _NUMBER, nullable=True))
    op.add_column("artifact_files", sa.Column("reference", sa.Text(), nullable=True))
