"""The parts of a stream: blocks as they are stored, and loose lines out of the tail of chunks over them.

Where the two overlap, chunks stand over blocks and later chunks over earlier ones. This is the one place that knows
it: everything that reads a stream goes through it, and so does sealing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from sweepyard.storage.blocks import BLOCK_BYTES, BLOCK_LINES, Line, unpack_block
from sweepyard.storage.packing import unpack_lines, unpack_numbers
from sweepyard.storage.stream_statements import LIST_BLOCKS, READ_BLOCK, READ_CHUNKS, of_stream
from sweepyard.storage.stream_tails import StreamKey

_SMALL_LINES = BLOCK_LINES // 2
_SMALL_BYTES = BLOCK_BYTES // 2


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """What finds a block, and what is known of its lines without reading them.

    Attributes:
        steps: Of its lines, packed.
    """

    number: int
    first_line: int
    last_line: int
    line_count: int
    byte_count: int
    min_step: int
    max_step: int
    steps: bytes = field(repr=False)

    @property
    def is_small(self) -> bool:
        return self.line_count < _SMALL_LINES and self.byte_count < _SMALL_BYTES


Part = StoredBlock | list[Line]
"""A stretch of a stream: a block as it is stored, or loose lines in order."""


class Parts:
    """Reads the parts of streams."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self, key: StreamKey, first: int = 0) -> list[Part]:
        """The stream in order, blocks that the tail writes over already merged with it.

        Args:
            first: What stands before this line may be missing, or old.
        """
        chunks = READ_CHUNKS.rows(self._connection, {**of_stream(key), "first": first})
        return list(self.laid_over(key, lines_of_chunks(chunks), []))

    def laid_over(self, key: StreamKey, tail: Mapping[int, tuple[int, str]], merged: list[int]) -> Iterator[Part]:
        """The parts; the numbers of the merged blocks are appended to `merged`."""
        numbers = sorted(tail)
        begin = 0
        for row in LIST_BLOCKS.rows(self._connection, of_stream(key)):
            block = StoredBlock(*row)
            at, end = bisect_left(numbers, block.first_line), bisect_right(numbers, block.last_line)
            if at > begin:
                yield [(number, *tail[number]) for number in numbers[begin:at]]
            if end > at:
                merged.append(block.number)
                lines = {number: (step, text) for number, step, text in self.lines_of(block)}
                lines.update((number, tail[number]) for number in numbers[at:end])
                yield [(number, *lines[number]) for number in sorted(lines)]
            else:
                yield block
            begin = end
        if begin < len(numbers):
            yield [(number, *tail[number]) for number in numbers[begin:]]

    def lines_of(self, part: Part) -> list[Line]:
        if not isinstance(part, StoredBlock):
            return part
        lines, numbers = READ_BLOCK.rows(self._connection, {"block": part.number})[0]
        return unpack_block(lines, numbers, part.steps, part.line_count)


def lines_of_chunks(chunks: Iterable[tuple[Any, ...]]) -> dict[int, tuple[int, str]]:
    """The lines of chunks, (step, text) by number, later chunks over earlier ones."""
    lines: dict[int, tuple[int, str]] = {}
    for _, first, count, steps, packed in chunks:
        pairs = zip(unpack_numbers(steps, count).tolist(), unpack_lines(packed), strict=True)
        lines.update(zip(range(first, first + count), pairs, strict=True))
    return lines
