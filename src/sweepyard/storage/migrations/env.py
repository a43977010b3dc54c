"""Runs migrations on the connection that the hub hands over."""

from __future__ import annotations

from alembic import context

from sweepyard.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # The caller's transaction holds all of it.
)
context.run_migrations()
