"""History: the rows of a run, each with `_step`; and the other line streams that a client sends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sweepyard.jsonvalue import JsonObject


class Stream(Enum):
    """A line stream of a run; the values are the file names on the wire."""

    HISTORY = "wandb-history.jsonl"
    EVENTS = "wandb-events.jsonl"
    CONSOLE = "output.log"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines that overwrite [offset, offset + len(lines)) of a stream; sending one twice changes nothing."""

    stream: Stream
    offset: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row of history.

    Attributes:
        line: Its line number in the stream.
        step: Its `_step`.
        values: The whole row, `_step`, `_runtime` and `_timestamp` included.
    """

    line: int
    step: int
    values: JsonObject
