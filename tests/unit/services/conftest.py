"""Services over the in-memory fakes, at a time that stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.fakes.deterministic import CountingIds, ManualClock
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_database import MemoryDatabase

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.agent import Agent, Command
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import Run, RunPath
from sweepyard.domain.sweep import Sweep
from sweepyard.jsonvalue import dumps
from sweepyard.services.bundle import Services, build
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamUpdate
from sweepyard.services.sweeps import SweepDraft
from sweepyard.settings import Settings

ACTOR = Actor("lab", "ann", Role.WRITE)


@dataclass
class Hub:
    """The services, and the little that most tests do with them."""

    services: Services
    clock: ManualClock
    database: MemoryDatabase
    rebuilt: Callable[[], Services]

    def path(self, run_id: str) -> RunPath:
        return RunPath("lab", "digits", run_id)

    def begin(self, run_id: str = "one", **changes: object) -> Run:
        """What the SDK does first."""
        changes = {"host": "h", "wandb_config": {"t": {"1": []}}, **changes}
        return self.services.runs.upsert(self.path(run_id), RunChanges(**changes), actor=ACTOR, begins=True).run

    def log(self, run_id: str, *rows: dict[str, object], offset: int = 0) -> None:
        chunk = Chunk(Stream.HISTORY, offset, tuple(dumps(row) for row in rows))
        self.services.streams.receive(self.path(run_id), StreamUpdate(chunks=(chunk,)))

    def end(self, run_id: str, exit_code: int = 0, **summary: object) -> None:
        update = StreamUpdate(summary=summary or None, complete=True, exit_code=exit_code)
        self.services.streams.receive(self.path(run_id), update)

    def sweep(self, config_yaml: str) -> Sweep:
        return self.services.sweeps.create("lab", "digits", SweepDraft(config_yaml=config_yaml), actor=ACTOR)

    def agent(self, sweep: Sweep, host: str = "h") -> Agent:
        return self.services.agents.create(sweep.path, host=host)

    def beat(self, agent: Agent, *running: str) -> list[Command]:
        return list(self.services.agents.heartbeat(agent.agent_id, running))

    def state(self, run_id: str) -> str:
        return self.services.runs.get(self.path(run_id)).state.value


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    database, blobs, clock, ids = MemoryDatabase(), MemoryBlobs(), ManualClock(), CountingIds()
    settings = Settings(home=tmp_path, cache=tmp_path)

    def make() -> Services:
        return build(database, blobs, clock, ids, settings)

    return Hub(make(), clock, database, make)


@pytest.fixture
def actor() -> Actor:
    return ACTOR
