"""Runs that fall behind are stopped at the very value that shows it; what they logged is counted once."""

from __future__ import annotations

import math

import pytest

from sweepyard.domain.agent import CommandKind
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import RunPath
from sweepyard.jsonvalue import dumps
from sweepyard.services.streams import StreamUpdate
from sweepyard.sweeps.termination import Standing

SWEEP = """
method: random
seed: 1
metric: {name: epoch/val_accuracy, goal: maximize}
early_terminate: {type: hyperband, max_iter: 9, s: 2}
parameters: {rate: {min: 0.0, max: 1.0}}
"""
METRIC = "epoch/val_accuracy"


def started(hub, sweep, count: int) -> list[str]:
    """The runs of `count` agents, all begun."""
    runs = []
    for _ in range(count):
        agent = hub.agent(sweep)
        [command] = hub.beat(agent)
        hub.beat(agent, command.run_id)
        hub.begin(command.run_id)
        runs.append(command.run_id)
    return runs


def send(hub, run_id: str, *values: object, offset: int = 0) -> bool:
    """One chunk with a row for each value; says whether the run is told to stop."""
    lines = tuple(dumps({METRIC: value, "epoch": {"loss": 1.0}}) for value in values)
    update = StreamUpdate(chunks=(Chunk(Stream.HISTORY, offset, lines),))
    return hub.services.streams.receive(hub.path(run_id), update).stop


def test_the_reply_to_the_value_that_shows_it_says_stop(hub) -> None:
    sweep = hub.sweep(SWEEP)
    good, bad = started(hub, sweep, 2)
    assert not send(hub, good, 0.5)
    assert send(hub, bad, 0.4)
    assert not send(hub, good, 0.6, offset=1)
    events = hub.services.runs.events(hub.path(bad))
    assert events[-1].kind == "stop requested"
    assert events[-1].detail == "early termination at iteration 1: 0.4, needed 0.5"


def test_a_run_that_others_overtake_is_told_with_its_next_chunk_and_its_agent_later(hub) -> None:
    sweep = hub.sweep(SWEEP)
    agent = hub.agent(sweep)
    [command] = hub.beat(agent)
    hub.beat(agent, command.run_id)
    hub.begin(command.run_id)
    (better,) = started(hub, sweep, 1)
    assert not send(hub, command.run_id, 0.4)
    assert not send(hub, better, 0.5)
    assert send(hub, command.run_id, 0.4, offset=1)
    assert hub.beat(agent, command.run_id) == []
    hub.clock.advance(30)
    assert [each.kind for each in hub.beat(agent, command.run_id)] == [CommandKind.STOP]
    hub.end(command.run_id, 255)
    assert hub.state(command.run_id) == "killed"
    assert hub.beat(agent)[0].run_id != command.run_id


def test_iterations_are_finite_values_and_not_steps(hub) -> None:
    sweep = hub.sweep(SWEEP.replace("s: 2", "s: 1"))
    good, bad = started(hub, sweep, 2)
    send(hub, good, 0.5, 0.6, 0.7)
    assert not send(hub, bad, 0.1, None, math.nan, math.inf, "x", True, 0.2)
    assert send(hub, bad, 0.3, offset=7)


def test_standings_say_where_every_run_is(hub) -> None:
    sweep = hub.sweep(SWEEP)
    good, bad, new = started(hub, sweep, 3)
    send(hub, good, 0.5, 0.6, 0.7, 0.8)
    send(hub, bad, 0.4)
    assert {standing.run_id: standing for standing in hub.services.sweeps.standings(sweep.path)} == {
        good: Standing(good, 3, 0.7, 0.7, 1),
        bad: Standing(bad, 1, 0.4, 0.5, 2, True),
        new: Standing(new),
    }
    hub.end(bad, 255)
    assert not any(standing.stops for standing in hub.services.sweeps.standings(sweep.path))
    without = hub.sweep(SWEEP.replace("early_terminate", "# "))
    started(hub, without, 1)
    assert hub.services.sweeps.standings(without.path) == ()


