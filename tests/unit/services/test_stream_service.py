from __future__ import annotations

import pytest

from sweepyard.domain.history import Chunk, Stream
from sweepyard.errors import NotFound, RequestInvalid
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamUpdate


def send(hub, **parts: object) -> bool:
    return hub.services.streams.receive(hub.path("one"), StreamUpdate(**parts)).stop


def history(offset: int, *lines: str) -> tuple[Chunk, ...]:
    return (Chunk(Stream.HISTORY, offset, lines),)


def test_a_chunk_sent_twice_is_stored_once(hub) -> None:
    hub.begin()
    for _ in range(2):
        assert send(hub, chunks=history(0, '{"a":1}', '{"a":NaN}'), summary={"a": float("inf")}) is False
    assert hub.services.history.lines(hub.path("one")) == ('{"a":1}', '{"a":NaN}')
    tails = hub.services.streams.tails(hub.path("one"))
    assert tails.counts == {Stream.HISTORY: 2, Stream.EVENTS: 0, Stream.CONSOLE: 0}
    assert (tails.last_history, tails.last_event) == ('{"a":NaN}', None)
    assert hub.services.runs.get(hub.path("one")).summary == {"a": float("inf")}


def test_chunks_may_come_out_of_order_and_empty(hub) -> None:
    hub.begin()
    send(hub, chunks=history(2, '{"a":3}'))
    send(hub, chunks=history(0, '{"a":1}', '{"a":2}'))
    send(hub, chunks=history(9))
    assert [row.step for row in hub.services.history.rows(hub.path("one"))] == [0, 1, 2]


def test_an_empty_update_is_a_heartbeat(hub) -> None:
    hub.begin(summary={"kept": 1})
    hub.clock.advance(30)
    send(hub)
    run = hub.services.runs.get(hub.path("one"))
    assert run.heartbeat_at == hub.clock.now()
    assert run.summary == {"kept": 1}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("", "JSON object"),
        ("[1]", "JSON object"),
        ('{"a":', "JSON object"),
        ("[" * 100_000, "nested at most 128 deep"),
        ('{"a":' + "[" * 3_000 + "]" * 3_000 + "}", "nested at most 128 deep"),
        ('{"_step":0,"a":' + "9" * 5_000 + "}", "at most 4,300 digits"),
        ('{"_step":-1}', "whole number"),
        ('{"_step":1.5}', "whole number"),
        ('{"_step":NaN}', "whole number"),
        ('{"_step":1e300}', "whole number"),
        ('{"_step":"1"}', "whole number"),
        ('{"_step":true}', "whole number"),
        ('{"a":"\ud800"}', "Unicode"),
    ],
)
def test_a_malformed_line_refuses_the_whole_update(hub, line: str, rule: str) -> None:
    hub.begin()
    update = {"chunks": history(0, '{"a":1}', line), "summary": {"a": 1}, "complete": True, "exit_code": 0}
    with pytest.raises(RequestInvalid, match=rf"wandb-history.jsonl:1: .*{rule}"):
        send(hub, **update)
    assert hub.services.history.lines(hub.path("one")) == ()
    assert hub.state("one") == "running"
    assert hub.services.runs.get(hub.path("one")).summary == {}


def test_all_violations_are_told_at_once(hub) -> None:
    hub.begin()
    chunks = (*history(-1, "x", '{"_step":"x"}'), Chunk(Stream.EVENTS, 2**60, ("y",)))
    with pytest.raises(RequestInvalid) as refused:
        send(hub, chunks=chunks, complete=True)
    assert len(refused.value.violations) == 6


def test_steps_are_whole_numbers_however_they_are_written(hub) -> None:
    hub.begin()
    send(hub, chunks=history(0, '{"_step":7}', '{"_step":8.0}', "{}"))
    assert [row.step for row in hub.services.history.rows(hub.path("one"))] == [7, 8, 2]


