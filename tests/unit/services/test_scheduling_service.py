"""Points that a scheduler of W&B's client enqueues: they wait, and each goes to one agent."""

from __future__ import annotations

import dataclasses

import pytest

from sweepyard.domain.agent import Command, CommandKind
from sweepyard.domain.sweep import SweepState, controller_run
from sweepyard.errors import Conflict, NotFound, RequestInvalid

SCHEDULED = """
program: train.py
method: custom
metric: {name: loss}
scheduler: {engine: optuna}
parameters: {rate: {min: 0.0, max: 1.0}}
"""
EXIT = [Command(CommandKind.EXIT)]


def enqueue(hub, actor, sweep, **parameters) -> str:
    return hub.services.scheduling.enqueue(sweep.path, parameters, actor=actor).path.run_id


def test_points_wait_and_go_to_one_agent_each_in_the_order_in_which_they_came(hub, actor) -> None:
    sweep = hub.sweep(SCHEDULED)
    one, two, three = (hub.agent(sweep, host) for host in "abc")
    assert hub.beat(one) == []
    first, second = (enqueue(hub, actor, sweep, rate=rate) for rate in (0.5, 0.25))
    run = hub.services.runs.get(hub.path(first))
    assert (run.state.value, run.agent_id, run.attempt, run.creator) == ("pending", None, 1, "ann")
    assert run.config == {"rate": 0.5}
    assert hub.services.sweeps.get(sweep.path).state is SweepState.PENDING
    assert hub.beat(two) == [Command(CommandKind.RUN, first, "train.py", {"rate": 0.5})]
    run = hub.services.runs.get(hub.path(first))
    assert (run.state.value, run.agent_id, run.host, run.attempt) == ("pending", two.agent_id, "b", 1)
    begun = hub.services.sweeps.get(sweep.path)
    assert (begun.state, begun.started_at) == (SweepState.RUNNING, hub.clock.now())
    assert hub.beat(one) == [Command(CommandKind.RUN, second, "train.py", {"rate": 0.25})]
    assert hub.beat(three) == []
    leases = hub.services.sweeps.leases(sweep.path)
    assert [(each.run_id, each.position, each.retries, each.handed_out) for each in leases] == [
        (first, 0, 0, 1),
        (second, 1, 0, 1),
    ]
    assert [event.kind for event in hub.services.runs.events(hub.path(first))] == ["enqueued", "handed out"]


def test_agents_wait_while_nothing_is_enqueued_and_leave_once_the_sweep_is_finished(hub, actor) -> None:
    sweep = hub.sweep(SCHEDULED)
    agent = hub.agent(sweep)
    run_id = enqueue(hub, actor, sweep, rate=0.5)
    hub.beat(agent)
    hub.beat(agent, run_id)
    hub.begin(run_id)
    hub.end(run_id)
    hub.clock.advance(3600)
    assert hub.services.agents.reap().sweeps == ()
    assert hub.beat(agent) == []
    left = enqueue(hub, actor, sweep, rate=0.75)
    hub.services.sweeps.set_state(sweep.path, SweepState.FINISHED)
    assert hub.state(left) == "killed"
    assert hub.state(run_id) == "finished"
    assert hub.beat(agent) == EXIT


def test_waiting_points_outlive_silence_and_a_pause(hub, actor) -> None:
    sweep = hub.sweep(SCHEDULED)
    hub.services.sweeps.set_state(sweep.path, SweepState.PAUSED)
    run_id = enqueue(hub, actor, sweep, rate=0.5)
    agent = hub.agent(sweep)
    assert hub.beat(agent) == []
    hub.clock.advance(3600)
    assert hub.services.agents.reap().runs == ()
    assert hub.state(run_id) == "pending"
    hub.services.sweeps.set_state(sweep.path, SweepState.RUNNING)
    assert [command.run_id for command in hub.beat(agent)] == [run_id]


def test_a_waiting_point_is_stopped_for_good_and_canceling_stops_all(hub, actor) -> None:
    sweep = hub.sweep(SCHEDULED)
    pruned, kept = (enqueue(hub, actor, sweep, rate=rate) for rate in (0.5, 0.25))
    hub.services.runs.request_stop(hub.path(pruned))
    assert hub.state(pruned) == "killed"
    agent = hub.agent(sweep)
    assert [command.run_id for command in hub.beat(agent)] == [kept]
    last = enqueue(hub, actor, sweep, rate=0.1)
    hub.services.sweeps.set_state(sweep.path, SweepState.CANCELED)
    assert hub.state(last) == "killed"


