"""Columns of numbers: what one key holds over the rows of a block, ready to be drawn without parsing a line.

A column is kept only where every value that the block has under the key is a number (or null, which counts as none)
that a float64 holds exactly. The first byte tells what follows: bits of which rows have a value, bits of which values
were written as whole numbers (each only where it is not all alike), and the values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sweepyard.domain.series import EXACT, Bits, Floats, Steps
from sweepyard.jsonvalue import JsonValue

SAME_AS_STEPS = b"="
"""The column of a key whose values are the rows' own steps."""

_SOME_ROWS = 1
_SOME_WHOLE = 2
_ALL_WHOLE = 4
_FLOAT = np.dtype("<f8")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The numbers of one key over the rows of a block.

    Attributes:
        values: (rows,) float64; 0 where the row has none.
        whole: (rows,) bool, whether it was written as a whole number.
        present: (rows,) bool, whether the row has a number; None where every row has.
    """

    values: Floats
    whole: Bits
    present: Bits | None = None


def pack_column(rows: Sequence[int], values: Sequence[JsonValue], row_count: int) -> bytes | None:
    """The column of values at these rows of a block; None where it cannot be kept exactly as numbers."""
    present = np.zeros(row_count, bool)
    present[list(rows)] = True
    if present.sum() != len(values):  # A row has the key twice, nested and dotted.
        return None
    kinds = set(map(type, values))
    if type(None) in kinds:
        present[[row for row, value in zip(rows, values, strict=True) if value is None]] = False
        values = [value for value in values if value is not None]
        kinds.discard(type(None))
    if not kinds or not kinds <= {int, float}:
        return None
    try:
        numbers = np.array(values, dtype=_FLOAT)
    except OverflowError:  # A whole number beyond the greatest float.
        return None
    if kinds == {float}:
        whole = np.zeros(len(values), bool)
    else:
        whole = np.array([type(value) is int for value in values])
        if bool((np.abs(numbers[whole]) > EXACT).any()):
            return None
    flags, bits = 0, b""
    if not present.all():
        flags |= _SOME_ROWS
        bits += np.packbits(present).tobytes()
    if bool(whole.all()):
        flags |= _ALL_WHOLE
    elif bool(whole.any()):
        flags |= _SOME_WHOLE
        bits += np.packbits(whole).tobytes()
    return bytes([flags]) + bits + numbers.tobytes()


def unpack_columns(packed: Sequence[bytes], counts: Sequence[int], steps: Steps) -> Column:
    """The column of a key over several blocks.

    Args:
        packed: The column of each block.
        counts: How many rows each block has.
        steps: (rows,) of all of the blocks.
    """
    flags = {pack[0] for pack in packed}
    if flags == {SAME_AS_STEPS[0]}:
        return Column(steps.astype(np.float64), np.broadcast_to(np.True_, len(steps)))
    if flags == {0} or flags == {_ALL_WHOLE}:  # What nearly all are: no need to look at each block.
        numbers = np.frombuffer(b"".join([memoryview(pack)[1:] for pack in packed]), dtype=_FLOAT)
        return Column(numbers, np.broadcast_to(np.bool_(flags == {_ALL_WHOLE}), len(numbers)))
    ends = np.cumsum(counts).tolist()
    parts = [
        Column(steps[end - count : end].astype(np.float64), np.ones(count, bool))
        if pack == SAME_AS_STEPS
        else unpack_column(pack, count)
        for pack, count, end in zip(packed, counts, ends, strict=True)
    ]
    present = [
        np.ones(count, bool) if part.present is None else part.present
        for part, count in zip(parts, counts, strict=True)
    ]
    return Column(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.whole for part in parts]),
        np.concatenate(present),
    )


def unpack_column(packed: bytes, row_count: int) -> Column:
    """The column that `pack_column` packed."""
    flags, place = packed[0], 1
    present: Bits | None = None
    count = row_count
    if flags & _SOME_ROWS:
        present, place = _bits(packed, place, row_count)
        count = int(present.sum())
    if flags & _SOME_WHOLE:
        whole, place = _bits(packed, place, count)
    else:
        whole = np.full(count, bool(flags & _ALL_WHOLE))
    numbers = np.frombuffer(packed, dtype=_FLOAT, offset=place)
    if present is None:
        return Column(numbers, whole)
    values, wholes = np.zeros(row_count), np.zeros(row_count, bool)
    values[present], wholes[present] = numbers, whole
    return Column(values, wholes, present)


def _bits(packed: bytes, place: int, count: int) -> tuple[Bits, int]:
    size = (count + 7) // 8
    bits = np.unpackbits(np.frombuffer(packed, np.uint8, size, place), count=count)
    return bits.astype(bool), place + size
