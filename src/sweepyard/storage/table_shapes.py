"""What several tables have alike: numbers, names, digests; the run or project that a row goes with; a file's bytes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Integer, String

# SQLite counts only an INTEGER primary key up by itself.
NUMBER = BigInteger().with_variant(Integer, "sqlite")
NAME = String(128)
SHA256 = String(64)
MD5 = String(32)
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""How constraints and indexes are called, so that migrations can name them."""


def own_number() -> Column[int]:
    """A number that the database gives."""
    return Column("number", NUMBER, primary_key=True, autoincrement=True)


def run_number(*, primary_key: bool = False, index: bool = False) -> Column[int]:
    """The number of the run that a row goes with."""
    run = ForeignKey("runs.number", ondelete="CASCADE")
    return Column("run_number", NUMBER, run, primary_key=primary_key, nullable=False, index=index)


def place(*, primary_key: bool = False) -> tuple[Column[str], Column[str]]:
    """The project that a row belongs to."""
    return (
        Column("entity", NAME, primary_key=primary_key, nullable=False),
        Column("project", NAME, primary_key=primary_key, nullable=False),
    )


def in_project() -> ForeignKeyConstraint:
    """That the project of `place` is there."""
    return ForeignKeyConstraint(["entity", "project"], ["projects.entity", "projects.name"])


def blob(*, index: bool = False) -> tuple[Column[str], Column[str], Column[int]]:
    """What is known of a file's bytes once they are there."""
    return (
        Column("blob_digest", SHA256, index=index),
        Column("blob_md5", MD5),
        Column("blob_size_bytes", BigInteger),
    )
