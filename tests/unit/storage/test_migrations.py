from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from sweepyard.errors import HubError
from sweepyard.storage.engine import open_database
from sweepyard.storage.tables import metadata


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def test_the_migrations_give_the_tables_that_the_code_means(tmp_path: Path) -> None:
    open_database(url_of(tmp_path / "hub.db")).close()
    engine = create_engine(url_of(tmp_path / "hub.db"))
    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), metadata)
    engine.dispose()
    assert difference == []


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    open_database(url_of(path)).close()
    engine = create_engine(url_of(path))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from-the-future'"))
    engine.dispose()
    with pytest.raises(HubError, match=r"newer Sweepyard.*from-the-future"):
        open_database(url_of(path))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(HubError, match="cannot be opened"):
        open_database(url_of(path))
    assert path.read_bytes().startswith(b"not a database")


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "sqlite://"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(HubError, match="SQLite file"):
        open_database(url)


def test_a_commit_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    database = open_database(url_of(tmp_path / "hub.db"))
    with database.writing() as unit:
        connection = unit.access._connection
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    database = open_database(url_of(tmp_path / "hub.db"))
    with pytest.raises(Exception, match="readonly"), database.reading() as unit:
        unit.access.set_secret("name", "value")
    database.close()
    rows = sqlite3.connect(tmp_path / "hub.db")
    assert rows.execute("SELECT count(*) FROM secrets").fetchone() == (0,)
    rows.close()
