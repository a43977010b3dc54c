"""Trying out a database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from tests.fakes.deterministic import CountingIds, ManualClock
from tests.parts.postgresql import PostgresServer

from sweepyard.errors import StorageError
from sweepyard.storage.checking import JOKE, check_database


def check(url: str):
    return check_database(make_url(url), clock=ManualClock(), ids=CountingIds())


def tables_of(file: Path) -> list[str]:
    with sqlite3.connect(file) as rows:
        found = [name for (name,) in rows.execute("SELECT name FROM sqlite_schema")]
    rows.close()
    return found


def test_a_sqlite_file_is_tried_out_and_nothing_is_left(tmp_path: Path) -> None:
    done = check(f"sqlite:///{tmp_path / 'some.db'}")
    assert done.database == f"the SQLite database {tmp_path / 'some.db'}"
    assert done.joke == JOKE
    assert [what for what, _ in done.steps] == [
        "connect",
        "make a table",
        "write a joke",
        "read it back",
        "drop the table",
    ]
    assert tables_of(tmp_path / "some.db") == []


def test_a_table_of_that_name_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "some.db"
    with sqlite3.connect(file) as rows:
        rows.execute("CREATE TABLE sweepyard_check_id000001 (joke TEXT)")
    rows.close()
    with pytest.raises(StorageError, match=r"must let one make a table; table .* already exists"):
        check(f"sqlite:///{file}")
    assert tables_of(file) == ["sweepyard_check_id000001"]


def test_a_database_that_garbles_is_found_out_and_the_table_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "some.db"
    check(f"sqlite:///{file}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sweepyard.storage.checking.JOKE", 7)
        with pytest.raises(StorageError, match="must give back what was written; received '7' for 7"):
            check(f"sqlite:///{file}")
    assert tables_of(file) == []


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "some.db").write_bytes(b"no database " * 100)
    with pytest.raises(StorageError, match=r"some\.db must let one connect; file is not a database"):
        check(f"sqlite:///{tmp_path / 'some.db'}")


@pytest.mark.system
def test_postgresql_is_tried_out_and_what_it_refuses_is_told(postgresql: PostgresServer) -> None:
    url = postgresql.new_database()
    assert check(url).joke == JOKE
    may_not = postgresql.with_password("reader", "right-word", url)
    assert check(may_not).database.endswith("at 127.0.0.1 (user reader)")
    postgresql.execute(f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO postgres")
    with pytest.raises(StorageError, match=r"\(user reader\) must let one make a table; permission denied"):
        check(may_not)
    with pytest.raises(StorageError, match=r"\(user reader\) must answer; .*password authentication failed") as refused:
        check(may_not.replace("right-word", "wrong-word"))
    assert "wrong-word" not in str(refused.value)
