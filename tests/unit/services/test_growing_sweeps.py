"""Sweeps that are edited while they run, end for want of time, repeat their points, or have several metrics."""

from __future__ import annotations

import pytest

from sweepyard.domain.agent import Command, CommandKind
from sweepyard.domain.sweep import SweepState
from sweepyard.errors import Conflict, SweepFileInvalid
from sweepyard.services.sweeps import SweepChanges

GRID = "method: grid\nmax_retries: 1\nparameters:\n  a: {values: [1, 2]}\n  b: {values: [x, y]}\n"
RANDOM = "method: random\nseed: 7\nrun_cap: 2\nparameters: {r: {min: 0.0, max: 1.0}}\n"
EXIT = [Command(CommandKind.EXIT)]


def edit(hub, sweep, *changes: tuple[str, str]):
    text = sweep.config_yaml
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return hub.services.sweeps.update(sweep.path, SweepChanges(config_yaml=text))


def finished(hub, agent, count: int, **summary: object) -> list[dict[str, object]]:
    """The parameters of the agent's next runs, each run to its end."""
    found = []
    for _ in range(count):
        [command] = hub.beat(agent)
        assert command.kind is CommandKind.RUN, command
        hub.beat(agent, command.run_id)
        hub.begin(command.run_id)
        hub.end(command.run_id, **summary)
        found.append(command.parameters)
    return found


