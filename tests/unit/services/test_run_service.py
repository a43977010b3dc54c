from __future__ import annotations

from datetime import timedelta

import pytest

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import RunPath, RunState
from sweepyard.errors import Conflict, NotFound, RequestInvalid
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamUpdate

ALL = RunSelection(entity="lab", project="digits")


def edit(hub, actor, run_id: str = "one", **changes: object):
    return hub.services.runs.upsert(hub.path(run_id), RunChanges(**changes), actor=actor, begins=False)


def lines(hub, run_id: str = "one") -> tuple[str, ...]:
    return hub.services.history.lines(hub.path(run_id))


def test_a_run_begins_running_and_makes_its_project(hub) -> None:
    run = hub.begin(config={"a": {"b": 1}}, group="g")
    assert (run.state, run.creator, run.display_name) == (RunState.RUNNING, "ann", "one")
    assert run.started_at == run.heartbeat_at == run.created_at == hub.clock.now()
    assert hub.services.runs.get(run.path) == run
    assert hub.services.projects.get("lab", "digits").name == "digits"


def test_a_run_made_by_hand_is_pending(hub, actor) -> None:
    outcome = edit(hub, actor, display_name="later")
    assert outcome.inserted
    assert outcome.run.state is RunState.PENDING
    assert not edit(hub, actor).inserted


def test_what_is_null_is_left_alone_and_what_is_empty_is_not(hub, actor) -> None:
    hub.begin(config={"a": 1}, group="g", notes="n", tags=("t",), job_type="j", commit="c", program="p", repo="r")
    hub.clock.advance(1)
    run = edit(hub, actor, notes="", tags=(), summary={"loss": 1.0}).run
    assert (run.notes, run.tags, run.summary) == ("", (), {"loss": 1.0})
    assert (run.config, run.group, run.host, run.job_type) == ({"a": 1}, "g", "h", "j")
    assert (run.commit, run.program, run.repo) == ("c", "p", "r")
    assert run.updated_at - run.created_at == timedelta(seconds=1)
    assert edit(hub, actor, config={"b": 2}).run.config == {"b": 2}


def test_beginning_again_without_resuming_loses_the_old_history(hub) -> None:
    hub.begin()
    hub.log("one", {"loss": 1}, {"loss": 2})
    hub.end("one", 0, loss=2)
    run = hub.begin()
    assert (run.state, run.summary, run.exit_code, run.ended_at) == (RunState.RUNNING, {}, None, None)
    assert lines(hub) == ()


def test_beginning_again_after_asking_how_to_resume_keeps_it(hub) -> None:
    hub.begin()
    hub.log("one", {"loss": 1})
    hub.end("one", 1, loss=1)
    noted = hub.services.runs.note_resume(hub.path("one"))
    assert noted is not None
    assert noted.wandb_config == {"t": {"1": []}}
    hub.clock.advance(120)
    assert hub.begin().summary == {"loss": 1}
    assert len(lines(hub)) == 1
    hub.begin()
    assert lines(hub) == ()


def test_who_knows_the_id_begins_only_after_asking_how_to_resume(hub, actor) -> None:
    path = hub.path("one")
    hub.begin()
    hub.end("one", 1)
    renamed = hub.services.runs.upsert(path, RunChanges(display_name="n"), actor=actor, begins=False, may_resume=True)
    assert renamed.run.state is RunState.FAILED
    hub.services.runs.note_resume(path)
    again = hub.services.runs.upsert(path, RunChanges(), actor=actor, begins=False, may_resume=True)
    assert again.run.state is RunState.RUNNING
    assert [event.kind for event in hub.services.runs.events(path)] == ["started", "failed", "started"]


def test_asking_how_to_resume_counts_for_two_minutes(hub) -> None:
    hub.begin()
    hub.log("one", {"loss": 1})
    hub.services.runs.note_resume(hub.path("one"))
    hub.clock.advance(121)
    hub.begin()
    assert lines(hub) == ()
    assert hub.services.runs.note_resume(hub.path("nobody")) is None


def test_a_run_that_no_sdk_has_begun_loses_nothing(hub, actor) -> None:
    edit(hub, actor, summary={"by": "hand"})
    assert hub.begin().summary == {"by": "hand"}


def test_a_stop_asked_for_before_the_process_began_still_holds(hub, actor) -> None:
    hub.begin()
    hub.services.runs.request_stop(hub.path("one"))
    assert hub.begin().stop_requested
    hub.end("one", 255)
    assert not hub.begin().stop_requested


