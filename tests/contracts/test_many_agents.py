"""Sixteen agents that ask at once, on a real database, in real threads."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fakes.memory_blobs import MemoryBlobs

from sweepyard.clock import SystemClock
from sweepyard.domain.access import Actor, Role
from sweepyard.domain.agent import CommandKind
from sweepyard.domain.run import RunPath, RunState
from sweepyard.domain.sweep import SweepState
from sweepyard.ids import RandomIds
from sweepyard.jsonvalue import dumps_canonical
from sweepyard.services.bundle import build
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamUpdate
from sweepyard.services.sweeps import SweepDraft
from sweepyard.settings import Settings
from sweepyard.storage.unit_of_work import open_database

AGENTS = 16
GRID = """
method: grid
parameters:
  batch: {values: [16, 32, 64, 128]}
  units: {values: [1, 2, 3, 4, 5]}
  epochs: {values: [1, 2, 3]}
"""
POINTS = 4 * 5 * 3
ACTOR = Actor("lab", "ann", Role.WRITE)


def test_every_point_is_handed_out_exactly_once(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    settings = Settings(home=tmp_path, cache=tmp_path)
    services = build(database, MemoryBlobs(), SystemClock(), RandomIds(), settings)
    sweep = services.sweeps.create("lab", "digits", SweepDraft(config_yaml=GRID), actor=ACTOR)
    agents = [services.agents.create(sweep.path, host=f"host{number}") for number in range(AGENTS)]
    started: list[tuple[str, str]] = []
    together = threading.Barrier(AGENTS)

    def work(agent_id: str) -> None:
        together.wait(30)
        running: list[str] = []
        while True:
            commands = services.agents.heartbeat(agent_id, running)
            running = []
            for command in commands:
                if command.kind is CommandKind.EXIT:
                    return
                path = RunPath("lab", "digits", command.run_id)
                started.append((command.run_id, dumps_canonical(command.parameters)))
                services.agents.heartbeat(agent_id, [command.run_id])
                services.runs.upsert(path, RunChanges(host="h"), actor=ACTOR, begins=True)
                services.streams.receive(path, StreamUpdate(complete=True, exit_code=0))

    with ThreadPoolExecutor(AGENTS) as pool:
        for ended in [pool.submit(work, agent.agent_id) for agent in agents]:
            ended.result(120)
    assert len(started) == POINTS
    assert set(Counter(run_id for run_id, _ in started).values()) == {1}
    assert set(Counter(parameters for _, parameters in started).values()) == {1}
    assert services.sweeps.counts(sweep.path) == {RunState.FINISHED: POINTS}
    assert services.sweeps.get(sweep.path).state is SweepState.FINISHED
    assert [lease.position for lease in services.sweeps.leases(sweep.path)] == list(range(POINTS))
    database.close()
