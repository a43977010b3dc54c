"""What runs logged of objectives, and how they stood where early termination looks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables; records of the runs that are there are made from their histories when they are asked for."""
    op.create_table(
        "objectives",
        sa.Column("run_number", _NUMBER, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("next_line", sa.BigInteger(), nullable=False),
        sa.Column("value_count", sa.BigInteger(), nullable=False),
        sa.Column("lowest", sa.Double()),
        sa.Column("highest", sa.Double()),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("latest", sa.Double()),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_objectives_run_number_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", "metric", name=op.f("pk_objectives")),
    )
    op.create_table(
        "objective_marks",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("run_number", _NUMBER, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("iteration", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("lowest", sa.Double(), nullable=False),
        sa.Column("highest", sa.Double(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_objective_marks_run_number_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_objective_marks")),
        sa.UniqueConstraint(
            "run_number", "metric", "iteration", name=op.f("uq_objective_marks_run_number_metric_iteration")
        ),
    )
