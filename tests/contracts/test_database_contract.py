"""What every database promises whatever is in it: all or nothing, snapshots, one writer at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.fakes.deterministic import START

from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.storage.unit_of_work import open_database


def test_a_unit_that_ends_well_is_kept(database: Database) -> None:
    with database.writing() as unit:
        unit.access.set_secret("a", "1")
        assert unit.access.secret("a") == "1"
    with database.reading() as unit:
        assert unit.access.secret("a") == "1"


def test_of_a_unit_that_fails_nothing_is_kept(database: Database) -> None:
    def fail() -> None:
        with database.writing() as unit:
            unit.access.set_secret("a", "1")
            unit.projects.ensure("e", "p", START)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as unit:
        assert unit.access.secret("a") is None
        assert unit.projects.get("e", "p") is None


def test_a_reading_unit_does_not_write(database: Database) -> None:
    with pytest.raises(Exception, match=r"asked to write|read-?only"), database.reading() as unit:
        unit.access.set_secret("a", "1")
    with database.reading() as unit:
        assert unit.access.secret("a") is None


def test_a_reader_sees_one_snapshot(database: Database) -> None:
    with database.writing() as unit:
        unit.access.set_secret("a", "before")
    with database.reading() as reading:
        assert reading.access.secret("a") == "before"
        writer = threading.Thread(target=lambda: _set(database, "a", "after"))
        writer.start()
        writer.join(20)
        assert not writer.is_alive()
        assert reading.access.secret("a") == "before"
    with database.reading() as reading:
        assert reading.access.secret("a") == "after"


def test_writers_take_turns(database: Database) -> None:
    _set(database, "count", "0")

    def count_up() -> None:
        for _ in range(25):
            with database.writing() as unit:
                unit.access.set_secret("count", str(int(unit.access.secret("count") or 0) + 1))

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.reading() as unit:
        assert unit.access.secret("count") == "200"


def _set(database: Database, name: str, value: str) -> None:
    with database.writing() as unit:
        unit.access.set_secret(name, value)


def test_works_that_are_written_soon_are_done_in_order_and_kept(database: Database) -> None:
    def append(letter: str) -> Callable[[UnitOfWork], str]:
        def work(unit: UnitOfWork) -> str:
            unit.access.set_secret("letters", (unit.access.secret("letters") or "") + letter)
            return letter

        return work

    futures = [database.write_soon(append(letter)) for letter in "abcdefgh"]
    assert [future.result(20) for future in futures] == list("abcdefgh")
    with database.reading() as unit:
        assert unit.access.secret("letters") == "abcdefgh"


def test_a_work_that_fails_is_undone_alone(database: Database) -> None:
    def fail(unit: UnitOfWork) -> None:
        unit.access.set_secret("failed", "1")
        unit.projects.ensure("e", "p", START)
        raise ZeroDivisionError

    before = database.write_soon(lambda unit: unit.access.set_secret("before", "1"))
    failed = database.write_soon(fail)
    after = database.write_soon(lambda unit: unit.access.set_secret("after", "1"))
    with pytest.raises(ZeroDivisionError):
        failed.result(20)
    assert before.result(20) is after.result(20) is None
    with database.reading() as unit:
        assert [unit.access.secret(name) for name in ("before", "failed", "after")] == ["1", None, "1"]
        assert unit.projects.get("e", "p") is None


def test_what_is_written_soon_takes_turns_with_writers(database: Database) -> None:
    _set(database, "count", "0")

    def count_up(unit: UnitOfWork) -> None:
        unit.access.set_secret("count", str(int(unit.access.secret("count") or 0) + 1))

    def count_both_ways() -> None:
        for _ in range(20):
            future = database.write_soon(count_up)
            with database.writing() as unit:
                count_up(unit)
            future.result(20)

    threads = [threading.Thread(target=count_both_ways) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.reading() as unit:
        assert unit.access.secret("count") == "160"


def test_closing_does_what_was_asked_for_before(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    futures = [database.write_soon(partial(_set_in, name=f"{number}")) for number in range(50)]
    database.close()
    assert all(future.done() for future in futures)
    with pytest.raises(RuntimeError, match="closed"):
        database.write_soon(partial(_set_in, name="late"))
    again = open_database(tmp_path)
    with again.reading() as unit:
        assert [unit.access.secret(f"{number}") for number in range(50)] == ["1"] * 50
    again.close()


def _set_in(unit: UnitOfWork, name: str) -> None:
    unit.access.set_secret(name, "1")
