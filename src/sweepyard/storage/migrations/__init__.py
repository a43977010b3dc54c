"""Migrations: a stored database of any released version is brought to this version's tables."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from sweepyard.errors import HubError

HEAD = "0009"
"""The revision that this version's tables are at."""

_VERSION_TABLE = "alembic_version"


def bring_up_to_date(engine: Engine) -> None:
    """Make the tables, or migrate them, in one transaction.

    Raises:
        HubError: The database was written by a newer version.
    """
    with engine.connect() as connection:
        if stored_revision(connection) == HEAD:
            return
    # Alembic takes a tenth of a second to import: only a database that needs it pays for that.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with engine.begin() as connection:
        stored = stored_revision(connection)
        if stored is not None and stored not in known:
            raise HubError(
                f"the database is at revision {stored}, which this version of Sweepyard does not know (its own is "
                f"{HEAD}); a newer version wrote it. Upgrade Sweepyard, or choose another SWEEPYARD_HOME"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def stored_revision(connection: Connection) -> str | None:
    """The revision that the database is at; None for an empty one."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    revision: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar_one_or_none()  # noqa: S608
    return revision