def test_a_run_joins_a_sweep_that_exists(hub, actor) -> None:
    sweep = hub.sweep("method: grid\nparameters: {a: {values: [1]}}\n")
    assert hub.begin(sweep_id=sweep.path.sweep_id).sweep_id == sweep.path.sweep_id
    assert edit(hub, actor).run.sweep_id == sweep.path.sweep_id
    with pytest.raises(NotFound, match="no sweep lab/digits/nothing"):
        hub.begin("two", sweep_id="nothing")
    assert hub.services.runs.find(hub.path("two")) is None


@pytest.mark.parametrize(
    "path", [RunPath("", "p", "r"), RunPath("e", "../p", "r"), RunPath("e", "p", "a/b"), RunPath("e", "p", "r" * 200)]
)
def test_illegal_names_are_refused(hub, actor, path: RunPath) -> None:
    with pytest.raises(RequestInvalid, match="1 to 128 of"):
        hub.services.runs.upsert(path, RunChanges(), actor=actor, begins=True)


def test_all_texts_that_no_store_keeps_are_refused_at_once(hub, actor) -> None:
    with pytest.raises(RequestInvalid) as refused:
        edit(hub, actor, notes="\0", tags=("ok", "\ud800"))
    assert [violation.where for violation in refused.value.violations] == ["notes", "tags[1]"]
    assert hub.services.runs.find(hub.path("one")) is None


def test_states_by_hand_follow_the_table(hub) -> None:
    hub.begin()
    assert hub.services.runs.set_state(hub.path("one"), RunState.RUNNING).state is RunState.RUNNING
    assert hub.services.runs.set_state(hub.path("one"), RunState.FINISHED).ended_at == hub.clock.now()
    with pytest.raises(Conflict, match="a finished run may become running; asked for failed"):
        hub.services.runs.set_state(hub.path("one"), RunState.FAILED)
    kinds = [event.kind for event in hub.services.runs.events(hub.path("one"))]
    assert kinds == ["started", "finished"]


def test_stopping(hub, actor) -> None:
    hub.begin()
    first = hub.services.runs.request_stop(hub.path("one"))
    hub.clock.advance(5)
    assert hub.services.runs.request_stop(hub.path("one")) == first
    assert first.stop_requested_at == first.created_at
    edit(hub, actor, "waiting")
    assert hub.services.runs.request_stop(hub.path("waiting")).state is RunState.KILLED
    hub.end("one", 0)
    over = hub.services.runs.get(hub.path("one"))
    assert hub.services.runs.request_stop(hub.path("one")) == over
    hub.begin("gone")
    hub.services.streams.receive(hub.path("gone"), StreamUpdate(preempting=True))
    hub.end("gone", 1)
    assert hub.services.runs.request_stop(hub.path("gone")).state is RunState.KILLED


def test_alerts_are_kept_among_the_events(hub) -> None:
    hub.begin()
    hub.services.runs.record_alert(hub.path("one"), title="Loss", text="is up", severity="WARN")
    event = hub.services.runs.events(hub.path("one"))[-1]
    assert (event.kind, event.detail) == ("alert warn", "Loss: is up")
    with pytest.raises(RequestInvalid, match="Unicode"):
        hub.services.runs.record_alert(hub.path("one"), title="\ud800", text="", severity="INFO")
    with pytest.raises(NotFound, match="no run"):
        hub.services.runs.record_alert(hub.path("two"), title="", text="", severity="INFO")


def test_deleting(hub) -> None:
    hub.begin()
    hub.services.files.register(hub.path("one"), ["a"])
    hub.services.runs.delete(hub.path("one"))
    for ask in (
        hub.services.runs.get,
        hub.services.runs.delete,
        hub.services.runs.events,
        hub.services.runs.request_stop,
        hub.services.history.keys,
        hub.services.history.events,
        hub.services.history.console,
        hub.services.streams.tails,
        hub.services.files.list,
    ):
        with pytest.raises(NotFound, match="no run lab/digits/one"):
            ask(hub.path("one"))


@pytest.fixture
def five(hub):
    for number in range(1, 6):
        hub.clock.advance(1)
        state = {"tags": ("even",)} if number % 2 == 0 else {}
        hub.begin(f"run{number}", config={"lr": number / 10}, summary={"loss": float(5 - number)}, **state)
    hub.end("run3", 0, loss=float("nan"))
    return hub


def pages(hub, size: int, **how: object) -> list[list[str]]:
    found, after = [], None
    while True:
        page = hub.services.runs.list(ALL, first=size, after=after, **how)
        found.append([run.path.run_id for run in page.items])
        if not page.has_next:
            return found
        after = page.end_cursor