def test_a_grid_that_grows_goes_on_with_the_points_that_no_run_has(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    first = finished(hub, agent, 3)
    edited = edit(hub, sweep, ("[1, 2]", "[0, 2, 1.0]"))
    assert edited.sequence_start == 3
    rest = finished(hub, agent, 3)
    assert hub.beat(agent) == EXIT
    assert rest == [{"a": 0, "b": "x"}, {"a": 0, "b": "y"}, {"a": 2, "b": "y"}]
    assert [lease.position for lease in hub.services.sweeps.leases(sweep.path)] == [0, 1, 2, 3, 4, 6]
    assert len({str(sorted(point.items())) for point in first + rest}) == 6
    assert hub.services.sweeps.expected_runs(sweep.path) == 6


def test_a_grid_may_grow_twice_and_a_point_of_before_goes_out_again(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    [command] = hub.beat(agent)
    hub.beat(agent, command.run_id)
    sweep = edit(hub, sweep, ("[1, 2]", "[1, 2, 3]"))
    hub.begin(command.run_id)
    hub.end(command.run_id, 1)
    [again] = hub.beat(agent)
    assert (again.run_id, again.parameters) == (command.run_id, {"a": 1, "b": "x"})
    hub.beat(agent, again.run_id)
    hub.begin(again.run_id)
    hub.end(again.run_id)
    finished(hub, agent, 2)
    edit(hub, sweep, ("[x, y]", "[x, y, z]"))
    assert len(finished(hub, agent, 6)) == 6
    assert hub.beat(agent) == EXIT


def test_random_search_goes_on_with_its_sequence(hub) -> None:
    whole = finished(hub, hub.agent(hub.sweep(RANDOM.replace("run_cap: 2", "run_cap: 4"))), 4)
    sweep = hub.sweep(RANDOM)
    agent = hub.agent(sweep)
    parts = finished(hub, agent, 2)
    edit(hub, sweep, ("run_cap: 2", "run_cap: 4"))
    assert parts + finished(hub, agent, 2) == whole
    assert hub.beat(agent) == EXIT


def test_what_cannot_be_changed_is_refused_and_nothing_happens(hub) -> None:
    sweep = hub.sweep(GRID)
    hub.beat(hub.agent(sweep))
    with pytest.raises(Conflict, match=r"has runs already.*`a` must keep its values; 1 would go; `b` must keep"):
        edit(hub, sweep, ("[1, 2]", "[2, 3]"), ("[x, y]", "[x]"))
    assert hub.services.sweeps.get(sweep.path).config_yaml == GRID


def test_a_file_that_a_person_wrote_is_checked_as_such(hub) -> None:
    sweep = hub.sweep("program: train.py\n" + GRID)
    typed = "method: grid\nparameters:\n  a: {values: [1e-5, 2]}\n"
    with pytest.raises(SweepFileInvalid) as found:
        hub.services.sweeps.edit(sweep.path, typed)
    told = str(found.value)
    assert "sweep file:3" in told
    assert "1.0e-5" in told
    assert "must name a `program`" in told
    trained = "command: [sweepyard, train, --parameters, '${args_json_file}']\nmetric: {name: accuracy}\n" + GRID
    with pytest.raises(SweepFileInvalid, match="must be one that training logs"):
        hub.services.sweeps.edit(sweep.path, trained)
    good = f"program: train.py\nname: again\n{GRID}"
    assert hub.services.sweeps.edit(sweep.path, good).config_yaml == good


def test_a_sweep_that_is_over_cannot_be_edited(hub) -> None:
    sweep = hub.sweep(GRID)
    hub.beat(hub.agent(sweep))
    hub.services.sweeps.set_state(sweep.path, SweepState.FINISHED)
    with pytest.raises(Conflict, match="is finished; only a sweep that goes on can be edited"):
        edit(hub, sweep, ("[1, 2]", "[1, 2, 3]"))


@pytest.mark.parametrize("state", [SweepState.FINISHED, SweepState.CANCELED])
def test_nor_one_that_ended_before_its_first_run(hub, state: SweepState) -> None:
    sweep = hub.sweep(RANDOM)
    hub.services.sweeps.set_state(sweep.path, state)
    with pytest.raises(Conflict, match=f"is {state.value.lower()}; only a sweep that goes on can be edited"):
        edit(hub, sweep, ("run_cap: 2", "run_cap: 77"))
    assert hub.services.sweeps.get(sweep.path).config_yaml == RANDOM
    again = hub.services.sweeps.update(sweep.path, SweepChanges(config_yaml=RANDOM, display_name="named later"))
    assert again.display_name == "named later"


def test_a_budget_of_time_counts_from_the_first_run(hub) -> None:
    sweep = hub.sweep(RANDOM.replace("run_cap: 2", "time_budget: 1h\nmax_retries: 3"))
    hub.clock.advance(7200)
    agent = hub.agent(sweep)
    finished(hub, agent, 2)
    hub.clock.advance(3599)
    [command] = hub.beat(agent)
    hub.beat(agent, command.run_id)
    hub.begin(command.run_id)
    hub.clock.advance(1)
    idle = hub.agent(sweep)
    assert hub.beat(idle) == []
    hub.end(command.run_id, 1)
    assert hub.beat(idle) == EXIT
    assert hub.services.sweeps.get(sweep.path).state is SweepState.FINISHED


def test_reaping_ends_a_sweep_that_is_out_of_time(hub) -> None:
    sweep = hub.sweep(RANDOM.replace("run_cap: 2", "time_budget: 60"))
    finished(hub, hub.agent(sweep), 1)
    hub.clock.advance(61)
    assert hub.services.agents.reap().sweeps == (sweep.path,)


def test_repeats_share_a_point_and_are_summed_up(hub) -> None:
    text = "method: grid\nrepeats: 2\nmetric: {name: m, goal: maximize}\nparameters: {a: {values: [1, 2, 3]}}\n"
    sweep = hub.sweep(text)
    agent = hub.agent(sweep)
    assert finished(hub, agent, 1, m=0.5) == [{"a": 1, "seed": 0}]
    assert finished(hub, agent, 1, m=0.7) == [{"a": 1, "seed": 1}]
    finished(hub, agent, 1, m=0.9)
    finished(hub, agent, 1)
    hub.beat(agent)
    points = hub.services.sweeps.points(sweep.path)
    assert [(point.parameters, point.values, len(point.runs)) for point in points] == [
        ({"a": 2}, (0.9,), 2),
        ({"a": 1}, (0.5, 0.7), 2),
        ({"a": 3}, (), 1),
    ]
    assert points[1].mean == pytest.approx(0.6)
    assert points[1].spread == pytest.approx(0.1414, abs=1e-4)
    assert (points[0].spread, points[2].mean) == (None, None)


def test_bayes_repeats_the_point_that_the_first_of_them_got(hub) -> None:
    text = "method: bayes\nseed: 1\nrepeats: 2\nmetric: {name: m}\nparameters: {a: {min: 0.0, max: 1.0}}\n"
    sweep = hub.sweep(text)
    agent = hub.agent(sweep)
    points = []
    for _ in range(8):
        [command] = hub.beat(agent)
        hub.beat(agent, command.run_id)
        hub.begin(command.run_id)
        hub.log(command.run_id, {"m": command.parameters["a"]})
        hub.end(command.run_id)
        points.append(command.parameters)
    assert [point["seed"] for point in points] == [0, 1] * 4
    assert [point["a"] for point in points[::2]] == [point["a"] for point in points[1::2]]
    assert len(hub.services.sweeps.points(sweep.path)) == 4


METRICS = """
method: random
seed: 1
metrics: [{name: error, target: 0.1}, {name: size, goal: maximize, target: 5}]
parameters: {a: {min: 0.0, max: 1.0}}
"""


def test_the_front_of_several_metrics(hub) -> None:
    sweep = hub.sweep(METRICS)
    agent = hub.agent(sweep)
    for values in ({"error": 0.5, "size": 1}, {"error": 0.3, "size": 2}, {"error": 0.9, "size": 4}, {"error": 0.2}):
        finished(hub, agent, 1, **values)
    assert [run.summary for run in hub.services.sweeps.front(sweep.path)] == [
        {"error": 0.3, "size": 2},
        {"error": 0.9, "size": 4},
    ]
    best = hub.services.sweeps.best(sweep.path)
    assert best is not None
    assert best.value == 0.2
    assert hub.services.sweeps.front(hub.sweep(GRID).path) == ()


def test_every_metric_is_taken_down_and_all_targets_end_the_sweep(hub) -> None:
    sweep = hub.sweep(METRICS)
    agent = hub.agent(sweep)
    for rows in ([{"error": 0.05, "size": 1}], [{"error": 0.5, "size": 9}]):
        [command] = hub.beat(agent)
        hub.beat(agent, command.run_id)
        hub.begin(command.run_id)
        hub.log(command.run_id, *rows)
        hub.end(command.run_id)
    [command] = hub.beat(agent)
    hub.beat(agent, command.run_id)
    hub.begin(command.run_id)
    hub.log(command.run_id, {"error": 0.05}, {"size": 9})
    hub.end(command.run_id)
    assert hub.beat(agent) == EXIT


def test_runs_that_joined_a_sweep_by_themselves_teach_bayes(hub) -> None:
    text = "method: bayes\nmetric: {name: m}\nparameters: {a: {values: [1, 2, 3]}}\n"
    sweep = hub.sweep(text)
    hub.begin("joined", config={"a": 2}, sweep_id=sweep.path.sweep_id)
    hub.log("joined", {"m": 1.0})
    hub.end("joined")
    assert {point["a"] for point in finished(hub, hub.agent(sweep), 2)} == {1, 3}
