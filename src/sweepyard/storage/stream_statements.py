"""What is asked of the tables of the streams, ready to be run."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select

from sweepyard.domain.run import RunPath
from sweepyard.storage import tables
from sweepyard.storage.prepared import Prepared
from sweepyard.storage.stream_tails import StreamKey

_RUNS, _CHUNKS, _BLOCKS, _COLUMNS = tables.runs.c, tables.run_chunks.c, tables.run_blocks.c, tables.run_columns.c

_CHUNKS_OF = (
    _CHUNKS.run_number == bindparam("run"),
    _CHUNKS.stream == bindparam("stream"),
)
_BLOCKS_OF = (_BLOCKS.run_number == bindparam("run"), _BLOCKS.stream == bindparam("stream"))

_RUN_OF = (
    _RUNS.entity == bindparam("entity"),
    _RUNS.project == bindparam("project"),
    _RUNS.run_id == bindparam("run_id"),
)
FIND = Prepared(select(_RUNS.number).where(*_RUN_OF))
_CHUNK_VALUES = ("stream", "first_line", "line_count", "steps", "lines")
ADD_CHUNK = Prepared(
    tables.run_chunks.insert()
    .from_select(
        ["run_number", *_CHUNK_VALUES],
        select(_RUNS.number, *(bindparam(name, type_=_CHUNKS[name].type) for name in _CHUNK_VALUES)).where(*_RUN_OF),
    )
    .returning(_CHUNKS.run_number)
)
READ_CHUNKS = Prepared(
    select(_CHUNKS.number, _CHUNKS.first_line, _CHUNKS.line_count, _CHUNKS.steps, _CHUNKS.lines)
    .where(*_CHUNKS_OF, _CHUNKS.first_line + _CHUNKS.line_count > bindparam("first"))
    .order_by(_CHUNKS.number)
)
END_OF_CHUNKS = Prepared(select(func.max(_CHUNKS.first_line + _CHUNKS.line_count)).where(*_CHUNKS_OF))
END_OF_BLOCKS = Prepared(select(func.max(_BLOCKS.last_line)).where(*_BLOCKS_OF))
LIST_BLOCKS = Prepared(
    select(
        _BLOCKS.number,
        _BLOCKS.first_line,
        _BLOCKS.last_line,
        _BLOCKS.line_count,
        _BLOCKS.byte_count,
        _BLOCKS.min_step,
        _BLOCKS.max_step,
        _BLOCKS.steps,
    )
    .where(*_BLOCKS_OF)
    .order_by(_BLOCKS.first_line)
)
READ_BLOCK = Prepared(select(_BLOCKS.lines, _BLOCKS.line_numbers).where(_BLOCKS.number == bindparam("block")))
READ_BLOCK_KEYS = Prepared(select(_BLOCKS.summaries).where(_BLOCKS.number == bindparam("block")))
READ_KEYS = Prepared(select(_BLOCKS.number, _BLOCKS.summaries).where(*_BLOCKS_OF))
READ_COLUMN = Prepared(
    select(_COLUMNS.block_number, _COLUMNS.cells)
    .join(tables.run_blocks, _BLOCKS.number == _COLUMNS.block_number)
    .where(*_BLOCKS_OF, _COLUMNS.key == bindparam("key"))
)
ADD_BLOCK = tables.run_blocks.insert().returning(_BLOCKS.number)


def of_run(path: RunPath) -> dict[str, object]:
    """The parameters that name a run."""
    return {"entity": path.entity, "project": path.project, "run_id": path.run_id}


def of_stream(key: StreamKey) -> dict[str, object]:
    """The parameters that name a stream."""
    return {"run": key[0], "stream": key[1].value}
