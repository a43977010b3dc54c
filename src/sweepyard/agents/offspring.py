"""What an agent has started, directly or not, so that it can leave nothing behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

import psutil

from sweepyard import processes
from sweepyard.linux import adopt_orphans

# As long as W&B's own agent gives a run between SIGTERM and SIGKILL.
RUN_GRACE_SECONDS = 30.0


class Offspring:
    """The processes that come to be below this one from now on; orphans among them stay below it."""

    def __init__(self, *, spared: Callable[[], Collection[int]] = frozenset) -> None:
        """Remember who is there now.

        Args:
            spared: Gives the process ids of those that are this process's own, whenever they came.
        """
        adopt_orphans()
        self._spared = spared
        self._strangers = frozenset(process.pid for process in processes.descendants(os.getpid()))

    @property
    def alive(self) -> list[psutil.Process]:
        """Those that live now, deepest last."""
        others = self._strangers.union(self._spared())
        return [child for child in processes.descendants(os.getpid()) if child.pid not in others]

    def end(self, *, grace_seconds: float) -> None:
        """SIGTERM, and SIGKILL after `grace_seconds`, until none is left: one can start another while it is ended."""
        while left := self.alive:
            processes.end_all(left, grace_seconds=grace_seconds)
