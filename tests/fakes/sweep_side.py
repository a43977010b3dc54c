"""A server's sweeps in memory, for deciding what a push does with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import TrackingError
from sweepyard.tracking.push.side_sweeps import SweepFacts


class SweepsInMemory:
    """Stands in for `push.side_sweeps.SideSweeps`."""

    url = "http://memory"

    def __init__(self, *, refuses: Callable[[str], bool] = lambda config: False) -> None:
        self.refuses = refuses
        self.refuses_states = False
        self.stored: dict[SweepPath, SweepFacts] = {}
        self.runs: dict[SweepPath, list[RunPath]] = {}
        self.made: list[str] = []

    def get(self, path: SweepPath) -> SweepFacts | None:
        return self.stored.get(path)

    def of_project(self, entity: str, project: str) -> Iterator[SweepFacts]:
        yield from (sweep for path, sweep in self.stored.items() if (path.entity, path.project) == (entity, project))

    def runs_of(self, path: SweepPath) -> list[RunPath]:
        return self.runs.get(path, [])

    def register(self, source: SweepFacts, entity: str, project: str) -> tuple[SweepFacts, tuple[str, ...]]:
        if self.refuses(source.config):
            raise TrackingError("an unknown key")
        path = SweepPath(entity, project, f"made{len(self.stored)}")
        self.made.append(source.config)
        self.stored[path] = replace(source, path=path, node_id=str(path), state="PENDING")
        return self.stored[path], ("a warning",)

    def set_state(self, sweep: SweepFacts, state: str) -> None:
        if self.refuses_states:
            raise TrackingError("no such transition")
        self.stored[sweep.path] = replace(self.stored[sweep.path], state=state)
