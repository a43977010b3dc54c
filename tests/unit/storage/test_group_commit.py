from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sweepyard.storage.group_commit import GroupCommit, TransactionLost


class Recorder:
    """A unit that notes what happens, and holds its commits back while `gate` is closed."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.fails_to_commit = False
        self.loses = ""

    @contextmanager
    def opening(self) -> Iterator[list[str]]:
        self.seen.append("begin")
        yield self.seen
        self.entered.set()
        assert self.gate.wait(20)
        if self.fails_to_commit:
            self.seen.append("rolled back")
            raise OSError("disk full")
        self.seen.append("commit")

    @contextmanager
    def apart(self, unit: list[str]) -> Iterator[None]:
        try:
            yield
        except ZeroDivisionError:
            unit.append("undone")
            raise
        if unit[-1] == self.loses:
            raise TransactionLost("gone")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def group(recorder: Recorder) -> Iterator[GroupCommit[list[str]]]:
    group = GroupCommit(recorder.opening, recorder.apart)
    yield group
    recorder.gate.set()
    group.close()


def fail(_: list[str]) -> None:
    raise ZeroDivisionError


def test_nothing_is_acknowledged_before_it_is_committed(recorder: Recorder, group: GroupCommit[list[str]]) -> None:
    first = group.submit(lambda unit: unit.append("a"))
    assert recorder.entered.wait(20)
    assert not first.done()
    recorder.gate.set()
    assert first.result(20) is None
    assert recorder.seen == ["begin", "a", "commit"]


def test_what_comes_during_a_commit_shares_the_next(recorder: Recorder, group: GroupCommit[list[str]]) -> None:
    first = group.submit(lambda unit: unit.append("a"))
    assert recorder.entered.wait(20)
    rest = [group.submit(lambda unit, name=name: unit.append(name)) for name in "bcd"]
    recorder.gate.set()
    for future in [first, *rest]:
        future.result(20)
    assert recorder.seen == ["begin", "a", "commit", "begin", "b", "c", "d", "commit"]


def test_a_work_that_fails_takes_nobody_along(recorder: Recorder, group: GroupCommit[list[str]]) -> None:
    first = group.submit(lambda unit: unit.append("a"))
    assert recorder.entered.wait(20)
    before = group.submit(lambda unit: unit.append("b"))
    failing = group.submit(fail)
    after = group.submit(lambda unit: unit.append("c"))
    recorder.gate.set()
    with pytest.raises(ZeroDivisionError):
        failing.result(20)
    for future in (first, before, after):
        assert future.result(20) is None
    assert recorder.seen == ["begin", "a", "commit", "begin", "b", "begin", "b", "undone", "c", "commit"]


def test_a_work_that_fails_alone_is_done_once(recorder: Recorder, group: GroupCommit[list[str]]) -> None:
    recorder.gate.set()
    with pytest.raises(ZeroDivisionError):
        group.submit(fail).result(20)
    assert recorder.seen == ["begin"]


@pytest.mark.parametrize("how", ["the commit fails", "the transaction is lost"])
def test_where_the_group_fails_nobody_is_told_otherwise(
    recorder: Recorder, group: GroupCommit[list[str]], how: str
) -> None:
    first = group.submit(lambda unit: unit.append("a"))
    assert recorder.entered.wait(20)
    together = [group.submit(lambda unit, name=name: unit.append(name)) for name in "bcd"]
    if how == "the commit fails":
        recorder.fails_to_commit = True
    else:
        recorder.loses = "c"
        together.append(group.submit(fail))  # so that the others are done apart from each other
    recorder.gate.set()
    for future in together:
        with pytest.raises((OSError, TransactionLost)):
            future.result(20)
    assert first.done()
    recorder.fails_to_commit = False
    assert group.submit(lambda unit: "goes on").result(20) == "goes on"


def test_a_cancelled_work_is_not_done(recorder: Recorder, group: GroupCommit[list[str]]) -> None:
    first = group.submit(lambda unit: unit.append("a"))
    assert recorder.entered.wait(20)
    second = group.submit(lambda unit: unit.append("b"))
    assert second.cancel()
    third = group.submit(lambda unit: unit.append("c"))
    recorder.gate.set()
    third.result(20)
    assert first.done()
    assert "b" not in recorder.seen


def test_closing_waits_for_what_was_submitted_and_takes_no_more(recorder: Recorder) -> None:
    group = GroupCommit(recorder.opening, recorder.apart)
    recorder.gate.set()
    futures = [group.submit(lambda unit: unit.append("x")) for _ in range(600)]
    group.close()
    group.close()
    assert all(future.done() for future in futures)
    with pytest.raises(RuntimeError, match="closed"):
        group.submit(fail)


def test_closing_what_never_worked() -> None:
    recorder = Recorder()
    GroupCommit(recorder.opening, recorder.apart).close()
    assert recorder.seen == []
