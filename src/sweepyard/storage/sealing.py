"""Sealing: one thread packs full and quiet tails of streams into blocks, beside the requests.

It reads and packs on a snapshot, and only then writes, together with whatever else is being written; if the tail it
has read is no longer there by then, it leaves everything as it is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Protocol

from sweepyard.errors import StorageError
from sweepyard.storage.stream_repository import SqlStreams
from sweepyard.storage.stream_tails import StreamKey, StreamTails

log = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0


class _Unit(Protocol):
    @property
    def streams(self) -> SqlStreams: ...


class Sealer:
    """Seals the tails that are due.

    Args:
        reading: Opens a snapshot.
        write_soon: Has something written together with others.
        tails: Says which tails are due.
    """

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[_Unit]],
        write_soon: Callable[[Callable[[_Unit], bool]], Future[bool]],
        tails: StreamTails,
    ) -> None:
        self._reading = reading
        self._write_soon = write_soon
        self._tails = tails
        self._closing = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, if it has not begun, with what an earlier process left, and go on until closed."""
        with self._starting:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._serve, name="sealer", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop after the tail at hand."""
        with self._starting:
            self._closing.set()
            thread = self._thread
        self._tails.wake()
        if thread is not None:
            thread.join()

    def seal(self, key: StreamKey) -> bool:
        """Pack the tail of a stream; False where there was none, or it was taken away meanwhile."""
        with self._reading() as unit:
            sealed = unit.streams.sealed(key)
        if sealed is None:
            return False
        return self._write_soon(lambda unit: unit.streams.seal(key, sealed)).result()

    def _serve(self) -> None:
        self._look_back()
        while not self._closing.is_set():
            key = self._tails.next_due(_LOOK_SECONDS)
            if key is None:
                continue
            try:
                self.seal(key)
            except StorageError as error:
                log.error("packing the lines of a stream failed: %s", error)
            except Exception:  # Nothing is lost but time: the tail stays as it is until it grows again.
                log.exception("packing the lines of a stream failed")

    def _look_back(self) -> None:
        try:
            with self._reading() as unit:
                self._tails.grew(unit.streams.unsealed())
        except Exception:  # As above.
            log.exception("looking for streams that were never packed failed")
