"""Teams, and keys that grant less than their users may do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add teams with their members, and the role of a key."""
    op.create_table(
        "teams",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_teams")),
    )
    op.create_table(
        "team_members",
        sa.Column("team", sa.String(length=128), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["team"], ["teams.name"], name=op.f("fk_team_members_team_teams")),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name=op.f("fk_team_members_username_users")),
        sa.PrimaryKeyConstraint("team", "username", name=op.f("pk_team_members")),
    )
    op.create_index(op.f("ix_team_members_username"), "team_members", ["username"])
    op.add_column("api_keys", sa.Column("role", sa.String(length=16), nullable=True))
