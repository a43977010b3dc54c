"""What every tracker without a server promises, and what each one does besides."""

from __future__ import annotations

import pytest

from sweepyard.errors import TrackingError
from sweepyard.tracking.memory import CompositeTracker, LoggedRow, MemoryTracker, NoopTracker


@pytest.fixture(params=["noop", "memory", "composite"])
def tracker(request):
    return {
        "noop": lambda: NoopTracker("r"),
        "memory": lambda: MemoryTracker("r"),
        "composite": lambda: CompositeTracker([MemoryTracker("r"), NoopTracker("other")]),
    }[request.param]()


def test_a_new_run(tracker, tmp_path):
    assert tracker.run_id == "r"
    assert tracker.url is None
    assert tracker.last_logged_step == -1
    tracker.configure({"a": 1})
    tracker.log({"x": 1.0}, step=0)
    tracker.summarize({"y": 1})
    tracker.log_model(tmp_path, name="m", aliases=("latest",), metadata={})
    tracker.mark_preempting()
    tracker.finish(0)


def test_steps_must_increase(tracker):
    tracker.log({"x": 1.0}, step=3)
    with pytest.raises(TrackingError, match="steps must increase; received 3 after 3"):
        tracker.log({"x": 1.0}, step=3)


@pytest.mark.parametrize(
    "call",
    [
        lambda tracker: tracker.configure({}),
        lambda tracker: tracker.log({}, step=9),
        lambda tracker: tracker.summarize({}),
        lambda tracker: tracker.log_model(None, name="m", aliases=(), metadata={}),
        lambda tracker: tracker.should_stop(),
        lambda tracker: tracker.mark_preempting(),
        lambda tracker: tracker.finish(),
    ],
)
def test_nothing_comes_after_finish(tracker, call):
    tracker.finish()
    with pytest.raises(TrackingError, match="finished"):
        call(tracker)


def test_memory_keeps_copies(tmp_path):
    tracker = MemoryTracker()
    config, row, summary = {"a": {"b": 1}}, {"x": 1.0}, {"s": [1]}
    tracker.configure(config)
    tracker.configure({"a": {"c": 2}})
    tracker.log(row, step=0)
    tracker.summarize(summary)
    config["a"]["b"], row["x"], summary["s"] = 9, 9.0, []
    assert tracker.config == {"a": {"b": 1, "c": 2}}
    assert tracker.rows == [LoggedRow(0, {"x": 1.0})]
    assert tracker.summary == {"s": [1]}
    assert tracker.series("x") == [1.0]
    assert tracker.series("none") == []


def test_memory_drops_what_the_server_holds():
    tracker = MemoryTracker(last_logged_step=10)
    tracker.log({"x": 1}, step=10)
    tracker.log({"x": 2}, step=11)
    assert [row.step for row in tracker.rows] == [11]


def test_memory_remembers_its_end():
    tracker = MemoryTracker(stop=True)
    assert tracker.should_stop() is True
    tracker.mark_preempting()
    tracker.finish(75)
    assert tracker.preempting
    assert tracker.exit_code == 75


def test_a_composite_hands_on_even_when_one_fails():
    broken, whole = MemoryTracker("first"), MemoryTracker("second")
    composite = CompositeTracker([broken, whole])
    broken.finish()
    with pytest.raises(TrackingError, match="finished"):
        composite.log({"x": 1}, step=0)
    assert whole.series("x") == [1]


def test_a_composite_resumes_where_the_one_behind_is():
    ahead, behind = MemoryTracker(last_logged_step=5), MemoryTracker(last_logged_step=2)
    composite = CompositeTracker([ahead, behind])
    assert composite.last_logged_step == 2
    composite.log({"x": 1}, step=4)
    assert (ahead.series("x"), behind.series("x")) == ([], [1])


@pytest.mark.parametrize(
    ("answers", "expected"),
    [((None, True), True), ((False, True), True), ((None, False), False), ((None, None), None)],
)
def test_a_composite_stops_when_one_says_so(answers, expected):
    assert CompositeTracker([MemoryTracker(stop=answer) for answer in answers]).should_stop() is expected


def test_a_composite_of_nothing():
    with pytest.raises(ValueError, match="at least one"):
        CompositeTracker([])
