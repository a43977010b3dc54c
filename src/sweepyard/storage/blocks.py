"""Blocks: some thousand lines of a stream, compressed, with what reads need in order not to unpack them.

zlib at level 1: on lines of history it packs to a third in 2 µs a line; level 6 takes three times as long for a
seventh less.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sweepyard.domain.history_keys import KeySummary, columns_of, summary_of
from sweepyard.domain.names import is_unicode
from sweepyard.domain.rows import decode_line
from sweepyard.jsonvalue import JsonObject
from sweepyard.storage.columns import SAME_AS_STEPS, pack_column
from sweepyard.storage.packing import pack_lines, pack_numbers, unpack_lines, unpack_numbers

Line = tuple[int, int, str]
"""Line number, step, text."""

BLOCK_LINES = 1000
BLOCK_BYTES = 1 << 20
_LEVEL = 1
_MAX_COLUMNS = 256  # A row with thousands of keys is parsed when it is drawn: its columns would be mostly overhead.
_MAX_KEY_LENGTH = 256
_STEP = "_step"


@dataclass(frozen=True, slots=True)
class Block:
    """A block as it is stored.

    Attributes:
        first_line: The least line number.
        last_line: The greatest line number, itself included.
        byte_count: Of the lines, unpacked.
        lines: The texts, packed and compressed.
        line_numbers: Packed.
        steps: Packed.
        summaries: Of its keys, packed and compressed; None where it is not of a history.
        columns: By key, packed.
    """

    first_line: int
    last_line: int
    line_count: int
    byte_count: int
    min_step: int
    max_step: int
    lines: bytes
    line_numbers: bytes
    steps: bytes
    summaries: bytes | None
    columns: Mapping[str, bytes]


def blocks_of(lines: Sequence[Line], *, is_history: bool) -> Iterator[Block]:
    """Blocks that hold these lines, which are in the order of their numbers."""
    begin, size = 0, 0
    for end, (_, _, text) in enumerate(lines):
        if end - begin == BLOCK_LINES or (size + len(text) > BLOCK_BYTES and end > begin):
            yield _block(lines[begin:end], is_history)
            begin, size = end, 0
        size += len(text)
    if begin < len(lines):
        yield _block(lines[begin:], is_history)


def unpack_texts(packed: bytes) -> list[str]:
    """The texts of a block's lines."""
    return unpack_lines(zlib.decompress(packed))


def unpack_block(lines: bytes, line_numbers: bytes, steps: bytes, count: int) -> list[Line]:
    """The lines of a block."""
    numbers = unpack_numbers(line_numbers, count).tolist()
    return list(zip(numbers, unpack_numbers(steps, count).tolist(), unpack_texts(lines), strict=True))


def unpack_keys(packed: bytes) -> dict[str, KeySummary]:
    """The summaries of a block's keys."""
    stored = json.loads(zlib.decompress(packed))
    return {key: KeySummary(**summary) for key, summary in stored.items()}


def rows_of(lines: Sequence[Line]) -> list[JsonObject]:
    """The lines as rows.

    Raises:
        ValueError: One is not a JSON object.
    """
    return [decode_line(text) for _, _, text in lines]


def _block(lines: Sequence[Line], is_history: bool) -> Block:
    numbers, steps, texts = zip(*lines, strict=True)
    packed = pack_lines(texts)
    summaries, columns = _digest(lines, pack_numbers(steps)) if is_history else (None, {})
    return Block(
        first_line=numbers[0],
        last_line=numbers[-1],
        line_count=len(lines),
        byte_count=len(packed),
        min_step=min(steps),
        max_step=max(steps),
        lines=zlib.compress(packed, _LEVEL),
        line_numbers=pack_numbers(numbers),
        steps=pack_numbers(steps),
        summaries=summaries,
        columns=columns,
    )


def _digest(lines: Sequence[Line], steps: bytes) -> tuple[bytes, dict[str, bytes]]:
    found = columns_of(rows_of(lines))
    summaries = {key: _plain(summary_of(values)) for key, (_, values) in found.items()}
    columns: dict[str, bytes] = {}
    within = {part for key in found for part in _above(key)}
    for key, (places, values) in list(found.items())[:_MAX_COLUMNS]:
        # Where a key stands for a number in one row and leads to others in the next, rows must be looked at.
        is_plain = key not in within and found.keys().isdisjoint(_above(key)) and _is_storable(key)
        column = pack_column(places, values, len(lines)) if is_plain else None
        if column is not None:
            columns[key] = column
    if _STEP in columns:
        places, values = found[_STEP]
        whole = [value for value in values if isinstance(value, int)]
        if len(whole) == len(places) == len(lines) and pack_numbers(whole) == steps:
            columns[_STEP] = SAME_AS_STEPS
    return zlib.compress(json.dumps(summaries, separators=(",", ":")).encode(), _LEVEL), columns


def _above(key: str) -> list[str]:
    """The dotted keys that lead to this one: a and a.b to a.b.c."""
    return [key[:place] for place, sign in enumerate(key) if sign == "."]


def _plain(summary: KeySummary) -> JsonObject:
    return {
        "type_counts": dict(summary.type_counts),
        "monotonic": summary.monotonic,
        "last": summary.last,
        "first": summary.first,
    }


def _is_storable(key: str) -> bool:
    """Whether a text column of every database takes the key, and an index too."""
    return len(key) <= _MAX_KEY_LENGTH and "\0" not in key and is_unicode(key)
