"""Opening a hub's database as it is, beside the hub that serves it: nothing is made, nothing is migrated."""

from __future__ import annotations

from pathlib import Path

from sweepyard.errors import ArchiveError
from sweepyard.storage.engine import open_engines, sqlite_url
from sweepyard.storage.faults import named, telling_faults
from sweepyard.storage.migrations import HEAD, stored_revision
from sweepyard.storage.unit_of_work import DATABASE_FILE, SqlDatabase


def open_existing(home: Path, url: str | None = None) -> SqlDatabase:
    """The database of a hub's home, or the one at `url`.

    Raises:
        ArchiveError: There is none, or its tables are not of this version.
        StorageError: It is away or cannot be used.
    """
    if url is None and not (home / DATABASE_FILE).is_file():
        raise ArchiveError(f"a hub's home has a database; there is none in {home}")
    engines = open_engines(url or sqlite_url(home / DATABASE_FILE))
    try:
        with telling_faults(engines.reader.url), engines.reader.connect() as connection:
            revision = stored_revision(connection)
        if revision != HEAD:
            raise ArchiveError(
                f"{named(engines.reader.url)} is at revision {revision or 'none'}; this version works on {HEAD}. Serve "
                "the hub with this version once: that migrates it; or use the version that wrote it"
            )
    except BaseException:
        engines.dispose()
        raise
    return SqlDatabase(engines)
