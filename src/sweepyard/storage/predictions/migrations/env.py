"""What Alembic runs."""

from __future__ import annotations

from sweepyard.storage.lineage import run_migrations
from sweepyard.storage.predictions.migrations import LINEAGE

run_migrations(LINEAGE)
