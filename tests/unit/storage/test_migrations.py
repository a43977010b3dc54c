from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from sweepyard.errors import HubError
from sweepyard.storage import migrations
from sweepyard.storage.engine import open_engines
from sweepyard.storage.tables import metadata
from sweepyard.storage.unit_of_work import DATABASE_FILE, open_database


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
    with pytest.raises(HubError, match=r"from-the-future.*newer version wrote it"):
        open_database(tmp_path)
    rows = sqlite3.connect(tmp_path / DATABASE_FILE)
    assert rows.execute("SELECT version_num FROM alembic_version").fetchone() == ("from-the-future",)
    rows.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    content = b"not a database, but long enough to be looked at" * 100
    (tmp_path / DATABASE_FILE).write_bytes(content)
    with pytest.raises(HubError, match="cannot be used: file is not a database"):
        open_database(tmp_path)
    assert (tmp_path / DATABASE_FILE).read_bytes() == content


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HubError, match="cannot be used: Not a directory"):
        open_database(tmp_path / "file" / "home")


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(HubError, match="SQLite file"):
        open_engines(url)
