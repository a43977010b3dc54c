from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event

from sweepyard.domain.history import Stream
from sweepyard.domain.run import RunPath, RunState
from sweepyard.errors import StorageError
from sweepyard.storage import migrations
from sweepyard.storage.engine import open_engines
from sweepyard.storage.tables import metadata
from sweepyard.storage.unit_of_work import DATABASE_FILE, SqlDatabase, open_database

FIRST_VERSION = Path(__file__).parents[2] / "golden" / "databases" / "0001.sql"


def test_the_migrations_give_the_tables_that_the_code_means(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    engine = create_engine(f"sqlite:///{tmp_path / DATABASE_FILE}")
    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), metadata)
    engine.dispose()
    assert difference == []


def test_the_newest_revision_is_the_one_that_the_code_names() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == migrations.HEAD


def test_opening_again_keeps_what_is_stored(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    with database.writing() as unit:
        unit.access.set_secret("name", "value")
    database.close()
    database = open_database(tmp_path)
    with database.reading() as unit:
        assert unit.access.secret("name") == "value"
    database.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    with sqlite3.connect(tmp_path / DATABASE_FILE) as rows:
        rows.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    rows.close()
    with pytest.raises(StorageError, match=r"from-the-future.*newer version wrote it"):
        open_database(tmp_path)
    rows = sqlite3.connect(tmp_path / DATABASE_FILE)
    assert rows.execute("SELECT version_num FROM alembic_version").fetchone() == ("from-the-future",)
    rows.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    content = b"not a database, but long enough to be looked at" * 100
    (tmp_path / DATABASE_FILE).write_bytes(content)
    with pytest.raises(
        StorageError,
        match=r"cannot be used: file is not a database\. Move it away: `sweepyard hub restore`",
    ):
        open_database(tmp_path)
    assert (tmp_path / DATABASE_FILE).read_bytes() == content


def test_a_full_disk_is_no_damage(tmp_path: Path) -> None:
    def fill(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count=8")

    event.listen(Engine, "connect", fill)
    try:
        with pytest.raises(StorageError, match=r"cannot be used: database or disk is full\. Free some space there$"):
            open_database(tmp_path)
    finally:
        event.remove(Engine, "connect", fill)
    open_database(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be used: Not a directory"):
        open_database(tmp_path / "file" / "home")


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(StorageError, match="SQLite file"):
        open_engines(url)


def test_a_database_of_the_first_version_keeps_every_line(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE_FILE) as rows:
        rows.executescript(FIRST_VERSION.read_text(encoding="utf-8"))
        stored = rows.execute(
            "SELECT run_id, stream, line_number, step, body FROM run_lines JOIN runs ON number = run_number "
            "ORDER BY run_id, stream, line_number"
        ).fetchall()
    rows.close()
    assert len(stored) == 19
    database = open_database(tmp_path)
    for is_sealed in (False, True):
        if is_sealed:
            _seal(database)
        with database.reading() as unit:
            found = [
                (name, stream.value, number, step, text.encode())
                for name in ("empty", "gaps", "long")
                for stream in sorted(Stream, key=lambda stream: stream.value)
                for number, step, text in unit.streams.rows(RunPath("local", "digits", name), stream)
            ]
            assert found == stored
            run = unit.runs.get(RunPath("local", "digits", "long"))
            assert run is not None
            assert (run.state, run.config, run.tags) == (RunState.FINISHED, {"lr": 0.1}, ("a",))
            assert unit.streams.line_counts(RunPath("local", "digits", "gaps"))[Stream.HISTORY] == 6
    database.close()


def _seal(database: SqlDatabase) -> None:
    with database.writing() as unit:
        for grown in unit.streams.unsealed():
            sealed = unit.streams.sealed(grown.key)
            assert sealed is not None
            assert unit.streams.seal(grown.key, sealed)
