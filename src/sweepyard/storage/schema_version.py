"""Bringing a database to the present schema, with Alembic, when the hub starts."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from sweepyard.errors import HubError

_SCRIPTS = "sweepyard.storage:migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine) -> None:
    """Apply the migrations that the database lacks, all or none.

    Raises:
        HubError: It is not a database, or one that a newer Sweepyard has changed.
    """
    try:
        with engine.begin() as connection:
            config = alembic_config(connection)
            present = MigrationContext.configure(connection).get_current_revision()
            scripts = ScriptDirectory.from_config(config)
            known = {script.revision for script in scripts.walk_revisions()}
            if present is not None and present not in known:
                raise HubError(
                    f"the database {engine.url.database} is of a newer Sweepyard (schema {present}, this one knows "
                    f"{scripts.get_current_head()}): install that version, or choose another --home"
                )
            if present != scripts.get_current_head():
                command.upgrade(config, "head")
    except DatabaseError as error:
        raise HubError(f"the database {engine.url.database} cannot be opened: {error.orig}") from error