def test_lines_that_are_sent_again_or_late_are_counted_once(hub) -> None:
    sweep = hub.sweep(SWEEP)
    (run_id,) = started(hub, sweep, 1)
    send(hub, run_id, 0.1, 0.2)
    send(hub, run_id, 0.1, 0.2)
    send(hub, run_id, 0.4, offset=3)
    send(hub, run_id, 0.3, offset=2)
    with hub.database.reading() as unit:
        record = unit.objectives.get(hub.path(run_id), METRIC)
        marks = unit.objectives.marks(sweep.path, METRIC, {1, 3})[run_id]
    assert record is not None
    assert (record.next_line, record.values.count, record.values.latest, record.values.highest) == (4, 4, 0.4, 0.4)
    assert {iteration: mark.value for iteration, mark in marks.items()} == {1: 0.1, 3: 0.3}
    assert marks[3].mean == pytest.approx(0.2)


def test_a_run_that_begins_anew_begins_to_count_anew(hub) -> None:
    sweep = hub.sweep(SWEEP)
    (run_id,) = started(hub, sweep, 1)
    send(hub, run_id, 0.1, 0.2, 0.3)
    hub.begin(run_id)
    with hub.database.reading() as unit:
        assert unit.objectives.get(hub.path(run_id), METRIC) is None
        assert unit.objectives.marks(sweep.path, METRIC, {1, 3}) == {}
    hub.services.runs.delete(hub.path(run_id))


def test_nested_rows_count_too(hub) -> None:
    sweep = hub.sweep(SWEEP.replace("epoch/val_accuracy", "epoch.accuracy"))
    (run_id,) = started(hub, sweep, 1)
    hub.log(run_id, {"epoch": {"accuracy": 0.5}}, {"epoch.accuracy": 0.6}, {"epoch": {"loss": 1}})
    with hub.database.reading() as unit:
        record = unit.objectives.get(hub.path(run_id), "epoch.accuracy")
    assert record is not None
    assert (record.next_line, record.values.count, record.values.highest) == (3, 2, 0.6)


def test_a_metric_whose_name_json_escapes_is_found(hub) -> None:
    metric = 'größe "x"'
    sweep = hub.sweep(SWEEP.replace("epoch/val_accuracy", f"'{metric}'"))
    (run_id,) = started(hub, sweep, 1)
    hub.log(run_id, {metric: 0.5})
    with hub.database.reading() as unit:
        record = unit.objectives.get(hub.path(run_id), metric)
    assert record is not None
    assert record.values.latest == 0.5


def test_a_run_without_a_sweep_or_an_objective_keeps_no_record(hub) -> None:
    hub.begin("alone")
    assert not send(hub, "alone", 0.5)
    sweep = hub.sweep("method: random\nparameters: {x: {min: 0.0, max: 1.0}}\n")
    (run_id,) = started(hub, sweep, 1)
    assert not send(hub, run_id, 0.5)
    with hub.database.reading() as unit:
        assert unit.objectives.get(hub.path("alone"), METRIC) is None
        assert unit.objectives.get(hub.path(run_id), METRIC) is None


def test_bayes_learns_from_histories_also_those_nobody_kept_a_record_of(hub) -> None:
    text = SWEEP.replace("method: random", "method: bayes").replace("early_terminate", "# ")
    sweep = hub.sweep(text)
    runs = started(hub, sweep, 5)
    for place, run_id in enumerate(runs):
        send(hub, run_id, place / 10, 0.05)
        hub.end(run_id)
    with hub.database.writing() as unit:
        for run_id in runs:
            unit.objectives.forget(hub.path(run_id))
    started(hub, sweep, 1)
    with hub.database.reading() as unit:
        records = unit.objectives.of_sweep(sweep.path, METRIC)
    assert {run_id: record.values.highest for run_id, record in records.items()} == {
        run_id: max(place / 10, 0.05) for place, run_id in enumerate(runs)
    }


def test_prior_runs_teach_bayes_too(hub, actor) -> None:
    from sweepyard.services.sweeps import SweepDraft

    for place in range(6):
        hub.begin(f"prior{place}", config={"rate": place / 6})
        send(hub, f"prior{place}", 1.0 - (place / 6 - 0.5) ** 2)
        hub.end(f"prior{place}")
    text = SWEEP.replace("method: random", "method: bayes").replace("early_terminate", "# ")
    draft = SweepDraft(config_yaml=text, prior_runs_filters={"display_name": {"$regex": "^prior"}})
    sweep = hub.services.sweeps.create("lab", "digits", draft, actor=actor)
    [command] = hub.beat(hub.agent(sweep))
    assert abs(command.parameters["rate"] - 0.5) < 0.2
    with hub.database.reading() as unit:
        assert unit.objectives.get(RunPath("lab", "digits", "prior0"), METRIC).values.count == 1
