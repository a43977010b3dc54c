"""The sealer: what is full or quiet is packed beside the requests, and nothing else changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.storage import stream_tails
from sweepyard.storage.stream_tails import Growth, StreamTails
from sweepyard.storage.unit_of_work import SqlDatabase, open_database

PATH = RunPath("lab", "digits", "one")
KEY = (1, Stream.HISTORY)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqlDatabase]:
    opened = open_database(tmp_path)
    with opened.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.runs.add(Run(path=PATH, state=RunState.RUNNING, created_at=START, updated_at=START))
    yield opened
    opened.close()


def write(database: SqlDatabase, offset: int, count: int) -> None:
    lines = tuple(f'{{"a":{number}}}' for number in range(offset, offset + count))
    chunk = Chunk(Stream.HISTORY, offset, lines)
    database.write_soon(lambda unit: unit.streams.write(PATH, chunk, range(offset, offset + count))).result(20)


def tail_of(database: SqlDatabase) -> int:
    with database.reading() as unit:
        return sum(grown.lines for grown in unit.streams.unsealed())


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_full_tail_is_sealed_and_a_short_one_is_not(database: SqlDatabase) -> None:
    write(database, 0, 400)
    write(database, 400, 700)
    wait_for(lambda: tail_of(database) == 0)
    write(database, 1100, 10)
    assert tail_of(database) == 10
    with database.reading() as unit:
        assert [number for number, _ in unit.streams.lines(PATH, Stream.HISTORY)] == list(range(1110))


def test_many_small_chunks_are_sealed_too(database: SqlDatabase) -> None:
    for offset in range(stream_tails.MOST_CHUNKS):
        write(database, offset, 1)
    wait_for(lambda: tail_of(database) < stream_tails.MOST_CHUNKS)


def test_a_quiet_tail_is_sealed(database: SqlDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_tails, "QUIET_SECONDS", -1.0)
    write(database, 0, 5)
    wait_for(lambda: tail_of(database) == 0)


def test_what_an_earlier_process_left_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_database(tmp_path)
    with database.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.runs.add(Run(path=PATH, state=RunState.RUNNING, created_at=START, updated_at=START))
        lines = tuple(f'{{"a":{number}}}' for number in range(1500))
        unit.streams.write(PATH, Chunk(Stream.HISTORY, 0, lines), range(1500))
    database.close()
    again = open_database(tmp_path)
    again.write_soon(lambda unit: unit.access.secret("anything")).result(20)
    wait_for(lambda: tail_of(again) == 0)
    again.close()


def test_one_failure_does_not_end_the_sealing(
    database: SqlDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = database._sealer.seal
    calls = []

    def fail_once(key: tuple[int, Stream]) -> bool:
        calls.append(key)
        if len(calls) == 1:
            raise OSError("disk full")
        return real(key)

    monkeypatch.setattr(database._sealer, "seal", fail_once)
    write(database, 0, 1000)
    wait_for(lambda: bool(calls))
    write(database, 1000, 1000)
    wait_for(lambda: tail_of(database) == 0)
    assert "packing the lines of a stream failed" in caplog.text


def test_sealing_what_has_no_tail_does_nothing(database: SqlDatabase) -> None:
    assert database._sealer.seal(KEY) is False


def test_tails_that_have_gone_quiet_are_due_one_after_the_other_without_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    tails = StreamTails()
    keys = [(number, Stream.HISTORY) for number in range(50)]
    tails.grew([Growth(key, 1) for key in keys])
    monkeypatch.setattr(stream_tails, "QUIET_SECONDS", -1.0)
    began = time.monotonic()
    assert [tails.next_due(5) for _ in keys] == keys
    assert time.monotonic() - began < 5
    assert tails.next_due(0) is None


def test_what_an_earlier_process_left_is_sealed_where_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = open_database(tmp_path)
    with left.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.runs.add(Run(path=PATH, state=RunState.RUNNING, created_at=START, updated_at=START))
    write(left, 0, 10)
    left.close()
    monkeypatch.setattr(stream_tails, "QUIET_SECONDS", -1.0)
    serving = open_database(tmp_path)
    serving.keep_sealed()
    wait_for(lambda: tail_of(serving) == 0)
    serving.close()


def test_tails_are_due_when_full_once() -> None:
    tails = StreamTails()
    assert tails.next_due(0) is None
    tails.grew([Growth(KEY, 999, 10)])
    assert tails.next_due(0) is None
    tails.grew([Growth(KEY, 1, 10)])
    tails.grew([Growth(KEY, 1, 10)])
    assert tails.next_due(0) == KEY
    assert tails.next_due(0) is None
    tails.grew([Growth(KEY, 1, stream_tails.BLOCK_BYTES)])
    assert tails.next_due(0) == KEY
