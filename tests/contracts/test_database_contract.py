"""What every database promises whatever is in it: all or nothing, snapshots, one writer at a time."""

from __future__ import annotations

import threading

import pytest
from tests.fakes.deterministic import START

from sweepyard.services.ports import Database


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
