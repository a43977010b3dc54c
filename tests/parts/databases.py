"""Databases whose tables are there at once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sweepyard.storage.unit_of_work import DATABASE_FILE, SqlDatabase, open_database


def open_migrated(home: Path) -> SqlDatabase:
    """The database of a home; a new one is a copy, since to migrate it takes a tenth of a second a test."""
    file = home / DATABASE_FILE
    if not file.exists():
        file.write_bytes(_migrated())
    return open_database(home)


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        open_database(Path(folder)).close()
        return (Path(folder) / DATABASE_FILE).read_bytes()
