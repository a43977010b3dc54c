"""Bad hosts are put aside, and processes whose run went to somebody else are turned away."""

from __future__ import annotations

import pytest

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.agent import Command, CommandKind
from sweepyard.domain.history import Chunk, Stream
from sweepyard.errors import Conflict, NotFound
from sweepyard.jsonvalue import dumps
from sweepyard.services.hosts import HostStanding
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamUpdate

SWEEP = """
method: grid
max_host_failures: 3
max_retries: 9
parameters: {x: {min: 1, max: 20}}
"""
EXIT = [Command(CommandKind.EXIT)]
ACTOR = Actor("lab", "ann", Role.WRITE)


def one_run(hub, agent, exit_code: int | None = 0) -> str:
    """The agent's next run, to its end; without an exit code it vanishes."""
    [command] = hub.beat(agent)
    assert command.kind is CommandKind.RUN
    hub.beat(agent, command.run_id)
    hub.begin(command.run_id, host=agent.host)
    if exit_code is not None:
        hub.end(command.run_id, exit_code)
    return command.run_id


@pytest.mark.parametrize("exit_code", [1, None])
def test_a_host_that_fails_in_a_row_is_put_aside_and_its_points_go_to_others(hub, exit_code: int | None) -> None:
    sweep = hub.sweep(SWEEP)
    bad, good = hub.agent(sweep, "bad"), hub.agent(sweep, "good")
    for _ in range(3):
        one_run(hub, bad, exit_code)
    assert hub.beat(bad) == EXIT
    assert hub.beat(bad) == EXIT
    stored = hub.services.agents.get(bad.agent_id)
    assert (stored.put_aside, stored.left) == (True, True)
    assert hub.services.agents.hosts(sweep.path) == (
        HostStanding("bad", 3, True, 0),
        HostStanding("good", 0, False, 1),
    )
    again = one_run(hub, good)
    assert hub.services.runs.get(hub.path(again)).attempt == 4
    assert hub.services.sweeps.get(sweep.path).state.value == "RUNNING"


def test_what_finishes_breaks_the_row(hub) -> None:
    sweep = hub.sweep(SWEEP)
    agent = hub.agent(sweep)
    for exit_code in (1, 1, 0, 1, 1, 0):
        one_run(hub, agent, exit_code)
    assert hub.services.agents.hosts(sweep.path) == (HostStanding("h", 0, False, 1),)


def test_stopped_and_preempted_runs_are_nobodys_failure(hub) -> None:
    sweep = hub.sweep(SWEEP)
    agent = hub.agent(sweep)
    for _ in range(4):
        one_run(hub, agent, 255)
    assert hub.services.agents.hosts(sweep.path)[0].failures == 0


def test_failures_of_all_agents_of_a_host_count_together(hub) -> None:
    sweep = hub.sweep(SWEEP)
    one, two, fine = hub.agent(sweep, "bad"), hub.agent(sweep, "bad"), hub.agent(sweep, "bad")
    for agent in (one, two, one):
        one_run(hub, agent, 1)
    assert hub.beat(one) == hub.beat(two) == EXIT
    # It has failed nothing yet, and so it may show whether the host is well again.
    one_run(hub, fine)
    assert hub.services.agents.hosts(sweep.path) == (HostStanding("bad", 0, False, 1),)
    one_run(hub, one)


def test_an_agent_started_later_gets_one_run(hub) -> None:
    sweep = hub.sweep(SWEEP)
    bad = hub.agent(sweep, "bad")
    for _ in range(3):
        one_run(hub, bad, 1)
    later = hub.agent(sweep, "bad")
    one_run(hub, later, 1)
    assert hub.beat(later) == EXIT


def test_without_a_number_in_the_file_five_failures_are_too_many(hub) -> None:
    sweep = hub.sweep(SWEEP.replace("max_host_failures: 3\n", ""))
    agent = hub.agent(sweep)
    for _ in range(5):
        one_run(hub, agent, 1)
    assert hub.beat(agent) == EXIT


