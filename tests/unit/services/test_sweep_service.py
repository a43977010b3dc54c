from __future__ import annotations

import pytest

from sweepyard.domain.run import RunState
from sweepyard.domain.sweep import SweepPath, SweepState
from sweepyard.errors import Conflict, NotFound, RequestInvalid, SweepFileInvalid
from sweepyard.services.sweeps import SweepChanges, SweepDraft

GRID = """
name: from the file
description: why
method: grid
metric: {name: epoch/val_accuracy, goal: maximize}
parameters:
  batch: {values: [16, 32]}
"""
CUSTOM = """
method: custom
metric: {name: loss}
parameters: {rate: {min: 0.0, max: 1.0}}
"""


def create(hub, actor, text: str = GRID, **draft: object):
    return hub.services.sweeps.create("lab", "digits", SweepDraft(config_yaml=text, **draft), actor=actor)


def test_a_sweep_is_registered_with_its_file_to_the_letter(hub, actor) -> None:
    sweep = create(hub, actor, controller={"type": "local"})
    assert (sweep.state, sweep.config_yaml, sweep.suggestions) == (SweepState.PENDING, GRID, 0)
    assert (sweep.display_name, sweep.description, sweep.creator) == ("from the file", "why", "ann")
    assert sweep.controller == {"type": "local"}
    assert hub.services.sweeps.get(sweep.path) == sweep
    assert hub.services.sweeps.find(sweep.path) == sweep
    assert hub.services.sweeps.expected_runs(sweep.path) == 2


def test_names_given_apart_win(hub, actor) -> None:
    sweep = create(hub, actor, display_name="mine", description="")
    assert (sweep.display_name, sweep.description) == ("mine", "")


def test_the_seed_is_the_files_or_drawn(hub, actor) -> None:
    assert create(hub, actor, GRID + "seed: 12\n").seed == 12
    first, second = create(hub, actor).seed, create(hub, actor).seed
    assert first != second
    assert 0 <= first < 2**32


def test_what_this_hub_cannot_do_is_refused_with_the_reason(hub, actor) -> None:
    with pytest.raises(SweepFileInvalid, match="custom"):
        create(hub, actor, CUSTOM)
    assert hub.services.sweeps.list("lab", "digits").items == ()
    assert hub.services.projects.find("lab", "digits") is None


def test_a_malformed_file_is_refused(hub, actor) -> None:
    with pytest.raises(SweepFileInvalid):
        create(hub, actor, "method: gird\nparameters: {a: {values: [1]}}\n")


def test_a_malformed_filter_of_prior_runs_is_refused(hub, actor) -> None:
    with pytest.raises(RequestInvalid):
        create(hub, actor, prior_runs_filters={"$nope": []})


def test_warnings_are_texts(hub, actor) -> None:
    text = "method: random\nparameters: {rate: {distribution: log_uniform, min: -5, max: -1}}\n"
    warnings = create(hub, actor, text).warnings
    assert warnings
    assert all(isinstance(warning, str) for warning in warnings)


def test_the_file_changes_before_the_first_run_only(hub, actor) -> None:
    sweep = create(hub, actor)
    changed = GRID.replace("16, 32", "64") + "seed: 5\n"
    updated = hub.services.sweeps.update(sweep.path, SweepChanges(config_yaml=changed, display_name="new"))
    assert (updated.config_yaml, updated.seed, updated.display_name) == (changed, 5, "new")
    same_seed = hub.services.sweeps.update(sweep.path, SweepChanges(config_yaml=GRID))
    assert same_seed.seed == 5
    hub.beat(hub.agent(sweep))
    assert hub.services.sweeps.update(sweep.path, SweepChanges(config_yaml=GRID)).config_yaml == GRID
    with pytest.raises(Conflict, match="has runs already"):
        hub.services.sweeps.update(sweep.path, SweepChanges(config_yaml=changed))


def test_other_changes_leave_the_rest_alone(hub, actor) -> None:
    sweep = create(hub, actor)
    changes = SweepChanges(description="", controller={"a": 1}, scheduler={"b": 2})
    updated = hub.services.sweeps.update(sweep.path, changes)
    assert (updated.display_name, updated.description) == ("from the file", "")
    assert (updated.controller, updated.scheduler) == ({"a": 1}, {"b": 2})
    again = hub.services.sweeps.update(sweep.path, SweepChanges())
    assert (again.controller, again.scheduler) == ({"a": 1}, {"b": 2})


def test_states_follow_the_table(hub, actor) -> None:
    sweep = create(hub, actor)
    for state in (SweepState.PAUSED, SweepState.RUNNING, SweepState.FINISHED):
        assert hub.services.sweeps.set_state(sweep.path, state).state is state
    with pytest.raises(Conflict, match="a FINISHED sweep may become CANCELED; asked for RUNNING"):
        hub.services.sweeps.set_state(sweep.path, SweepState.RUNNING)


def test_canceling_asks_live_runs_to_stop(hub, actor) -> None:
    sweep = create(hub, actor)
    [command] = hub.beat(hub.agent(sweep))
    hub.begin(command.run_id)
    for _ in range(2):
        hub.services.sweeps.set_state(sweep.path, SweepState.CANCELED)
    assert hub.services.runs.get(hub.path(command.run_id)).stop_requested
    assert hub.services.sweeps.counts(sweep.path) == {RunState.RUNNING: 1}


def test_sweeps_newest_first_in_pages(hub, actor) -> None:
    made = []
    for _ in range(3):
        made.append(create(hub, actor).path)
        hub.clock.advance(1)
    page = hub.services.sweeps.list("lab", "digits", first=2)
    rest = hub.services.sweeps.list("lab", "digits", first=2, after=page.end_cursor)
    assert [sweep.path for sweep in (*page.items, *rest.items)] == made[::-1]


def test_the_best_run_has_the_best_finite_value(hub, actor) -> None:
    sweep = create(hub, actor)
    assert hub.services.sweeps.best(sweep.path) is None
    values = [0.5, 0.9, float("inf"), float("nan"), "text", True, None, 0.7]
    for number, value in enumerate(values):
        hub.begin(f"run{number}", sweep_id=sweep.path.sweep_id, summary={"epoch/val_accuracy": value})
    best = hub.services.sweeps.best(sweep.path)
    assert best is not None
    assert (best.run.path.run_id, best.value) == ("run1", 0.9)


def test_without_objective_there_is_no_best_run(hub, actor) -> None:
    sweep = create(hub, actor, "method: random\nparameters: {a: {min: 0.0, max: 1.0}}\n")
    hub.begin("one", sweep_id=sweep.path.sweep_id, summary={"loss": 1})
    assert hub.services.sweeps.best(sweep.path) is None
    assert hub.services.sweeps.expected_runs(sweep.path) is None


def test_unknown_sweeps(hub) -> None:
    path = SweepPath("lab", "digits", "nothing")
    assert hub.services.sweeps.find(path) is None
    assert hub.services.sweeps.leases(path) == ()
    for ask in (hub.services.sweeps.get, hub.services.sweeps.best, hub.services.sweeps.expected_runs):
        with pytest.raises(NotFound, match="no sweep lab/digits/nothing"):
            ask(path)
