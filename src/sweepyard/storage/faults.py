"""What is said of a database that cannot be used: which one, by host and user, and why; never its password."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from sweepyard.errors import StorageError


def named(url: URL, environ: Mapping[str, str] = os.environ) -> str:
    """The database in words, by what is used: a URL's query counts over its parts, these over PostgreSQL's variables.

    Args:
        environ: Where those variables are.
    """
    if url.get_backend_name() == "sqlite":
        return f"the SQLite database {url.database}"

    def used(key: str, part: str | None, variable: str) -> str | None:
        return ",".join(url.normalized_query.get(key, ())) or part or environ.get(variable)

    host = used("host", url.host, "PGHOST") or used("hostaddr", None, "PGHOSTADDR") or "the local socket"
    user = used("user", url.username, "PGUSER") or "default"
    database = used("dbname", url.database, "PGDATABASE") or user  # as PostgreSQL has it
    return f"the PostgreSQL database {database} at {host} (user {user})"


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