def test_pages_newest_first(five) -> None:
    assert pages(five, 2) == [["run5", "run4"], ["run3", "run2"], ["run1"]]
    assert pages(five, 5) == [["run5", "run4", "run3", "run2", "run1"]]
    assert pages(five, 2, order="+created_at") == [["run1", "run2"], ["run3", "run4"], ["run5"]]


def test_pages_with_filter_and_order(five) -> None:
    assert pages(five, 2, order="+summary_metrics.loss") == [["run5", "run4"], ["run2", "run1"], ["run3"]]
    assert pages(five, 2, order="-summary_metrics.loss") == [["run1", "run2"], ["run4", "run5"], ["run3"]]
    assert pages(five, 1, filters={"tags": "even"}) == [["run4"], ["run2"]]
    assert pages(five, 9, filters={"$and": [{"state": "finished"}, {"config.lr": {"$lt": 1}}]}) == [["run3"]]


def test_a_page_goes_on_where_it_ended_though_its_last_run_is_gone(five) -> None:
    for how in ({"order": "-created_at"}, {"filters": {"config.lr": {"$gt": 0}}, "order": "-created_at"}):
        page = five.services.runs.list(ALL, first=2, **how)
        five.services.runs.delete(page.items[-1].path)
        following = five.services.runs.list(ALL, first=1, after=page.end_cursor, **how)
        assert following.items[0].created_at < page.items[-1].created_at


def test_totals_and_counts(five) -> None:
    assert five.services.runs.list(ALL, first=1).total == 5
    assert five.services.runs.list(ALL, first=1, filters={"tags": "even"}).total == 2
    assert five.services.runs.list(ALL, first=0).items == ()
    assert five.services.runs.list(ALL, first=0).end_cursor is None
    assert five.services.runs.count(ALL) == 5
    assert five.services.runs.count(ALL, filters={"state": "running"}) == 4
    finished = RunSelection(entity="lab", project="digits", states=frozenset({RunState.FINISHED}))
    assert five.services.runs.count(finished, filters={"state": "running"}) == 0
    assert five.services.runs.count_by_state(ALL) == {RunState.RUNNING: 4, RunState.FINISHED: 1}


@pytest.mark.parametrize("after", ["nonsense", "e30=", "WzEsMl0=", "W1sxXSwieSJd", "é"])
@pytest.mark.parametrize("order", [None, "+config.lr"])
def test_foreign_cursors_are_refused(five, after: str, order: str | None) -> None:
    with pytest.raises(RequestInvalid, match="cursor"):
        five.services.runs.list(ALL, order=order, after=after)


def test_a_cursor_of_another_order_is_refused(five) -> None:
    cursor = five.services.runs.list(ALL, order="+name", first=1).end_cursor
    with pytest.raises(RequestInvalid, match="same order"):
        five.services.runs.list(ALL, after=cursor)
    with pytest.raises(RequestInvalid, match="same order"):
        five.services.runs.list(ALL, order="+name,-state", after=cursor)


def test_a_negative_page_is_refused(five) -> None:
    with pytest.raises(RequestInvalid, match="0 or more"):
        five.services.runs.list(ALL, first=-1)


def test_the_streams_of_a_run_survive_an_update_of_it(hub, actor) -> None:
    hub.begin()
    hub.services.streams.receive(hub.path("one"), StreamUpdate(chunks=(Chunk(Stream.CONSOLE, 0, ("hello",)),)))
    edit(hub, actor, notes="changed")
    assert hub.services.history.console(hub.path("one")).items[0].text == "hello"


def test_what_is_sent_again_takes_nothing_away(hub, actor) -> None:
    hub.begin()
    hub.log("one", {"_step": 0, "a": 1}, {"_step": 1, "a": 2})
    changes = RunChanges(host="h", wandb_config={"t": {"1": []}})
    hub.services.runs.upsert(hub.path("one"), changes, actor=actor, begins=True, sends_again=True)
    hub.log("one", {"_step": 0, "a": 1})
    assert [row.values["a"] for row in hub.services.history.rows(hub.path("one"))] == [1, 2]
    hub.begin()
    assert hub.services.history.rows(hub.path("one")) == ()


def test_a_fork_is_refused_and_leaves_nothing_behind(hub) -> None:
    fork = {"t": {}, "branch_point": {"run_id": "one", "step": 1}}
    with pytest.raises(RequestInvalid, match="does not rewind or fork runs"):
        hub.begin("forked", wandb_config=fork)
    assert hub.services.runs.find(hub.path("forked")) is None
