"""How long the tails of the streams have grown: what says when one is to be sealed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from sweepyard.domain.history import Stream
from sweepyard.storage.blocks import BLOCK_BYTES, BLOCK_LINES

StreamKey = tuple[int, Stream]
"""A run's number and one of its streams."""

MOST_CHUNKS = 256
QUIET_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Growth:
    """Chunks that were written to a stream."""

    key: StreamKey
    lines: int
    size_bytes: int = 0
    chunks: int = 1


@dataclass(slots=True)
class _Tail:
    touched_at: float
    lines: int = 0
    chunks: int = 0
    size_bytes: int = 0

    @property
    def is_full(self) -> bool:
        return self.lines >= BLOCK_LINES or self.chunks >= MOST_CHUNKS or self.size_bytes >= BLOCK_BYTES


class StreamTails:
    """Counts what was written to each stream since it was sealed; a guess is enough, sealing looks for itself.

    Thread-safe. A tail is due when it is full, or when nothing was written to it for a while.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tails: dict[StreamKey, _Tail] = {}
        self._full: dict[StreamKey, None] = {}

    def grew(self, growth: Iterable[Growth]) -> None:
        """Note what was written; it can be read by now."""
        now = time.monotonic()
        with self._changed:
            for grown in growth:
                tail = self._tails.setdefault(grown.key, _Tail(now))
                tail.touched_at = now
                tail.lines += grown.lines
                tail.chunks += grown.chunks
                tail.size_bytes += grown.size_bytes
                if tail.is_full and grown.key not in self._full:
                    self._full[grown.key] = None
                    self._changed.notify_all()

    def next_due(self, timeout_seconds: float) -> StreamKey | None:
        """A stream whose tail is due, which then counts as sealed; None if none is in time."""
        with self._changed:
            key = self._due()
            if key is None:
                self._changed.wait(timeout_seconds)
                key = self._due()
            if key is not None:
                self._full.pop(key, None)
                del self._tails[key]
            return key

    def wake(self) -> None:
        """Have `next_due` answer now."""
        with self._changed:
            self._changed.notify_all()

    def _due(self) -> StreamKey | None:
        if self._full:
            return next(iter(self._full))
        limit = time.monotonic() - QUIET_SECONDS
        return next((key for key, tail in self._tails.items() if tail.touched_at < limit), None)
