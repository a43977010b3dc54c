"""Lines and whole numbers as bytes, exactly and compactly."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_INT = np.dtype("<i8")
_TWO = struct.Struct("<2q")


def pack_lines(lines: Sequence[str]) -> bytes:
    """One or more lines as UTF-8: behind a newline each, or as a JSON list where one of them holds a newline."""
    text = "\n".join(lines)
    if text.count("\n") == len(lines) - 1:
        return b"\n" + text.encode()
    return json.dumps(lines).encode()


def unpack_lines(packed: bytes) -> list[str]:
    """The lines that `pack_lines` packed."""
    text = packed.decode()
    if text.startswith("\n"):
        return text[1:].split("\n")
    lines: list[str] = json.loads(text)
    return lines


def pack_numbers(numbers: Sequence[int]) -> bytes:
    """One or more whole numbers: the first and the distance where they are evenly spaced, else each of them."""
    first, count = numbers[0], len(numbers)
    distance = numbers[1] - first if count > 1 else 0
    evenly = range(first, first + distance * count, distance) if distance else [first] * count
    if list(numbers) == list(evenly):
        return _TWO.pack(first, distance)
    return np.array(numbers, dtype=_INT).tobytes()


def unpack_numbers(packed: bytes, count: int) -> Numbers:
    """The `count` numbers that `pack_numbers` packed."""
    stored = np.frombuffer(packed, dtype=_INT)
    if len(stored) == 2:
        evenly: Numbers = stored[0] + stored[1] * np.arange(count, dtype=np.int64)
        return evenly
    return stored.astype(np.int64, copy=False)


def unpack_all(packed: Sequence[tuple[bytes, int]]) -> Numbers:
    """The numbers of several packs, each with its count, one behind the other."""
    evenly = [_TWO.unpack(pack) if len(pack) == _TWO.size else None for pack, _ in packed]
    if evenly[0] is not None:
        first, distance = following, _ = evenly[0]
        total = sum(count for _, count in packed)
        for pair, (_, count) in zip(evenly, packed, strict=True):
            if pair != (following, distance):
                break
            following += distance * count
        else:
            if distance:
                return np.arange(first, first + distance * total, distance, dtype=np.int64)
            return np.full(total, first, dtype=np.int64)
    return np.concatenate([unpack_numbers(pack, count) for pack, count in packed])
