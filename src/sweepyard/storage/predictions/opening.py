"""Opening a predictions database, for who stores and for who only looks."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL

from sweepyard.errors import NotFound
from sweepyard.storage.engine import open_engines, parsed_url, sqlite_url
from sweepyard.storage.faults import named, telling_faults
from sweepyard.storage.predictions.migrations import LINEAGE
from sweepyard.storage.predictions.store import SqlPredictions

DATABASE_FILE = "predictions.db"
# Who stores predictions does not wait for hubs that share the database; this number spells "predict".
_WRITERS = 0x70726564696374


def url_of(home: Path, url: str | None = None) -> URL:
    """The URL of a home's predictions database, or `url` itself.

    Raises:
        StorageError: It is none.
    """
    return parsed_url(url or sqlite_url(home / DATABASE_FILE))


def open_predictions(home: Path, url: str | None = None, *, to_store: bool) -> SqlPredictions:
    """The predictions database of a home, or the one at `url`.

    Args:
        to_store: Make the database if there is none.

    Raises:
        NotFound: There is none, and nothing is to be stored.
        StorageError: It is away or cannot be used, or was written by a newer version.
    """
    parsed = url_of(home, url)
    if not to_store and _is_missing_file(parsed):
        raise _nothing_stored(parsed)
    engines = open_engines(parsed, writers=_WRITERS)
    try:
        with telling_faults(parsed):
            with engines.reader.connect() as connection:
                is_made = LINEAGE.stored_revision(connection) is not None
            if not is_made and not to_store:
                raise _nothing_stored(parsed)
            LINEAGE.bring_up_to_date(engines.writer)
    except BaseException:
        engines.dispose()
        raise
    return SqlPredictions(engines)


def _is_missing_file(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and url.database is not None and not Path(url.database).exists()


def _nothing_stored(url: URL) -> NotFound:
    return NotFound(f"{named(url)} holds no predictions; `sweepyard predict --store` stores them")
