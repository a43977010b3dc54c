"""Lineages of migrations: each kind of database has its own, with a version table of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect, text

from sweepyard.errors import StorageError
from sweepyard.storage.faults import named


@dataclass(frozen=True, slots=True)
class Lineage:
    """A database of any released version is brought to this version's tables.

    Attributes:
        folder: Where the migrations are, with the `env.py` that Alembic runs.
        head: The revision that this version's tables are at.
        version_table: Where a database says which revision it is at.
        metadata: This version's tables.
        otherwise: What one does with a database of a newer version but upgrade, as a clause.
    """

    folder: Path
    head: str
    version_table: str
    metadata: MetaData
    otherwise: str

    def bring_up_to_date(self, engine: Engine) -> None:
        """Make the tables, or migrate them, in one transaction.

        Raises:
            StorageError: The database was written by a newer version.
        """
        with engine.connect() as connection:
            if self.stored_revision(connection) == self.head:
                return
        # Alembic takes a tenth of a second to import: only a database that needs it pays for that.
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        with engine.begin() as connection:
            stored = self.stored_revision(connection)
            if stored is not None and stored not in known:
                raise StorageError(
                    f"{named(engine.url)} is at revision {stored}, which this version of Sweepyard does not know (its "
                    f"own is {self.head}); a newer version wrote it. Upgrade Sweepyard, or {self.otherwise}"
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def stored_revision(self, connection: Connection) -> str | None:
        """The revision that the database is at; None for one without these tables."""
        if not inspect(connection).has_table(self.version_table):
            return None
        revision: str | None = connection.execute(
            text(f"SELECT version_num FROM {self.version_table}")  # noqa: S608 - a name of ours
        ).scalar_one_or_none()
        return revision


def run_migrations(lineage: Lineage) -> None:
    """What each lineage's `env.py` does: its migrations, on the connection that it is handed."""
    from alembic import context

    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=lineage.metadata,
        version_table=lineage.version_table,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()