@pytest.mark.parametrize(("retries", "again"), [(0, False), (1, True)])
def test_a_failed_point_goes_out_again_before_later_ones_if_the_file_says_so(hub, actor, retries, again) -> None:
    sweep = hub.sweep(SCHEDULED + f"max_retries: {retries}\n")
    failed, later = (enqueue(hub, actor, sweep, rate=rate) for rate in (0.5, 0.25))
    agent = hub.agent(sweep)
    hub.beat(agent)
    hub.beat(agent, failed)
    hub.begin(failed)
    hub.end(failed, exit_code=1)
    [command] = hub.beat(agent)
    assert command.run_id == (failed if again else later)
    assert hub.services.runs.get(hub.path(failed)).attempt == (2 if again else 1)


def test_a_lost_command_is_sent_again(hub, actor) -> None:
    sweep = hub.sweep(SCHEDULED)
    run_id = enqueue(hub, actor, sweep, rate=0.5)
    agent, other = hub.agent(sweep), hub.agent(sweep)
    assert [command.run_id for _ in range(2) for command in hub.beat(agent)] == [run_id, run_id]
    assert hub.beat(other) == []


def test_the_hub_proposes_nothing_itself_whatever_the_method(hub, actor) -> None:
    text = "method: {}\nmetric: {{name: m}}\nscheduler: {{engine: wandb}}\nparameters: {{x: {{values: [1, 2]}}}}\n"
    for method in ("grid", "random", "bayes"):
        sweep = hub.sweep(text.format(method))
        agent = hub.agent(sweep)
        assert hub.beat(agent) == []
        assert hub.services.sweeps.expected_runs(sweep.path) is None
        enqueue(hub, actor, sweep, x=2)
        assert [command.parameters for command in hub.beat(agent)] == [{"x": 2}]
        progress = hub.services.sweep_overview.progress(sweep.path)
        assert (progress.expected, progress.remaining_seconds) == (None, None)


def test_what_takes_no_points_says_why(hub, actor) -> None:
    own = hub.sweep("method: grid\nparameters: {x: {values: [1]}}\n")
    with pytest.raises(Conflict, match="its file has no `scheduler`"):
        enqueue(hub, actor, own, x=1)
    over = hub.sweep(SCHEDULED)
    hub.services.sweeps.set_state(over.path, SweepState.CANCELED)
    with pytest.raises(Conflict, match="is canceled and takes no more runs"):
        enqueue(hub, actor, over, rate=0.5)
    with pytest.raises(NotFound):
        hub.services.scheduling.enqueue(dataclasses.replace(own.path, sweep_id="none"), {}, actor=actor)
    with pytest.raises(RequestInvalid):
        hub.services.scheduling.enqueue(hub.sweep(SCHEDULED).path, {}, display_name="\ud800", actor=actor)


@pytest.mark.parametrize("by_reaping", [False, True])
def test_no_more_points_than_run_cap_go_out_and_then_the_sweep_is_finished(hub, actor, by_reaping) -> None:
    sweep = hub.sweep(SCHEDULED + "run_cap: 2\n")
    assert hub.services.sweeps.expected_runs(sweep.path) == 2
    one, two = hub.agent(sweep), hub.agent(sweep)
    first, second, beyond = (enqueue(hub, actor, sweep, rate=rate) for rate in (0.5, 0.25, 0.1))
    assert [command.run_id for agent in (one, two) for command in hub.beat(agent)] == [first, second]
    for agent, run_id in ((one, first), (two, second)):
        hub.beat(agent, run_id)
        hub.begin(run_id)
    hub.end(first)
    assert hub.beat(one) == []
    hub.end(second)
    if by_reaping:
        hub.clock.advance(3600)
        assert hub.services.agents.reap().sweeps == (sweep.path,)
    assert [hub.beat(agent) for agent in (one, two)] == [EXIT, EXIT]
    assert hub.services.sweeps.get(sweep.path).state is SweepState.FINISHED
    assert hub.state(beyond) == "killed"


def test_points_say_whether_they_wait(hub, actor) -> None:
    sweep = hub.sweep(SCHEDULED)
    enqueue(hub, actor, sweep, rate=0.5)
    enqueue(hub, actor, sweep, rate=0.25)
    hub.beat(hub.agent(sweep))
    points = hub.services.sweep_overview.points(sweep.path)
    assert [(point.was_handed_out, point.is_out) for point in points] == [(True, True), (False, False)]


def test_the_run_under_which_a_scheduler_logs_is_finished_once_it_falls_silent(hub, actor) -> None:
    sweep = hub.sweep(SCHEDULED)
    own = controller_run(sweep.path).run_id
    for run_id in (own, "another-scheduler"):
        hub.begin(run_id)
    hub.clock.advance(3600)
    hub.services.agents.reap()
    assert hub.state(own) == "finished"
    assert hub.state("another-scheduler") == "crashed"
    hub.begin(own)
    assert hub.state(own) == "running"
