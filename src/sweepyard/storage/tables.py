"""The tables, in SQL that every database speaks; migrations bring a stored one here."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from sweepyard.domain.access import Role
from sweepyard.domain.artifact import ArtifactState, ManifestKind
from sweepyard.domain.run import RunState
from sweepyard.domain.sweep import SweepState
from sweepyard.storage.table_shapes import (
    MD5,
    NAME,
    NAMING,
    NUMBER,
    SHA256,
    blob,
    in_project,
    own_number,
    place,
    run_number,
)
from sweepyard.storage.types import EnumText, JsonText, UtcDateTime

metadata = MetaData(naming_convention=NAMING)

users = Table(
    "users",
    metadata,
    Column("username", NAME, primary_key=True),
    Column("entity", NAME, nullable=False),
    Column("role", EnumText(Role), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

teams = Table(
    "teams",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
)

team_members = Table(
    "team_members",
    metadata,
    Column("team", NAME, ForeignKey("teams.name"), primary_key=True),
    Column("username", NAME, ForeignKey("users.username"), primary_key=True, index=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("digest", SHA256, primary_key=True),
    Column("username", NAME, ForeignKey("users.username"), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("role", EnumText(Role)),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    own_number(),
    Column("entity", NAME, nullable=False),
    Column("name", NAME, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("description", Text, nullable=False),
    UniqueConstraint("entity", "name"),
)

runs = Table(
    "runs",
    metadata,
    own_number(),
    *place(),
    Column("run_id", NAME, nullable=False),
    Column("state", EnumText(RunState), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("config", JsonText, nullable=False),
    Column("wandb_config", JsonText, nullable=False),
    Column("summary", JsonText, nullable=False),
    Column("tags", JsonText, nullable=False),
    Column("group_name", Text, nullable=False),
    Column("job_type", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("commit_hash", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("program", Text, nullable=False),
    Column("repo", Text, nullable=False),
    Column("sweep_id", NAME),
    Column("agent_id", NAME),
    Column("attempt", Integer, nullable=False),
    Column("stop_requested", Boolean, nullable=False),
    Column("stop_requested_at", UtcDateTime),
    Column("resume_noted_at", UtcDateTime),
    Column("heartbeat_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("exit_code", Integer),
    Column("creator", NAME, nullable=False),
    # A greater number after every change of the row.
    Column("stamp", BigInteger, nullable=False),
    UniqueConstraint("entity", "project", "run_id"),
    in_project(),
    Index(None, "entity", "project", "created_at", "run_id"),
    Index(None, "entity", "project", "stamp", "run_id"),
    Index(None, "sweep_id", "state"),
    Index(None, "state", "heartbeat_at"),
)

run_events = Table(
    "run_events",
    metadata,
    own_number(),
    run_number(index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

# The lines of runs. What comes in stands in `run_chunks` as it came, one row a chunk, a later one over an earlier one;
# a full tail of them is sealed into compressed blocks, which never overlap (`storage.blocks` says what is in them).
# Large values stand last, so that SQLite finds the others without reading them.
run_chunks = Table(
    "run_chunks",
    metadata,
    own_number(),
    run_number(),
    Column("stream", String(32), nullable=False),
    Column("first_line", BigInteger, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("steps", LargeBinary, nullable=False),
    Column("lines", LargeBinary, nullable=False),
    Index(None, "run_number", "stream", "number"),
    # A number is never given twice: what sealing has read is known again by it.
    sqlite_autoincrement=True,
)

run_blocks = Table(
    "run_blocks",
    metadata,
    own_number(),
    run_number(),
    Column("stream", String(32), nullable=False),
    Column("first_line", BigInteger, nullable=False),
    Column("last_line", BigInteger, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("min_step", BigInteger, nullable=False),
    Column("max_step", BigInteger, nullable=False),
    Column("summaries", LargeBinary),
    Column("line_numbers", LargeBinary, nullable=False),
    Column("steps", LargeBinary, nullable=False),
    Column("lines", LargeBinary, nullable=False),
    UniqueConstraint("run_number", "stream", "first_line"),
    sqlite_autoincrement=True,
)

# Numbers by key, for charts: `storage.columns` says how they are packed.
run_columns = Table(
    "run_columns",
    metadata,
    Column("block_number", NUMBER, ForeignKey("run_blocks.number", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("cells", LargeBinary, nullable=False),
)

run_files = Table(
    "run_files",
    metadata,
    run_number(primary_key=True),
    Column("name", Text, primary_key=True),
    Column("updated_at", UtcDateTime, nullable=False),
    *blob(index=True),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("sweep_id", NAME, primary_key=True),
    *place(),
    Column("state", EnumText(SweepState), nullable=False, index=True),
    Column("config_yaml", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("suggestions", BigInteger, nullable=False),
    Column("controller", JsonText),
    Column("scheduler", JsonText),
    Column("creator", NAME, nullable=False),
    Column("warnings", JsonText, nullable=False),
    Column("prior_runs_filters", JsonText),
    Column("sequence_start", BigInteger, nullable=False),
    Column("started_at", UtcDateTime),
    in_project(),
    Index(None, "entity", "project", "created_at"),
)

leases = Table(
    "leases",
    metadata,
    Column("sweep_id", NAME, ForeignKey("sweeps.sweep_id"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("run_id", NAME, nullable=False),
    Column("parameters", JsonText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("agent_id", NAME),
    Column("acknowledged", Boolean, nullable=False),
    Column("handed_out", Integer, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("late", Integer, nullable=False),
    UniqueConstraint("sweep_id", "run_id"),
    Index(None, "sweep_id", "agent_id"),
)

# What runs logged of objectives, summed up as it comes.
objectives = Table(
    "objectives",
    metadata,
    run_number(primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("next_line", BigInteger, nullable=False),
    Column("value_count", BigInteger, nullable=False),
    Column("lowest", Double),
    Column("highest", Double),
    Column("total", Double, nullable=False),
    Column("latest", Double),
)

# How runs stood at the iterations where early termination looks at them.
objective_marks = Table(
    "objective_marks",
    metadata,
    own_number(),
    run_number(),
    Column("metric", Text, nullable=False),
    Column("iteration", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("lowest", Double, nullable=False),
    Column("highest", Double, nullable=False),
    Column("mean", Double, nullable=False),
    UniqueConstraint("run_number", "metric", "iteration"),
)

agents = Table(
    "agents",
    metadata,
    Column("agent_id", NAME, primary_key=True),
    Column("sweep_id", NAME, ForeignKey("sweeps.sweep_id"), nullable=False, index=True),
    *place(),
    Column("host", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("heartbeat_at", UtcDateTime, nullable=False),
    Column("running", JsonText, nullable=False),
    Column("has_left", Boolean, nullable=False),
    Column("token", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("put_aside", Boolean, nullable=False),
    Index(None, "has_left", "heartbeat_at"),
)

artifact_collections = Table(
    "artifact_collections",
    metadata,
    *place(primary_key=True),
    Column("name", NAME, primary_key=True),
    Column("artifact_type", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", JsonText, nullable=False),
    in_project(),
)

_COLLECTION = ["artifact_collections.entity", "artifact_collections.project", "artifact_collections.name"]

artifacts = Table(
    "artifacts",
    metadata,
    own_number(),
    *place(),
    Column("collection", NAME, nullable=False),
    Column("artifact_type", Text, nullable=False),
    Column("digest", String(128), nullable=False),
    Column("state", EnumText(ArtifactState), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("version", Integer),
    Column("description", Text, nullable=False),
    Column("metadata", JsonText, nullable=False),
    Column("requested_aliases", JsonText, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("file_count", Integer, nullable=False),
    Column("created_by_run", NAME),
    Column("client_id", NAME, index=True),
    Column("sequence_client_id", NAME, index=True),
    Column("history_step", BigInteger),
    Column("tags", JsonText, nullable=False),
    Column("distributed_id", NAME, index=True),
    UniqueConstraint("entity", "project", "collection", "version"),
    ForeignKeyConstraint(["entity", "project", "collection"], _COLLECTION),
    Index(None, "entity", "project", "collection", "digest"),
)

artifact_aliases = Table(
    "artifact_aliases",
    metadata,
    *place(primary_key=True),
    Column("collection", NAME, primary_key=True),
    Column("alias", NAME, primary_key=True),
    Column("artifact_number", NUMBER, ForeignKey("artifacts.number"), nullable=False, index=True),
    Column("place", Integer, nullable=False),
)

artifact_manifests = Table(
    "artifact_manifests",
    metadata,
    own_number(),
    Column("artifact_number", NUMBER, ForeignKey("artifacts.number"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("digest", String(128), nullable=False),
    *blob(),
    Column("kind", EnumText(ManifestKind), nullable=False),
    Column("base_number", NUMBER),
)

artifact_files = Table(
    "artifact_files",
    metadata,
    Column("artifact_number", NUMBER, ForeignKey("artifacts.number"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("md5", MD5, nullable=False, index=True),
    *blob(index=True),
    Column("reference", Text),
)

artifact_links = Table(
    "artifact_links",
    metadata,
    own_number(),
    Column("artifact_number", NUMBER, ForeignKey("artifacts.number"), nullable=False, index=True),
    *place(),
    Column("run_id", NAME, nullable=False),
    Column("used", Boolean, nullable=False),
    UniqueConstraint("entity", "project", "run_id", "used", "artifact_number"),
)

reports = Table(
    "reports",
    metadata,
    Column("report_id", NAME, primary_key=True),
    *place(),
    Column("sweep_id", NAME, ForeignKey("sweeps.sweep_id")),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("author", NAME, nullable=False),
    Column("editor", NAME, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("view", JsonText),
    in_project(),
    Index(None, "entity", "project", "updated_at"),
)
