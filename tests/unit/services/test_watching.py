"""A mark differs when what it stands for has changed, and is the same as long as nothing has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sweepyard.domain.sweep import SweepPath, SweepState
from sweepyard.errors import NotFound
from sweepyard.services.runs import RunChanges
from sweepyard.services.sweeps import SweepChanges

GRID = "method: grid\nprogram: train.py\nparameters: {x: {values: [1, 2]}}\n"


def changes(mark: Any, *acts: Any) -> list[bool]:
    """Whether each act changes the mark."""
    found = []
    for act in acts:
        before = mark()
        assert mark() == before
        act()
        found.append(mark() != before)
    return found


def test_a_projects_mark_follows_its_runs_and_sweeps(hub: Any, actor: Any) -> None:
    hub.begin("one")
    watching = hub.services.watching

    def mark() -> str:
        return str(watching.project("lab", "digits"))

    def rename() -> None:
        hub.services.runs.upsert(hub.path("one"), RunChanges(display_name="other"), actor=actor, begins=False)

    def pause() -> None:
        hub.clock.advance(1)
        hub.services.sweeps.update(sweeps[0].path, SweepChanges(state=SweepState.PAUSED))

    sweeps: list[Any] = []
    acts = [rename, lambda: hub.end("one", acc=1), lambda: sweeps.append(hub.sweep(GRID)), pause]
    assert changes(mark, *acts, lambda: hub.services.runs.delete(hub.path("one"))) == [True] * 5
    elsewhere = replace(hub.path("two"), project="other")
    act = lambda: hub.services.runs.upsert(elsewhere, RunChanges(), actor=actor, begins=True)  # noqa: E731
    assert changes(mark, act) == [False]


def test_a_sweeps_mark_follows_its_agents_too(hub: Any) -> None:
    sweep = hub.sweep(GRID)
    agents: list[Any] = []

    def beat() -> None:
        hub.clock.advance(1)
        hub.beat(agents[0])

    def mark() -> str:
        return str(hub.services.watching.sweep(sweep.path))

    assert changes(mark, lambda: agents.append(hub.agent(sweep)), beat, lambda: hub.begin("other")) == [True] * 3


def test_a_runs_mark_follows_what_it_streams_within_a_heartbeat_too(hub: Any, actor: Any) -> None:
    hub.begin("one")

    def mark() -> str:
        return str(hub.services.watching.run(hub.path("one")))

    assert (
        changes(
            mark,
            lambda: hub.log("one", {"_step": 0, "acc": 1}),
            lambda: hub.log("one", {"_step": 1, "acc": 2}, offset=1),
            lambda: hub.services.runs.upsert(hub.path("one"), RunChanges(tags=("a",)), actor=actor, begins=False),
            lambda: hub.end("one"),
        )
        == [True] * 4
    )
    assert changes(mark, lambda: hub.begin("two")) == [False]


def test_what_is_not_there_has_no_mark(hub: Any) -> None:
    watching = hub.services.watching
    with pytest.raises(NotFound, match="no run lab/digits/none"):
        watching.run(hub.path("none"))
    with pytest.raises(NotFound, match="no sweep"):
        watching.sweep(SweepPath("lab", "digits", "none"))
    with pytest.raises(NotFound, match="no project lab/none"):
        watching.project("lab", "none")


def test_a_sweeps_mark_follows_what_its_hosts_are_blamed_for(hub: Any) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    [command] = hub.beat(agent)
    hub.begin(command.run_id)
    hub.end(command.run_id, exit_code=1)
    readmit = lambda: hub.services.agents.readmit(sweep.path, "h")  # noqa: E731
    assert changes(lambda: hub.services.watching.sweep(sweep.path), readmit, readmit) == [True, False]