def test_the_console_takes_any_text_and_events_have_no_steps(hub) -> None:
    hub.begin()
    send(hub, chunks=(Chunk(Stream.CONSOLE, 0, ("not { json", "")), Chunk(Stream.EVENTS, 0, ('{"_step":"x"}',))))
    assert [line.text for line in hub.services.history.console(hub.path("one")).items] == ["not { json", ""]
    assert hub.services.history.events(hub.path("one")) == ('{"_step":"x"}',)


@pytest.mark.parametrize(("exit_code", "state"), [(0, "finished"), (1, "failed"), (255, "killed"), (-9, "failed")])
def test_the_exit_code_says_how_a_run_ended(hub, exit_code: int, state: str) -> None:
    hub.begin()
    for _ in range(2):
        send(hub, complete=True, exit_code=exit_code)
    run = hub.services.runs.get(hub.path("one"))
    assert (run.state.value, run.exit_code, run.ended_at) == (state, exit_code, hub.clock.now())
    assert [event.kind for event in hub.services.runs.events(hub.path("one"))] == ["started", state]


def test_a_run_that_was_asked_to_stop_is_killed_whatever_its_exit_code(hub) -> None:
    hub.begin()
    hub.services.runs.request_stop(hub.path("one"))
    assert send(hub) is True
    assert send(hub, complete=True, exit_code=143) is True
    assert hub.state("one") == "killed"


def test_a_run_that_was_asked_to_stop_may_still_finish(hub) -> None:
    hub.begin()
    hub.services.runs.request_stop(hub.path("one"))
    send(hub, complete=True, exit_code=0)
    assert hub.state("one") == "finished"


def test_preempting(hub) -> None:
    hub.begin()
    for _ in range(2):
        send(hub, preempting=True)
        assert hub.state("one") == "preempting"
    send(hub, complete=True, exit_code=1)
    assert hub.state("one") == "preempted"
    hub.begin()
    send(hub, preempting=True, complete=True, exit_code=0)
    assert hub.state("one") == "finished"


def test_a_run_taken_for_crashed_lives_when_it_speaks_and_keeps_its_start(hub) -> None:
    started = hub.begin().started_at
    hub.clock.advance(61)
    assert len(hub.services.agents.reap().runs) == 1
    hub.clock.advance(1)
    send(hub)
    run = hub.services.runs.get(hub.path("one"))
    assert (run.state.value, run.started_at, run.ended_at) == ("running", started, None)


def test_a_pending_run_runs_as_soon_as_it_speaks(hub, actor) -> None:
    for run_id, update in (("one", StreamUpdate()), ("two", StreamUpdate(complete=True, exit_code=3))):
        hub.services.runs.upsert(hub.path(run_id), RunChanges(), actor=actor, begins=False)
        assert hub.state(run_id) == "pending"
        hub.services.streams.receive(hub.path(run_id), update)
    assert (hub.state("one"), hub.state("two")) == ("running", "failed")
    assert hub.services.runs.get(hub.path("two")).started_at == hub.clock.now()
    hub.clock.advance(61)
    hub.services.agents.reap()
    assert hub.state("one") == "crashed"


def test_a_crashed_run_may_report_its_true_end_late(hub) -> None:
    hub.begin()
    hub.clock.advance(61)
    hub.services.agents.reap()
    send(hub, complete=True, exit_code=0)
    assert hub.state("one") == "finished"


def test_the_first_end_stands_where_the_table_knows_no_other(hub) -> None:
    hub.begin()
    send(hub, complete=True, exit_code=0)
    send(hub, chunks=history(0, "{}"), complete=True, exit_code=1)
    assert hub.state("one") == "finished"
    assert len(hub.services.history.lines(hub.path("one"))) == 1


def test_an_unknown_run_is_refused(hub) -> None:
    with pytest.raises(NotFound, match="no run lab/digits/one"):
        send(hub)
