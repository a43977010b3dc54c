"""Migrations of the predictions database, apart from the hub's: one database may hold both."""

from __future__ import annotations

from pathlib import Path

from sweepyard.storage.lineage import Lineage
from sweepyard.storage.predictions.tables import metadata

LINEAGE = Lineage(
    Path(__file__).parent, "0001", "predictions_version", metadata, "name another database in SWEEPYARD_PREDICTIONS"
)
