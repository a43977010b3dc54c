from __future__ import annotations

import pytest

from sweepyard.services import foresight
from sweepyard.sweeps import bayes

SWEEP = """
method: bayes
seed: 2
metric: {name: m}
parameters: {x: {min: 0.0, max: 1.0}}
"""


@pytest.fixture
def searches(hub, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each search of bayes whether it was made inside a writing unit of work."""
    made: list[bool] = []
    original = bayes.draw

    def draw(*args: object, **more: object) -> object:
        made.append(hub.database.is_writing)
        return original(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(bayes, "draw", draw)
    return made


def test_bayes_searches_before_the_transaction_and_not_in_it(hub, searches: list[bool]) -> None:
    sweep = hub.sweep(SWEEP)
    for _ in range(6):
        agent = hub.agent(sweep)
        [command] = hub.beat(agent)
        hub.beat(agent, command.run_id)
        hub.begin(command.run_id)
        hub.log(command.run_id, {"m": command.parameters["x"]})
        hub.end(command.run_id)
    assert searches == [False] * 6


def test_agents_that_find_the_same_point_ahead_get_different_ones(hub, searches: list[bool]) -> None:
    sweep = hub.sweep(SWEEP)
    one, two = hub.agent(sweep), hub.agent(sweep)
    service = hub.services.agents
    for agent in (one, two):
        service._think_ahead(agent.agent_id, hub.clock.now())
    [first], [second] = hub.beat(one), hub.beat(two)
    assert first.parameters != second.parameters


def test_what_was_found_long_ago_is_forgotten(hub, searches: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresight, "_MOST_REMEMBERED", 1)
    sweep, other = hub.sweep(SWEEP), hub.sweep(SWEEP.replace("seed: 2", "seed: 3"))
    memory = foresight.Foresight()
    from sweepyard.services.sweep_rows import parsed

    for one in (sweep, other, other, sweep):
        memory.next_suggestion(parsed(one.config_yaml), seed=one.seed, position=0, runs=[], created=0, start=0)
    assert len(searches) == 3


def test_nothing_is_thought_ahead_for_a_sweep_that_hands_nothing_out(hub, searches: list[bool]) -> None:
    from sweepyard.domain.sweep import SweepState

    sweep = hub.sweep(SWEEP)
    agent = hub.agent(sweep)
    hub.services.sweeps.set_state(sweep.path, SweepState.PAUSED)
    assert hub.beat(agent) == []
    assert searches == []
