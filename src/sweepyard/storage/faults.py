"""What is said of a database that cannot be used: which one, by host and user, and why; never its password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from sweepyard.errors import StorageError


def named(url: URL) -> str:
    """The database in words."""
    if url.get_backend_name() == "sqlite":
        return f"the SQLite database {url.database}"
    return (
        f"the PostgreSQL database {url.database} at {url.host or 'the local socket'} (user {url.username or 'default'})"
    )


def reason(error: DBAPIError) -> str:
    """What the driver says, on one line; neither the statement nor its values."""
    return " ".join(str(error.orig).split())


@contextmanager
def telling_faults(url: URL, rule: str = "must be usable") -> Iterator[None]:
    """Let the driver's errors leave the block as ours.

    Raises:
        StorageError: The block's statements could not be done.
    """
    try:
        yield
    except DBAPIError as error:
        raise StorageError(f"{named(url)} {rule}; {reason(error)}") from error
