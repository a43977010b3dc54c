"""The lines of runs in chunks and compressed blocks, instead of a row each."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LINES_A_CHUNK = 1000
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and take every line over into chunks; the hub packs them into blocks later, beside its work."""
    op.create_table(
        "run_chunks",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("run_number", _NUMBER, nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("steps", sa.LargeBinary(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_run_chunks_run_number_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_run_chunks")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_run_chunks_run_number_stream_number"), "run_chunks", ["run_number", "stream", "number"], unique=False
    )
    op.create_table(
        "run_blocks",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("run_number", _NUMBER, nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        sa.Column("last_line", sa.BigInteger(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("min_step", sa.BigInteger(), nullable=False),
        sa.Column("max_step", sa.BigInteger(), nullable=False),
        sa.Column("summaries", sa.LargeBinary(), nullable=True),
        sa.Column("line_numbers", sa.LargeBinary(), nullable=False),
        sa.Column("steps", sa.LargeBinary(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_number"], ["runs.number"], name=op.f("fk_run_blocks_run_number_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_run_blocks")),
        sa.UniqueConstraint(
            "run_number", "stream", "first_line", name=op.f("uq_run_blocks_run_number_stream_first_line")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "run_columns",
        sa.Column("block_number", _NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["block_number"],
            ["run_blocks.number"],
            name=op.f("fk_run_columns_block_number_run_blocks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("block_number", "key", name=op.f("pk_run_columns")),
    )
    for chunk in _chunks(op.get_bind()):
        op.get_bind().execute(_INSERT, chunk)
    op.drop_table("run_lines")


_INSERT = sa.text(
    "INSERT INTO run_chunks (run_number, stream, first_line, line_count, steps, lines) "
    "VALUES (:run_number, :stream, :first_line, :line_count, :steps, :lines)"
)
_SELECT = sa.text(
    "SELECT line_number, step, body FROM run_lines WHERE run_number = :run_number AND stream = :stream "
    "AND line_number > :behind ORDER BY line_number LIMIT :limit"
)


def _chunks(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    streams = connection.execute(sa.text("SELECT DISTINCT run_number, stream FROM run_lines ORDER BY run_number"))
    for run_number, stream in streams.fetchall():
        place = {"run_number": run_number, "stream": stream}
        behind = -1
        while rows := connection.execute(_SELECT, {**place, "behind": behind, "limit": _LINES_A_CHUNK}).fetchall():
            behind = rows[-1][0]
            # A gap between line numbers ends a chunk.
            for _, group in groupby(enumerate(rows), lambda pair: pair[1][0] - pair[0]):
                lines = [row for _, row in group]
                yield {
                    **place,
                    "first_line": lines[0][0],
                    "line_count": len(lines),
                    "steps": _packed_numbers([step for _, step, _ in lines]),
                    "lines": _packed_lines([bytes(body).decode() for _, _, body in lines]),
                }


def _packed_lines(lines: list[str]) -> bytes:
    """Behind a newline each, or as a JSON list where one of them holds a newline."""
    if any("\n" in line for line in lines):
        return json.dumps(lines).encode()
    return "".join(f"\n{line}" for line in lines).encode()


def _packed_numbers(numbers: list[int]) -> bytes:
    """Little-endian int64: the first and the distance where they are evenly spaced, else each of them."""
    distance = numbers[1] - numbers[0] if len(numbers) > 1 else 0
    if numbers == [numbers[0] + distance * index for index in range(len(numbers))]:
        return struct.pack("<2q", numbers[0], distance)
    return struct.pack(f"<{len(numbers)}q", *numbers)
