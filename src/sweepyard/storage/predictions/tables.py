"""The tables of the predictions database; migrations bring a stored one here."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Double, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from sweepyard.storage.table_shapes import NAME, NAMING, NUMBER, SHA256, own_number
from sweepyard.storage.types import JsonText, UtcDateTime

metadata = MetaData(naming_convention=NAMING)

model_versions = Table(
    "model_versions",
    metadata,
    own_number(),
    Column("run_id", NAME, nullable=False),
    Column("weights_digest", SHA256, nullable=False),
    Column("class_names", JsonText, nullable=False),
    Column("data_name", Text, nullable=False),
    Column("data_digest", Text, nullable=False),
    Unique("run_id", "weights_digest"),
)

images = Table(
    "images",
    metadata,
    Column("digest", SHA256, primary_key=True),
    Column("height", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("pixels", LargeBinary, nullable=False),
    Column("true_label", Text),
    CheckConstraint("height > 0 AND width > 0 AND length(pixels) = height * width", name="size"),
)

predictions = Table(
    "predictions",
    metadata,
    Column("model_number", NUMBER, ForeignKey("model_versions.number"), primary_key=True),
    Column("image_digest", SHA256, ForeignKey("images.digest"), primary_key=True),
    Column("predicted", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("probabilities", Text, nullable=False),
    Column("latency_seconds", Double, nullable=False),
    Column("predicted_at", UtcDateTime, nullable=False),
    CheckConstraint("confidence >= 0 AND confidence <= 1", name="confidence"),
    CheckConstraint("latency_seconds >= 0", name="latency"),
    Index(None, "image_digest"),
    Index(None, "predicted_at"),
)