def test_a_host_that_somebody_readmits_gets_runs_again(hub) -> None:
    sweep = hub.sweep(SWEEP)
    one, two = hub.agent(sweep, "bad"), hub.agent(sweep, "bad")
    for agent in (one, two, one):
        one_run(hub, agent, 1)
    assert hub.beat(one) == EXIT
    assert hub.services.agents.readmit(sweep.path, "bad") == HostStanding("bad", 0, False, 1)
    for agent in (two, one):
        one_run(hub, agent, 1)
    assert hub.services.agents.hosts(sweep.path) == (HostStanding("bad", 2, False, 2),)
    for path, said in (
        (sweep.path, "'nowhere' .hosts: bad."),
        (type(sweep.path)("lab", "digits", "nothing"), "there is no sweep"),
    ):
        with pytest.raises(NotFound, match=said):
            hub.services.agents.readmit(path, "nowhere")


def test_hosts_of_no_sweep(hub) -> None:
    sweep = hub.sweep(SWEEP)
    with pytest.raises(NotFound):
        hub.services.agents.hosts(type(sweep.path)("lab", "digits", "nothing"))
    assert hub.services.agents.hosts(sweep.path) == ()


def taken_over(hub, *, lines: int, tokens: tuple[str, str] = ("", ""), **changes: object) -> tuple[str, object]:
    """A run whose agent fell silent after some lines, and that another agent has been given."""
    sweep = hub.sweep(SWEEP)
    lost = hub.services.agents.create(sweep.path, host="far", token=tokens[0])
    [command] = hub.beat(lost)
    hub.beat(lost, command.run_id)
    hub.begin(command.run_id, host="far", **changes)
    hub.log(command.run_id, *[{"step": place} for place in range(lines)])
    hub.clock.advance(61)
    hub.services.agents.reap()
    other = hub.services.agents.create(sweep.path, host="near", token=tokens[1])
    assert hub.beat(other)[0].run_id == command.run_id
    hub.beat(other, command.run_id)
    return command.run_id, other


def send(hub, run_id: str, offset: int, count: int = 1, token: str = "", **more: object) -> bool:
    lines = tuple(dumps({"late": offset + place}) for place in range(count))
    chunks = (Chunk(Stream.HISTORY, offset, lines),) if count else ()
    update = StreamUpdate(chunks=chunks, agent_token=token, **more)
    return hub.services.streams.receive(hub.path(run_id), update).stop


def history(hub, run_id: str) -> list[object]:
    return [row.values for row in hub.services.history.rows(hub.path(run_id))]


def test_before_the_new_attempt_has_begun_whoever_streams_is_late(hub) -> None:
    run_id, _ = taken_over(hub, lines=2)
    assert send(hub, run_id, 2)
    assert send(hub, run_id, 3, 0)
    assert len(history(hub, run_id)) == 2
    assert hub.state(run_id) == "pending"
    kinds = [event.kind for event in hub.services.runs.events(hub.path(run_id))]
    assert kinds.count("late process") == 1


def test_lines_behind_a_gap_are_a_late_processs(hub) -> None:
    run_id, _ = taken_over(hub, lines=5)
    hub.begin(run_id, host="near")
    assert not send(hub, run_id, 0)
    assert send(hub, run_id, 5)
    assert not send(hub, run_id, 1)
    assert history(hub, run_id) == [{"late": 0}, {"late": 1}]


def test_a_late_process_that_was_told_to_stop_does_not_end_the_run_of_another(hub) -> None:
    run_id, _ = taken_over(hub, lines=5)
    hub.begin(run_id, host="near")
    assert send(hub, run_id, 5)
    assert send(hub, run_id, 0, 0, complete=True, exit_code=255)
    assert hub.state(run_id) == "running"
    assert not send(hub, run_id, 0, 1, complete=True, exit_code=0)
    assert hub.state(run_id) == "finished"


def test_a_known_late_process_that_ends_with_a_summary_ahead_of_the_lines_does_not_end_the_run(hub) -> None:
    run_id, _ = taken_over(hub, lines=5)
    hub.begin(run_id, host="near")
    assert not send(hub, run_id, 0)
    assert not send(hub, run_id, 0, 0, summary={"_step": 4, "by": "whoever"})
    assert send(hub, run_id, 5)
    assert send(hub, run_id, 0, 0, summary={"_step": 5}, complete=True, exit_code=0)
    assert not send(hub, run_id, 1, 1, summary={"_step": 1})
    assert not send(hub, run_id, 0, 0, summary={"_step": 1, "by": "new"}, complete=True, exit_code=0)
    assert hub.services.runs.get(hub.path(run_id)).summary == {"_step": 1, "by": "new"}
    assert hub.state(run_id) == "finished"


