from __future__ import annotations

import pytest

from sweepyard.domain.agent import Command, CommandKind
from sweepyard.domain.sweep import SweepState
from sweepyard.errors import NotFound
from sweepyard.services.agents import Reaped
from sweepyard.services.sweeps import SweepDraft

GRID = """
program: train.py
method: grid
metric: {name: epoch/val_accuracy, goal: maximize}
parameters:
  batch: {values: [16, 32]}
"""
RANDOM = """
method: random
seed: 3
parameters:
  rate: {min: 0.0, max: 1.0}
"""
WAIT: list[Command] = []
EXIT = [Command(CommandKind.EXIT)]


def stop(run_id: str) -> Command:
    return Command(CommandKind.STOP, run_id)


def kinds(commands: list[Command]) -> list[str]:
    return [command.kind.value for command in commands]


def first_run(hub, agent) -> str:
    [command] = hub.beat(agent)
    assert command.kind is CommandKind.RUN
    return command.run_id


def test_a_grid_is_handed_out_point_by_point_until_it_is_over(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    seen = []
    for batch in (16, 32):
        [command] = hub.beat(agent)
        assert command == Command(CommandKind.RUN, command.run_id, "train.py", {"batch": batch})
        seen.append(command.run_id)
        run = hub.services.runs.get(hub.path(command.run_id))
        assert (run.state.value, run.config, run.sweep_id, run.agent_id) == (
            "pending",
            {"batch": batch},
            sweep.path.sweep_id,
            agent.agent_id,
        )
        assert hub.services.sweeps.get(sweep.path).state is SweepState.RUNNING
        assert hub.beat(agent, command.run_id) == WAIT
        hub.begin(command.run_id)
        hub.end(command.run_id)
    assert len(set(seen)) == 2
    assert hub.beat(agent) == EXIT
    assert hub.services.sweeps.get(sweep.path).state is SweepState.FINISHED
    assert hub.services.agents.get(agent.agent_id).left
    assert [event.kind for event in hub.services.runs.events(hub.path(seen[0]))] == [
        "handed out",
        "started",
        "finished",
    ]


def test_agents_that_ask_at_once_get_different_points(hub) -> None:
    sweep = hub.sweep(GRID)
    one, two, three = hub.agent(sweep), hub.agent(sweep), hub.agent(sweep)
    first, second = first_run(hub, one), first_run(hub, two)
    assert first != second
    assert hub.beat(three) == WAIT
    assert {lease.agent_id for lease in hub.services.sweeps.leases(sweep.path)} == {one.agent_id, two.agent_id}
    for agent, run_id in ((one, first), (two, second)):
        hub.beat(agent, run_id)
        hub.begin(run_id)
        hub.end(run_id)
    assert [hub.beat(agent) for agent in (three, one, two)] == [EXIT] * 3


def test_the_same_seed_gives_the_same_suggestions(hub) -> None:
    def parameters() -> list[object]:
        agents = [hub.agent(sweep) for sweep in [hub.sweep(RANDOM)] for _ in range(4)]
        return [hub.beat(agent)[0].parameters for agent in agents]

    first = parameters()
    assert first == parameters()
    assert len({str(one) for one in first}) == 4


def test_an_agent_that_runs_something_gets_nothing_more(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    run_id = first_run(hub, agent)
    for _ in range(3):
        assert hub.beat(agent, run_id) == WAIT
    assert len(hub.services.sweeps.leases(sweep.path)) == 1


def test_a_lost_reply_is_sent_again_a_few_times_and_no_more(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    run_id = first_run(hub, agent)
    assert [command.run_id for _ in range(2) for command in hub.beat(agent)] == [run_id, run_id]
    [command] = hub.beat(agent)
    assert command.run_id != run_id
    assert hub.state(run_id) == "crashed"
    assert "told 3 times" in hub.services.runs.events(hub.path(run_id))[-1].detail


def test_a_run_that_its_agent_has_no_longer_is_crashed(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    [command] = hub.beat(agent)
    assert hub.state(run_id) == "crashed"
    assert command.run_id != run_id
    assert hub.services.runs.get(hub.path(run_id)).ended_at == hub.clock.now()


def test_a_run_that_began_and_vanished_between_two_heartbeats_is_crashed(hub) -> None:
    agent = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, agent)
    hub.begin(run_id)
    assert hub.beat(agent)[0].run_id != run_id
    assert hub.state(run_id) == "crashed"


@pytest.mark.parametrize(("exit_code", "state"), [(1, "failed"), (None, "crashed")])
def test_a_bad_end_goes_out_again_up_to_max_retries(hub, exit_code: int | None, state: str) -> None:
    sweep = hub.sweep(GRID + "max_retries: 1\n")
    agent = hub.agent(sweep)
    run_id = first_run(hub, agent)

    def end_badly() -> None:
        hub.beat(agent, run_id)
        hub.begin(run_id)
        if exit_code is not None:
            hub.end(run_id, exit_code)

    end_badly()
    [again] = hub.beat(agent)
    run = hub.services.runs.get(hub.path(run_id))
    assert (again.kind, again.run_id, again.parameters) == (CommandKind.RUN, run_id, {"batch": 16})
    assert (run.state.value, run.attempt) == ("pending", 2)
    end_badly()
    [other] = hub.beat(agent)
    assert other.run_id != run_id
    assert hub.state(run_id) == state


def test_a_retry_may_go_to_another_agent_and_the_late_one_is_told_to_stop(hub) -> None:
    sweep = hub.sweep(GRID + "max_retries: 1\nrun_cap: 1\n")
    lost, other = hub.agent(sweep), hub.agent(sweep)
    run_id = first_run(hub, lost)
    hub.beat(lost, run_id)
    hub.clock.advance(61)
    assert [path.run_id for path in hub.services.agents.reap().runs] == [run_id]
    assert first_run(hub, other) == run_id
    assert hub.beat(lost, run_id) == [stop(run_id)]
    assert hub.beat(other, run_id) == WAIT
    assert hub.state(run_id) == "pending"


def test_an_agent_that_comes_back_with_a_run_taken_for_crashed_keeps_it(hub) -> None:
    agent = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    hub.begin(run_id)
    hub.clock.advance(61)
    reaped = hub.services.agents.reap()
    assert reaped.agents == (agent.agent_id,)
    assert hub.state(run_id) == "crashed"
    assert hub.services.agents.get(agent.agent_id).left
    assert hub.beat(agent, run_id) == WAIT
    assert hub.state(run_id) == "running"
    assert not hub.services.agents.get(agent.agent_id).left


def test_a_run_whose_agent_is_gone_before_it_began_goes_out_again(hub) -> None:
    sweep = hub.sweep(GRID)
    lost = hub.agent(sweep)
    run_id = first_run(hub, lost)
    hub.beat(lost, run_id)
    hub.clock.advance(61)
    assert hub.services.agents.reap().runs == (hub.path(run_id),)
    assert hub.state(run_id) == "preempted"
    assert "before it began" in hub.services.runs.events(hub.path(run_id))[-1].detail
    other = hub.agent(sweep)
    [command] = hub.beat(other)
    assert (command.kind, command.run_id) == (CommandKind.RUN, run_id)
    assert hub.beat(lost, run_id) == [stop(run_id)]


def test_an_agent_that_comes_back_with_a_run_that_had_not_begun_keeps_it(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    hub.clock.advance(61)
    hub.services.agents.reap()
    assert hub.beat(agent, run_id) == WAIT
    assert hub.state(run_id) == "pending"
    assert hub.beat(hub.agent(sweep))[0].run_id != run_id
    hub.begin(run_id)
    assert hub.state(run_id) == "running"


def test_a_preempted_run_is_resumed_and_that_is_no_retry(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    run_id = first_run(hub, agent)
    for attempt in (2, 3):
        hub.beat(agent, run_id)
        hub.begin(run_id)
        preempt(hub, run_id)
        assert hub.state(run_id) == "preempted"
        [command] = hub.beat(agent)
        assert (command.kind, command.run_id) == (CommandKind.RESUME, run_id)
        assert hub.services.runs.get(hub.path(run_id)).attempt == attempt
    assert hub.beat(agent)[0].kind is CommandKind.RESUME


def test_a_preempting_run_whose_agent_goes_is_preempted(hub) -> None:
    agent = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    hub.begin(run_id)
    hub.services.streams.receive(hub.path(run_id), update(preempting=True))
    assert hub.beat(agent)[0].kind is CommandKind.RESUME


def test_a_run_that_shall_stop_is_left_to_its_client_first(hub) -> None:
    agent = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    hub.begin(run_id)
    hub.services.runs.request_stop(hub.path(run_id))
    assert hub.beat(agent, run_id) == WAIT
    hub.clock.advance(30)
    assert hub.beat(agent, run_id) == [stop(run_id)]
    assert kinds(hub.beat(agent)) == ["run"]
    assert hub.state(run_id) == "killed"


def test_a_run_that_has_not_begun_is_stopped_at_once(hub) -> None:
    agent = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    hub.services.runs.request_stop(hub.path(run_id))
    assert hub.beat(agent, run_id) == [stop(run_id)]


def test_a_run_that_never_began_and_shall_stop_is_killed_not_sent_again(hub) -> None:
    agent = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, agent)
    hub.services.runs.request_stop(hub.path(run_id))
    [command] = hub.beat(agent)
    assert command.run_id != run_id
    assert hub.state(run_id) == "killed"


def test_a_deleted_or_killed_run_is_stopped_and_a_finished_one_left_alone(hub) -> None:
    sweep = hub.sweep(GRID)
    one, two = hub.agent(sweep), hub.agent(sweep)
    first, second = first_run(hub, one), first_run(hub, two)
    hub.beat(one, first)
    hub.begin(first)
    hub.services.runs.delete(hub.path(first))
    assert hub.beat(one, first) == [stop(first)]
    hub.beat(two, second)
    hub.begin(second)
    hub.end(second, 255)
    assert hub.beat(two, second) == [stop(second)]
    assert hub.beat(one, "a run of nobody") == WAIT
    third = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, third)
    hub.beat(third, run_id)
    hub.begin(run_id)
    hub.end(run_id, 0)
    assert hub.beat(third, run_id) == WAIT


def test_a_paused_sweep_waits_and_goes_on(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    hub.services.sweeps.set_state(sweep.path, SweepState.PAUSED)
    assert hub.beat(agent) == WAIT
    hub.services.sweeps.set_state(sweep.path, SweepState.RUNNING)
    run_id = first_run(hub, agent)
    hub.services.sweeps.set_state(sweep.path, SweepState.PAUSED)
    for _ in range(5):
        assert hub.beat(agent) == WAIT
    assert hub.state(run_id) == "pending"
    hub.services.sweeps.set_state(sweep.path, SweepState.RUNNING)
    assert first_run(hub, agent) == run_id


def test_a_finished_sweep_lets_runs_end_and_sends_agents_home(hub) -> None:
    sweep = hub.sweep(GRID)
    busy, idle, lost = hub.agent(sweep), hub.agent(sweep), hub.agent(sweep)
    running, never_begun = first_run(hub, busy), first_run(hub, lost)
    hub.beat(busy, running)
    hub.services.sweeps.set_state(sweep.path, SweepState.FINISHED)
    assert hub.beat(idle) == EXIT
    assert hub.beat(busy, running) == WAIT
    assert hub.beat(lost) == EXIT
    assert hub.state(never_begun) == "killed"


def test_a_canceled_sweep_stops_its_runs_then_sends_agents_home(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    hub.begin(run_id)
    hub.services.sweeps.set_state(sweep.path, SweepState.CANCELED)
    assert hub.beat(agent, run_id) == [stop(run_id)]
    assert hub.beat(agent) == EXIT
    assert hub.state(run_id) == "killed"


def test_run_cap_ends_a_random_sweep(hub) -> None:
    sweep = hub.sweep(RANDOM + "run_cap: 1\n")
    agent = hub.agent(sweep)
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    hub.begin(run_id)
    hub.end(run_id)
    assert hub.beat(agent) == EXIT
    assert hub.services.sweeps.expected_runs(sweep.path) == 1


def test_a_target_that_was_reached_once_ends_the_sweep(hub) -> None:
    sweep = hub.sweep(GRID.replace("goal: maximize", "goal: maximize, target: 0.9"))
    agent = hub.agent(sweep)
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    hub.begin(run_id)
    hub.log(run_id, {"epoch/val_accuracy": 0.95}, {"epoch/val_accuracy": float("nan")}, {"other": 1})
    hub.end(run_id)
    assert hub.beat(agent) == EXIT


def test_prior_runs_count_as_points(hub, actor) -> None:
    hub.begin("prior", config={"batch": 16.0, "more": 1})
    hub.begin("unrelated", config={"batch": 32})
    filters = {"$or": [{"name": "prior"}, {"name": "nope"}]}
    draft = SweepDraft(config_yaml=GRID, prior_runs_filters=filters)
    sweep = hub.services.sweeps.create("lab", "digits", draft, actor=actor)
    assert [warning for warning in sweep.warnings if "prior" in warning] == [
        "prior runs: lab/digits has no run 'nope', so nothing is learnt from it. Name runs by their ids"
    ]
    [command] = hub.beat(hub.agent(sweep))
    assert command.parameters == {"batch": 32}


def test_a_run_that_overwrites_its_swept_key_does_not_make_the_grid_loop(hub) -> None:
    agent = hub.agent(hub.sweep(GRID))
    batches = []
    for _ in range(2):
        [command] = hub.beat(agent)
        batches.append(command.parameters["batch"])
        hub.beat(agent, command.run_id)
        hub.begin(command.run_id, config={"batch": 999})
        hub.end(command.run_id)
    assert batches == [16, 32]
    assert hub.beat(agent) == EXIT


def test_silence_of_a_hub_that_was_down_is_nobodys_fault(hub) -> None:
    agent = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    hub.clock.advance(3600)
    restarted = hub.rebuilt()
    assert restarted.agents.reap().runs == ()
    hub.clock.advance(61)
    assert [path.run_id for path in restarted.agents.reap().runs] == [run_id]


def test_a_heartbeat_keeps_a_run_alive_that_streams_nothing(hub) -> None:
    agent = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, agent)
    for _ in range(5):
        hub.clock.advance(40)
        assert hub.beat(agent, run_id) == WAIT
        assert hub.services.agents.reap().runs == ()
    hub.begin("by hand")
    hub.clock.advance(40)
    hub.beat(agent, run_id)
    hub.clock.advance(40)
    assert [path.run_id for path in hub.services.agents.reap().runs] == ["by hand"]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_wall_clock_that_is_set_kills_nobody_and_keeps_nobody_alive(hub, hours: int) -> None:
    agent = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, agent)
    hub.beat(agent, run_id)
    handed_out = first_run(hub, hub.agent(hub.sweep(GRID)))
    assert hub.services.agents.reap().runs == ()
    hub.clock.jump(3600 * hours)
    assert hub.services.agents.reap() == Reaped((), (), ())
    hub.clock.advance(50)
    assert hub.beat(agent, run_id) == WAIT
    hub.clock.advance(11)
    assert [path.run_id for path in hub.services.agents.reap().runs] == [handed_out]
    hub.clock.advance(50)
    reaped = hub.services.agents.reap()
    assert [path.run_id for path in reaped.runs] == [run_id]
    assert agent.agent_id in reaped.agents


def test_who_could_not_be_heard_is_not_taken_for_dead(hub) -> None:
    agent = hub.agent(hub.sweep(GRID))
    run_id = first_run(hub, agent)
    hub.clock.advance(100)
    hub.services.agents.pardon()
    hub.clock.advance(59)
    assert hub.services.agents.reap().runs == ()
    hub.clock.advance(2)
    assert [path.run_id for path in hub.services.agents.reap().runs] == [run_id]


def test_reaping_finishes_a_sweep_whose_agents_all_left(hub) -> None:
    sweep = hub.sweep(GRID + "run_cap: 1\n")
    waiting = hub.sweep(GRID)
    unfinished = hub.sweep(GRID)
    for one in (sweep, unfinished):
        agent = hub.agent(one)
        run_id = first_run(hub, agent)
        hub.beat(agent, run_id)
        hub.begin(run_id)
        hub.end(run_id)
    hub.clock.advance(61)
    assert hub.services.agents.reap().sweeps == (sweep.path,)
    assert hub.services.agents.reap().sweeps == ()
    assert hub.services.sweeps.get(waiting.path).state is SweepState.PENDING
    assert hub.services.sweeps.get(unfinished.path).state is SweepState.RUNNING


def test_a_sweep_with_a_live_run_is_not_finished_by_reaping(hub) -> None:
    sweep = hub.sweep(GRID + "run_cap: 1\n")
    agent = hub.agent(sweep)
    run_id = first_run(hub, agent)
    hub.clock.advance(50)
    hub.beat(agent, run_id)
    hub.clock.advance(20)
    assert hub.services.agents.reap().sweeps == ()
    idle = hub.agent(sweep)
    assert hub.beat(idle) == WAIT


def test_a_deserted_hub_gives_up_what_was_heard_of_a_moment_ago(hub) -> None:
    sweep = hub.sweep(GRID)
    agent = hub.agent(sweep)
    begun = first_run(hub, agent)
    hub.beat(agent, begun)
    hub.begin(begun)
    waiting = first_run(hub, hub.agent(sweep))
    hub.begin("by hand")
    given_up = hub.services.agents.abandon()
    assert {path.run_id for path in given_up.runs} == {begun, waiting, "by hand"}
    assert hub.state(begun) == "crashed"
    assert hub.state("by hand") == "crashed"
    assert hub.state(waiting) == "preempted", "it had not begun: its point goes out again"
    assert hub.services.agents.abandon().runs == ()


def test_unknown_agents_and_sweeps(hub) -> None:
    sweep = hub.sweep(GRID)
    with pytest.raises(NotFound, match="no agent 'nobody'"):
        hub.services.agents.heartbeat("nobody", [])
    with pytest.raises(NotFound, match="no agent"):
        hub.services.agents.get("nobody")
    with pytest.raises(NotFound, match="no sweep lab/digits/nothing"):
        hub.services.agents.create(type(sweep.path)("lab", "digits", "nothing"), host="h")
    agent = hub.agent(sweep)
    assert hub.services.agents.of_sweep(sweep.path) == (agent,)


def preempt(hub, run_id: str) -> None:
    hub.services.streams.receive(hub.path(run_id), update(preempting=True))
    hub.end(run_id, 1)


def update(**parts):
    from sweepyard.services.streams import StreamUpdate

    return StreamUpdate(**parts)
