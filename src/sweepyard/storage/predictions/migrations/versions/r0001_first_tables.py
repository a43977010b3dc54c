"""Model versions, images and predictions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "model_versions",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(128), nullable=False),
        sa.Column("weights_digest", sa.String(64), nullable=False),
        sa.Column("class_names", sa.Text(), nullable=False),
        sa.Column("data_name", sa.Text(), nullable=False),
        sa.Column("data_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_model_versions"),
        sa.UniqueConstraint("run_id", "weights_digest", name="uq_model_versions_run_id_weights_digest"),
    )
    op.create_table(
        "images",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("pixels", sa.LargeBinary(), nullable=False),
        sa.Column("true_label", sa.Text()),
        sa.PrimaryKeyConstraint("digest", name="pk_images"),
        sa.CheckConstraint("height > 0 AND width > 0 AND length(pixels) = height * width", name=op.f("ck_images_size")),
    )
    op.create_table(
        "predictions",
        sa.Column("model_number", _NUMBER, nullable=False),
        sa.Column("image_digest", sa.String(64), nullable=False),
        sa.Column("predicted", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("probabilities", sa.Text(), nullable=False),
        sa.Column("latency_seconds", sa.Double(), nullable=False),
        sa.Column("predicted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("model_number", "image_digest", name="pk_predictions"),
        sa.ForeignKeyConstraint(
            ["model_number"], ["model_versions.number"], name="fk_predictions_model_number_model_versions"
        ),
        sa.ForeignKeyConstraint(["image_digest"], ["images.digest"], name="fk_predictions_image_digest_images"),
        sa.CheckConstraint("confidence >= 0 AND confidence <= 1", name=op.f("ck_predictions_confidence")),
        sa.CheckConstraint("latency_seconds >= 0", name=op.f("ck_predictions_latency")),
    )
    op.create_index("ix_predictions_image_digest", "predictions", ["image_digest"])
    op.create_index("ix_predictions_predicted_at", "predictions", ["predicted_at"])
