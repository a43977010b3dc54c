from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.agent import Agent
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.domain.sweep import Lease, Sweep, SweepPath, SweepState
from sweepyard.errors import Conflict
from sweepyard.services.ports import Database
from sweepyard.services.ports.marks import RowsMark

PATH = SweepPath("lab", "digits", "sweep1")
SWEEP = Sweep(
    path=PATH, state=SweepState.PENDING, config_yaml="method: grid\n", seed=7, created_at=START, updated_at=START
)
LEASE = Lease(sweep_id="sweep1", position=0, run_id="one", parameters={"a": 1}, created_at=START, agent_id="agent1")
AGENT = Agent(
    agent_id="agent1",
    sweep_id="sweep1",
    entity="lab",
    project="digits",
    host="h",
    created_at=START,
    heartbeat_at=START,
)
EVERY = frozenset(RunState)


@pytest.fixture
def stored(database: Database) -> Database:
    with database.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.projects.ensure("lab", "other", START)
        unit.sweeps.add(SWEEP)
    return database


def run_named(run_id: str, state: RunState = RunState.RUNNING) -> Run:
    path = RunPath("lab", "digits", run_id)
    return Run(path=path, state=state, created_at=START, updated_at=START, sweep_id="sweep1", agent_id="agent1")


def test_every_field_of_a_sweep_survives(stored: Database) -> None:
    full = replace(
        SWEEP,
        state=SweepState.PAUSED,
        seed=2**32 - 1,
        updated_at=START + timedelta(seconds=1),
        display_name="First",
        description="d",
        suggestions=2**40,
        controller={"type": "local"},
        scheduler={"engine": "optuna"},
        creator="ann",
        warnings=("w1", "w2"),
        prior_runs_filters={"$or": [{"name": "x"}]},
        sequence_start=2**40,
        started_at=START + timedelta(seconds=2),
    )
    with stored.writing() as unit:
        unit.sweeps.save(full)
    with stored.reading() as unit:
        assert unit.sweeps.get(PATH) == full


def test_a_sweep_is_found_under_its_own_path_only(stored: Database) -> None:
    with stored.reading() as unit:
        assert unit.sweeps.get(PATH) == SWEEP
        assert unit.sweeps.get(replace(PATH, project="other")) is None
        assert unit.sweeps.get(replace(PATH, sweep_id="nothing")) is None


def test_a_sweeps_id_is_taken_once_across_projects(stored: Database) -> None:
    with stored.writing() as unit:
        with pytest.raises(Conflict):
            unit.sweeps.add(replace(SWEEP, path=replace(PATH, project="other")))
        with pytest.raises(Conflict):
            unit.sweeps.add(replace(SWEEP, path=SweepPath("lab", "nowhere", "sweep2")))


def test_lists_of_sweeps(stored: Database) -> None:
    newer = replace(
        SWEEP,
        path=replace(PATH, sweep_id="sweep0"),
        created_at=START + timedelta(seconds=1),
        state=SweepState.FINISHED,
    )
    foreign = replace(SWEEP, path=SweepPath("lab", "other", "sweep2"), state=SweepState.PAUSED)
    with stored.writing() as unit:
        unit.sweeps.add(newer)
        unit.sweeps.add(foreign)
    with stored.reading() as unit:
        assert unit.sweeps.of_project("lab", "digits") == [newer, SWEEP]
        assert unit.sweeps.unfinished() == [SWEEP, foreign]


def test_the_mark_of_a_projects_sweeps(stored: Database) -> None:
    later = START + timedelta(seconds=5)
    with stored.writing() as unit:
        unit.sweeps.save(replace(SWEEP, updated_at=later))
        unit.sweeps.add(replace(SWEEP, path=replace(PATH, sweep_id="sweep2")))
    with stored.reading() as unit:
        assert unit.sweeps.mark("lab", "digits") == RowsMark(2, later)
        assert unit.sweeps.mark("lab", "other") == RowsMark(0, None)


def test_a_position_and_a_run_are_leased_once(stored: Database) -> None:
    with stored.writing() as unit:
        unit.sweeps.add_lease(LEASE)
        with pytest.raises(Conflict):
            unit.sweeps.add_lease(replace(LEASE, run_id="two"))
        with pytest.raises(Conflict):
            unit.sweeps.add_lease(replace(LEASE, position=1))
        assert unit.sweeps.leases("sweep1") == [LEASE]


def test_every_field_of_a_lease_survives(stored: Database) -> None:
    changed = replace(
        LEASE, agent_id=None, acknowledged=True, handed_out=2, retries=1, late=1, parameters={"n": {"m": [1.5, None]}}
    )
    with stored.writing() as unit:
        unit.sweeps.add_lease(replace(LEASE, position=3, run_id="three"))
        unit.sweeps.add_lease(LEASE)
        unit.sweeps.save_lease(changed)
    with stored.reading() as unit:
        assert unit.sweeps.lease_of_run("sweep1", "one") == changed
        assert unit.sweeps.lease_of_run("sweep1", "two") is None
        assert [lease.position for lease in unit.sweeps.leases("sweep1")] == [0, 3]
        assert unit.sweeps.leases("sweep2") == []
        assert [lease.position for lease in unit.sweeps.leases("sweep1", before=3)] == [0]
        assert unit.sweeps.leases("sweep1", before=0) == []
        assert (unit.sweeps.lease_count("sweep1"), unit.sweeps.lease_count("sweep2")) == (2, 0)


def test_leases_with_their_runs(stored: Database) -> None:
    with stored.writing() as unit:
        for position, (run_id, agent) in enumerate([("one", "agent1"), ("two", "agent2"), ("gone", "agent1")]):
            unit.sweeps.add_lease(replace(LEASE, position=position, run_id=run_id, agent_id=agent))
        unit.runs.add(run_named("one"))
        unit.runs.add(run_named("two", RunState.CRASHED))

    def found(states: frozenset[RunState], agent_id: str | None = None) -> list[tuple[int, str]]:
        pairs = unit.sweeps.leases_with_runs(PATH, states=states, agent_id=agent_id)
        assert all(lease.run_id == run.path.run_id for lease, run in pairs)
        return [(lease.position, run.path.run_id) for lease, run in pairs]

    with stored.reading() as unit:
        assert found(EVERY) == [(0, "one"), (1, "two")]
        assert found(frozenset({RunState.CRASHED})) == [(1, "two")]
        assert found(EVERY, "agent1") == [(0, "one")]
        assert found(frozenset()) == []


def test_agents(stored: Database) -> None:
    later = replace(AGENT, agent_id="agent0", created_at=START + timedelta(seconds=1))
    with stored.writing() as unit:
        unit.agents.add(later)
        unit.agents.add(AGENT)
        with pytest.raises(Conflict):
            unit.agents.add(AGENT)
        changed = replace(AGENT, running=("b", "a"), heartbeat_at=START + timedelta(seconds=90))
        changed = replace(changed, token="t", failures=3, put_aside=True)
        unit.agents.save(changed)
    with stored.writing() as unit:
        assert unit.agents.get("agent1") == changed
        assert unit.agents.get("agent9") is None
        assert unit.agents.of_sweep("sweep1") == [changed, later]
        assert unit.agents.of_sweep("sweep2") == []
        assert unit.agents.silent_since(START + timedelta(seconds=60)) == [later]
        unit.agents.save(replace(later, left=True))
        assert unit.agents.silent_since(START + timedelta(seconds=60)) == []
