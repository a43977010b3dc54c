"""Migrations: a stored database of any released version is brought to this version's tables."""

from __future__ import annotations

from pathlib import Path

from sweepyard.storage.lineage import Lineage
from sweepyard.storage.tables import metadata

HEAD = "0009"
"""The revision that this version's tables are at."""

LINEAGE = Lineage(Path(__file__).parent, HEAD, "alembic_version", metadata, "choose another SWEEPYARD_HOME")
bring_up_to_date = LINEAGE.bring_up_to_date
stored_revision = LINEAGE.stored_revision
