"""Lines and whole numbers as bytes, exactly and compactly."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_INT = np.dtype("<i8")


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


def pack_numbers(numbers: Sequence[int] | Numbers) -> bytes:
    """One or more whole numbers: the first and the distance where they are evenly spaced, else each of them."""
    values = np.asarray(numbers, dtype=_INT)
    distance = values[1] - values[0] if len(values) > 1 else 0
    if len(values) < 3 or bool((np.diff(values) == distance).all()):
        return np.array([values[0], distance], dtype=_INT).tobytes()
    return values.tobytes()


def unpack_numbers(packed: bytes, count: int) -> Numbers:
    """The `count` numbers that `pack_numbers` packed."""
    stored = np.frombuffer(packed, dtype=_INT)
    if len(stored) == 2:
        evenly: Numbers = stored[0] + stored[1] * np.arange(count, dtype=np.int64)
        return evenly
    return stored.astype(np.int64, copy=False)
