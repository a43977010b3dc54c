"""Group commit: works that come at the same time share one transaction, and so one sync to disk.

One thread takes whatever waits, does it in order, and commits; what comes meanwhile waits for the next turn. So a lone
work waits for nobody, and many works cost little more than one. Works hardly ever fail; where one does, its group is
undone and done again, each work behind a savepoint of its own.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sweepyard.errors import StorageFull

U = TypeVar("U")

_MOST = 256  # So that nobody waits long for those before them.


_Outcome = tuple[Any, BaseException | None]
"""What a work gave, or what it failed with."""


class TransactionLost(RuntimeError):
    """The database gave up the transaction that the works of a group share."""


@dataclass(slots=True)
class _Job(Generic[U]):
    work: Callable[[U], Any]
    future: Future[Any] = field(default_factory=Future)


class GroupCommit(Generic[U]):
    """Does works one after the other, many in one transaction.

    Args:
        opening: Opens the unit of work that a group shares; it is on disk when the block is left.
        apart: Opens a part of a unit that is undone alone if its block fails; raises `TransactionLost` where the
            rest of the unit is gone with it, `StorageFull` where that is for want of room.
    """

    def __init__(
        self,
        opening: Callable[[], AbstractContextManager[U]],
        apart: Callable[[U], AbstractContextManager[None]],
    ) -> None:
        self._opening = opening
        self._apart = apart
        self._jobs: queue.SimpleQueue[_Job[U] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def submit(self, work: Callable[[U], Any]) -> Future[Any]:
        """Have the work done; the future is done once it is on disk.

        Raises:
            RuntimeError: It was closed.
        """
        job = _Job(work)
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the database is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="group-commit", daemon=True)
                self._thread.start()
            self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """Do what was submitted, and then no more."""
        with self._lock:
            self._is_closed = True
            self._jobs.put(None)
            thread = self._thread
        if thread is not None:
            thread.join()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            group = [job]
            is_last = False
            while len(group) < _MOST and not is_last:
                try:
                    following = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    is_last = True
                else:
                    group.append(following)
            self._do([job for job in group if job.future.set_running_or_notify_cancel()])
            if is_last:
                return

    def _do(self, group: list[_Job[U]]) -> None:
        try:
            with self._opening() as unit:
                outcomes: list[_Outcome] = [(job.work(unit), None) for job in group]
        except BaseException as error:  # noqa: BLE001 - handed to those who wait: of none of them anything is kept
            outcomes = self._done_apart(group) if len(group) > 1 else [(None, error)]
        for job, (result, failure) in zip(group, outcomes, strict=True):
            if failure is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(failure)

    def _done_apart(self, group: list[_Job[U]]) -> list[_Outcome]:
        try:
            with self._opening() as unit:
                return [self._outcome(job, unit) for job in group]
        except BaseException as error:  # noqa: BLE001 - as above
            return [(None, error)] * len(group)

    def _outcome(self, job: _Job[U], unit: U) -> _Outcome:
        """What a work gave, or what it failed with.

        Raises:
            TransactionLost, StorageFull: The whole group has failed.
        """
        try:
            with self._apart(unit):
                return job.work(unit), None
        except (TransactionLost, StorageFull):
            raise
        except BaseException as error:  # noqa: BLE001 - handed to the one who waits for it
            return None, error
