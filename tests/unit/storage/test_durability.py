from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from tests.parts.disks import disk_of

from sweepyard.errors import StorageFull
from sweepyard.storage.engine import Engines, open_engines, sqlite_url
from sweepyard.storage.unit_of_work import DATABASE_FILE, SqlDatabase, SqlUnitOfWork, open_database

FULL = 2


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[Engines]:
    open_database(tmp_path).close()
    opened = open_engines(sqlite_url(tmp_path / DATABASE_FILE))
    yield opened
    opened.dispose()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqlDatabase]:
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def test_every_pooled_connection_syncs_in_full_and_knows_foreign_keys(engines: Engines) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(engines.writer.connect())]
        connections += [stack.enter_context(engines.reader.connect()) for _ in range(20)]
        for connection in connections:
            pragmas = ("synchronous", "journal_mode", "foreign_keys")
            found = [connection.execute(text(f"PRAGMA {pragma}")).scalar_one() for pragma in pragmas]
            assert found == [FULL, "wal", 1]


def test_readers_refuse_to_write(database: SqlDatabase) -> None:
    with pytest.raises(OperationalError, match="readonly"), database.reading() as unit:
        unit.access.set_secret("name", "value")
    with database.reading() as unit:
        assert unit.access.secret("name") is None


def test_the_file_is_its_owners_alone(tmp_path: Path, database: SqlDatabase) -> None:
    with database.writing() as unit:
        unit.access.set_secret("name", "value")
    for name in (DATABASE_FILE, f"{DATABASE_FILE}-wal"):
        assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) == 0o600


def test_of_what_a_full_disk_does_not_take_nothing_is_kept_and_all_is_said(
    tmp_path: Path, database: SqlDatabase
) -> None:
    def store(unit: SqlUnitOfWork, name: str) -> None:
        unit.access.set_secret(name, "x" * 100_000)

    database.write_soon(lambda unit: store(unit, "before")).result()
    with disk_of(200_000):
        with pytest.raises(StorageFull, match=r"no room for more \((database or disk is full|disk I/O error)\)"):
            database.write_soon(lambda unit: [store(unit, f"one {n}") for n in range(9)]).result()
        begun, holding = threading.Event(), threading.Event()
        first = database.write_soon(lambda _: (begun.set(), holding.wait(10)))
        assert begun.wait(10)
        group = [database.write_soon(lambda unit, n=n: store(unit, f"many {n}")) for n in range(9)]
        holding.set()
        assert first.result() == (None, True)
        assert {type(work.exception()) for work in group} == {StorageFull}
        with pytest.raises(StorageFull), database.writing() as unit:
            [store(unit, f"alone {n}") for n in range(9)]
    with database.reading() as unit:
        assert unit.access.secret("before") is not None
        for name in [f"{kind} {n}" for kind in ("one", "many", "alone") for n in range(9)]:
            assert unit.access.secret(name) is None
    database.write_soon(lambda unit: store(unit, "after")).result()
    with database.reading() as unit:
        assert unit.access.secret("after") is not None


def test_a_reader_neither_waits_for_a_writer_nor_sees_what_is_not_committed(database: SqlDatabase) -> None:
    with database.writing() as writing:
        writing.access.set_secret("name", "value")
        seen: list[str | None] = []

        def read() -> None:
            with database.reading() as unit:
                seen.append(unit.access.secret("name"))

        thread = threading.Thread(target=read)
        thread.start()
        thread.join(10)
        assert seen == [None]


def test_a_thread_that_writes_inside_its_own_writing_learns_it(database: SqlDatabase) -> None:
    with database.writing(), pytest.raises(RuntimeError, match="one writing unit"), database.writing():
        pass
    with database.writing() as unit:
        unit.access.set_secret("name", "still usable")