def test_an_interrupt_of_the_run_itself_ends_it(hub) -> None:
    run_id, _ = taken_over(hub, lines=0)
    hub.begin(run_id, host="near")
    send(hub, run_id, 0, 1, complete=True, exit_code=255)
    assert hub.state(run_id) == "killed"


def test_with_tokens_every_request_says_whose_it_is(hub) -> None:
    run_id, _ = taken_over(hub, lines=0, tokens=("old", "new"))
    hub.begin(run_id, host="near")
    assert not send(hub, run_id, 0, token="new")
    assert send(hub, run_id, 1, token="old")
    assert send(hub, run_id, 0, 0, token="old", complete=True, exit_code=1)
    assert not send(hub, run_id, 9, token="new")
    assert hub.state(run_id) == "running"
    assert history(hub, run_id) == [{"late": 0}, {"late": 9}]


def change(hub, run_id: str, *, token: str | None = "", begins: bool = False, **changes: object) -> str:
    """What the run is called after a process (or with the token None a person) has renamed it."""
    asked = RunChanges(display_name="by the late one", **changes)
    run = hub.services.runs.upsert(
        hub.path(run_id), asked, actor=ACTOR, begins=begins, agent_token=token, sends_again=begins
    ).run
    assert run == hub.services.runs.get(hub.path(run_id))
    return run.display_name


def machines(*writers: str) -> dict[str, object]:
    return {"t": {"1": []}, "e": {writer: {"os": "Linux"} for writer in writers}}


LATE = "by the late one"


def test_before_the_new_attempt_has_begun_changes_are_a_late_processs(hub) -> None:
    run_id, _ = taken_over(hub, lines=0)
    assert change(hub, run_id) == run_id
    assert change(hub, run_id, token=None) == LATE


def test_with_tokens_every_change_says_whose_it_is(hub) -> None:
    run_id, _ = taken_over(hub, lines=0, tokens=("old", "new"))
    with pytest.raises(Conflict, match=r"was given to another agent meanwhile; .* before 2"):
        change(hub, run_id, token="old", begins=True, host="far")
    assert hub.state(run_id) == "pending"
    hub.begin(run_id, host="near")
    assert change(hub, run_id, token="old") == run_id
    assert change(hub, run_id, token="new") == LATE


def test_the_right_token_lets_a_run_begin_that_says_nothing_else(hub) -> None:
    run_id, _ = taken_over(hub, lines=0, tokens=("old", "new"))
    assert not send(hub, run_id, 0, token="new")
    assert hub.state(run_id) == "running"


def test_another_host_than_where_the_run_began_is_a_late_processs(hub) -> None:
    run_id, _ = taken_over(hub, lines=0)
    hub.begin(run_id, host="near")
    assert change(hub, run_id, host="far") == run_id
    with pytest.raises(Conflict):
        change(hub, run_id, host="far", begins=True)
    assert change(hub, run_id, host="near") == LATE


def test_a_process_is_known_by_the_machine_that_it_described(hub) -> None:
    run_id, _ = taken_over(hub, lines=0, wandb_config=machines("first"))
    hub.begin(run_id)
    for writers, name in ((["second"], LATE), (["first"], "new"), (["first", "second"], LATE), ([], LATE)):
        hub.services.runs.upsert(hub.path(run_id), RunChanges(display_name="new"), actor=ACTOR, begins=False)
        assert change(hub, run_id, wandb_config=machines(*writers)) == name
    stored = hub.services.runs.get(hub.path(run_id)).wandb_config
    assert list(stored["e"]) == ["first", "second"]


@pytest.mark.parametrize("described", [{"e": None}, {"e": []}, {}])
def test_what_describes_no_machine_is_nobodys(hub, described: dict[str, object]) -> None:
    run_id, _ = taken_over(hub, lines=0, wandb_config=machines("first"))
    hub.begin(run_id)
    assert change(hub, run_id, wandb_config=described) == LATE


def test_first_attempts_and_runs_of_no_sweep_are_never_late(hub) -> None:
    hub.begin("alone")
    assert not send(hub, "alone", 7)
    sweep = hub.sweep(SWEEP)
    agent = hub.services.agents.create(sweep.path, host="h", token="mine")
    [command] = hub.beat(agent)
    hub.begin(command.run_id)
    assert not send(hub, command.run_id, 7, token="another")
