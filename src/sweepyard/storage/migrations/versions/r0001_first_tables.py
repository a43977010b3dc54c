"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the first released version."""
    op.create_table(
        "projects",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entity", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_projects")),
        sa.UniqueConstraint("entity", "name", name=op.f("uq_projects_entity_name")),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )
    op.create_table(
        "users",
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("entity", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_users")),
    )
    op.create_table(
        "api_keys",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name=op.f("fk_api_keys_username_users")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "artifact_collections",
        sa.Column("entity", sa.String(length=128), nullable=False),
        sa.Column("project", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("artifact_type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity", "project"],
            ["projects.entity", "projects.name"],
            name=op.f("fk_artifact_collections_entity_project_projects"),
        ),
        sa.PrimaryKeyConstraint("entity", "project", "name", name=op.f("pk_artifact_collections")),
    )
    op.create_table(
        "runs",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entity", sa.String(length=128), nullable=False),
        sa.Column("project", sa.String(length=128), nullable=False),
        sa.Column("run_id", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("wandb_config", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("job_type", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("commit_hash", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("repo", sa.Text(), nullable=False),
        sa.Column("sweep_id", sa.String(length=128), nullable=True),
        sa.Column("agent_id", sa.String(length=128), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("stop_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resume_noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("creator", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity", "project"], ["projects.entity", "projects.name"], name=op.f("fk_runs_entity_project_projects")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_runs")),
        sa.UniqueConstraint("entity", "project", "run_id", name=op.f("uq_runs_entity_project_run_id")),
    )
    op.create_index(
        op.f("ix_runs_entity_project_created_at_run_id"),
        "runs",
        ["entity", "project", "created_at", "run_id"],
        unique=False,
    )
    op.create_index(op.f("ix_runs_state_heartbeat_at"), "runs", ["state", "heartbeat_at"], unique=False)
    op.create_index(op.f("ix_runs_sweep_id_state"), "runs", ["sweep_id", "state"], unique=False)
    op.create_table(
        "sweeps",
        sa.Column("sweep_id", sa.String(length=128), nullable=False),
        sa.Column("entity", sa.String(length=128), nullable=False),
        sa.Column("project", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("config_yaml", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("suggestions", sa.BigInteger(), nullable=False),
        sa.Column("controller", sa.Text(), nullable=True),
        sa.Column("scheduler", sa.Text(), nullable=True),
        sa.Column("creator", sa.String(length=128), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("prior_runs_filters", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["entity", "project"], ["projects.entity", "projects.name"], name=op.f("fk_sweeps_entity_project_projects")
        ),
        sa.PrimaryKeyConstraint("sweep_id", name=op.f("pk_sweeps")),
    )
    op.create_index(
        op.f("ix_sweeps_entity_project_created_at"), "sweeps", ["entity", "project", "created_at"], unique=False
    )
    op.create_index(op.f("ix_sweeps_state"), "sweeps", ["state"], unique=False)
    op.create_table(
        "agents",
        sa.Column("agent_id", sa.String(length=128), nullable=False),
        sa.Column("sweep_id", sa.String(length=128), nullable=False),
        sa.Column("entity", sa.String(length=128), nullable=False),
        sa.Column("project", sa.String(length=128), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("running", sa.Text(), nullable=False),
        sa.Column("has_left", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.sweep_id"], name=op.f("fk_agents_sweep_id_sweeps")),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agents")),
    )
    op.create_index(op.f("ix_agents_has_left_heartbeat_at"), "agents", ["has_left", "heartbeat_at"], unique=False)
    op.create_index(op.f("ix_agents_sweep_id"), "agents", ["sweep_id"], unique=False)
    op.create_table(
        "artifacts",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entity", sa.String(length=128), nullable=False),
        sa.Column("project", sa.String(length=128), nullable=False),
        sa.Column("collection", sa.String(length=128), nullable=False),
        sa.Column("artifact_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("requested_aliases", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("created_by_run", sa.String(length=128), nullable=True),
        sa.Column("client_id", sa.String(length=128), nullable=True),
        sa.Column("sequence_client_id", sa.String(length=128), nullable=True),
        sa.Column("history_step", sa.BigInteger(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity", "project", "collection"],
            ["artifact_collections.entity", "artifact_collections.project", "artifact_collections.name"],
            name=op.f("fk_artifacts_entity_project_collection_artifact_collections"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_artifacts")),
        sa.UniqueConstraint(
            "entity", "project", "collection", "version", name=op.f("uq_artifacts_entity_project_collection_version")
        ),
    )
    op.create_index(op.f("ix_artifacts_client_id"), "artifacts", ["client_id"], unique=False)
    op.create_index(
        op.f("ix_artifacts_entity_project_collection_digest"),
        "artifacts",
        ["entity", "project", "collection", "digest"],
        unique=False,
    )
    op.create_index(op.f("ix_artifacts_sequence_client_id"), "artifacts", ["sequence_client_id"], unique=False)
    op.create_table(
        "leases",
        sa.Column("sweep_id", sa.String(length=128), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(length=128), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent_id", sa.String(length=128), nullable=True),
        sa.Column("acknowledged", sa.Boolean(), nullable=False),
        sa.Column("handed_out", sa.Integer(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.sweep_id"], name=op.f("fk_leases_sweep_id_sweeps")),
        sa.PrimaryKeyConstraint("sweep_id", "position", name=op.f("pk_leases")),
        sa.UniqueConstraint("sweep_id", "run_id", name=op.f("uq_leases_sweep_id_run_id")),
    )
    op.create_index(op.f("ix_leases_sweep_id_agent_id"), "leases", ["sweep_id", "agent_id"], unique=False)
    op.create_table(
        "run_events",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("run_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_run_events_run_number_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_run_events")),
    )
    op.create_index(op.f("ix_run_events_run_number"), "run_events", ["run_number"], unique=False)
    op.create_table(
        "run_files",
        sa.Column("run_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blob_digest", sa.String(length=64), nullable=True),
        sa.Column("blob_md5", sa.String(length=32), nullable=True),
        sa.Column("blob_size_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_run_files_run_number_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", "name", name=op.f("pk_run_files")),
    )
    op.create_index(op.f("ix_run_files_blob_digest"), "run_files", ["blob_digest"], unique=False)
    op.create_table(
        "run_lines",
        sa.Column("run_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("line_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_run_lines_run_number_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_number", "stream", "line_number", name=op.f("pk_run_lines")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "artifact_aliases",
        sa.Column("entity", sa.String(length=128), nullable=False),
        sa.Column("project", sa.String(length=128), nullable=False),
        sa.Column("collection", sa.String(length=128), nullable=False),
        sa.Column("alias", sa.String(length=128), nullable=False),
        sa.Column("artifact_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_number"], ["artifacts.number"], name=op.f("fk_artifact_aliases_artifact_number_artifacts")
        ),
        sa.PrimaryKeyConstraint("entity", "project", "collection", "alias", name=op.f("pk_artifact_aliases")),
    )
    op.create_index(op.f("ix_artifact_aliases_artifact_number"), "artifact_aliases", ["artifact_number"], unique=False)
    op.create_table(
        "artifact_files",
        sa.Column("artifact_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.Column("blob_digest", sa.String(length=64), nullable=True),
        sa.Column("blob_md5", sa.String(length=32), nullable=True),
        sa.Column("blob_size_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["artifact_number"], ["artifacts.number"], name=op.f("fk_artifact_files_artifact_number_artifacts")
        ),
        sa.PrimaryKeyConstraint("artifact_number", "name", name=op.f("pk_artifact_files")),
    )
    op.create_index(op.f("ix_artifact_files_blob_digest"), "artifact_files", ["blob_digest"], unique=False)
    op.create_index(op.f("ix_artifact_files_md5"), "artifact_files", ["md5"], unique=False)
    op.create_table(
        "artifact_links",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("artifact_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.String(length=128), nullable=False),
        sa.Column("project", sa.String(length=128), nullable=False),
        sa.Column("run_id", sa.String(length=128), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_number"], ["artifacts.number"], name=op.f("fk_artifact_links_artifact_number_artifacts")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_artifact_links")),
        sa.UniqueConstraint(
            "entity",
            "project",
            "run_id",
            "used",
            "artifact_number",
            name=op.f("uq_artifact_links_entity_project_run_id_used_artifact_number"),
        ),
    )
    op.create_index(op.f("ix_artifact_links_artifact_number"), "artifact_links", ["artifact_number"], unique=False)
    op.create_table(
        "artifact_manifests",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("artifact_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=128), nullable=False),
        sa.Column("blob_digest", sa.String(length=64), nullable=True),
        sa.Column("blob_md5", sa.String(length=32), nullable=True),
        sa.Column("blob_size_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["artifact_number"], ["artifacts.number"], name=op.f("fk_artifact_manifests_artifact_number_artifacts")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_artifact_manifests")),
    )
    op.create_index(
        op.f("ix_artifact_manifests_artifact_number"), "artifact_manifests", ["artifact_number"], unique=False
    )
