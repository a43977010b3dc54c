"""Suggestions found ahead: a model-based search thinks before the transaction that hands its point out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence

from sweepyard.jsonvalue import dumps_canonical
from sweepyard.sweeps import engine
from sweepyard.sweeps.config import Method, SweepConfig
from sweepyard.sweeps.engine import Suggestion
from sweepyard.sweeps.known import KnownRun

_MOST_REMEMBERED = 64


class Foresight:
    """Gives what `engine.next_suggestion` gives, and remembers what took long to find. Thread-safe.

    A writing transaction lets nobody else write. So a search that takes its time is asked twice: on a snapshot before
    the transaction, and in it, where the answer is remembered unless something came in between.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, Suggestion | None] = OrderedDict()

    @staticmethod
    def pays(config: SweepConfig) -> bool:
        """Whether the sweep's search takes long enough to be asked ahead."""
        return config.method is Method.BAYES and not config.has_scheduler

    def next_suggestion(
        self, config: SweepConfig, *, seed: int, position: int, runs: Sequence[KnownRun], created: int, start: int
    ) -> Suggestion | None:
        """What to try next; see `engine.next_suggestion`."""
        if not self.pays(config):
            return engine.next_suggestion(config, seed=seed, position=position, runs=runs, created=created, start=start)
        key = (
            dumps_canonical(config.raw),
            seed,
            position,
            created,
            tuple((run.run_id, run.state, run.values, run.others, dumps_canonical(run.parameters)) for run in runs),
        )
        with self._lock:
            if key in self._found:
                return self._found[key]
        found = engine.next_suggestion(config, seed=seed, position=position, runs=runs, created=created, start=start)
        with self._lock:
            self._found[key] = found
            while len(self._found) > _MOST_REMEMBERED:
                self._found.popitem(last=False)
        return found
