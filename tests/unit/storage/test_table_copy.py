"""Backups of hubs on PostgreSQL, and moving between it and SQLite."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.fakes.deterministic import CountingIds, ManualClock
from tests.parts.postgresql import PostgresServer
from tests.unit.storage.conftest import ANN, Home

from sweepyard.domain.access import Role
from sweepyard.domain.run import RunPath
from sweepyard.errors import ArchiveError
from sweepyard.services import bundle
from sweepyard.services.sweeps import SweepDraft
from sweepyard.settings import Settings
from sweepyard.storage import tables
from sweepyard.storage.backup import SqliteSource, make_backup, verify
from sweepyard.storage.opening import open_existing
from sweepyard.storage.restore import restore
from sweepyard.storage.table_copy import SharedDatabase
from sweepyard.storage.unit_of_work import open_database

pytestmark = pytest.mark.system
NEXT = RunPath("lab", "digits", "next")


def contents(home: Home, url: str | None = None) -> dict[str, list[tuple]]:
    """Every row of every table."""
    database = open_existing(home.folder, url)
    with database.reading() as unit:
        connection = unit.runs._connection
        found = {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in tables.metadata.sorted_tables
        }
    database.close()
    return found


def on(folder: Path, home: Home, url: str) -> Home:
    """A hub on PostgreSQL, with the blobs of `home`."""
    database = open_database(folder, url)
    services = bundle.build(database, home.blobs, ManualClock(), CountingIds(), Settings(home=folder, cache=folder))
    return Home(folder, database, home.blobs, services)


@pytest.fixture
def filled(home: Home) -> Home:
    home.services.access.ensure_user("ann", entity="lab", role=Role.WRITE)
    home.services.access.create_key("ann", name="emoji 🙂 and \\0 none")
    home.log(3, *("0.25" for _ in range(5000)))
    home.services.sweeps.create(
        "lab",
        "digits",
        SweepDraft(
            config_yaml="method: grid\nprogram: t.py\nmetric: {name: loss}\nparameters: {lr: {values: [0.1, 0.2]}}"
        ),
        actor=ANN,
    )
    return home


def test_a_hub_grows_from_sqlite_to_postgresql_and_back(
    filled: Home, postgresql: PostgresServer, clock: ManualClock, tmp_path: Path
) -> None:
    url = postgresql.new_database()
    make_backup(SqliteSource(filled.database_file), filled.blobs, tmp_path / "b1", clock=clock)
    shared = SharedDatabase(url)
    shared.require_empty()
    report = restore(tmp_path / "b1", tmp_path / "grown", closed=contextlib.nullcontext, clock=clock, database=shared)
    assert sorted(path.name for path in report.home.iterdir()) == ["blobs"]
    wanted = contents(filled)
    assert {name for name, rows in wanted.items() if rows} >= {"runs", "run_files", "sweeps", "users", "api_keys"}
    assert contents(filled, url) == wanted

    # It goes on there: numbers that are given next do not meet those that came along.
    grown = on(report.home, filled, url)
    grown.begin(NEXT)
    grown.log(0, "0.5", run=NEXT)
    grown.put("late", b"late", run=NEXT)
    grown.close()
    made = make_backup(shared, filled.blobs, tmp_path / "b2", clock=clock)
    assert made.manifest.counts["runs"] == 2
    assert verify(tmp_path / "b2").problems == ()
    restore(tmp_path / "b2", tmp_path / "back", closed=contextlib.nullcontext, clock=clock)
    back = Home.open(tmp_path / "back")
    assert contents(back) == contents(filled, url)
    assert back.contents() == filled.contents()
    back.close()


def test_rows_are_not_mixed(filled: Home, postgresql: PostgresServer, clock: ManualClock, tmp_path: Path) -> None:
    url = postgresql.new_database()
    make_backup(SqliteSource(filled.database_file), filled.blobs, tmp_path / "b", clock=clock)
    other = on(tmp_path, filled, url)
    other.begin(NEXT)
    other.close()
    with pytest.raises(ArchiveError, match=r"into an empty database; .* has rows in .*SWEEPYARD_DATABASE"):
        restore(
            tmp_path / "b",
            tmp_path / "grown",
            closed=contextlib.nullcontext,
            clock=clock,
            database=SharedDatabase(url),
        )
    assert list((tmp_path / "grown").iterdir()) == []


def test_a_database_that_no_hub_has_migrated_is_refused(
    filled: Home, postgresql: PostgresServer, clock: ManualClock, tmp_path: Path
) -> None:
    shared = SharedDatabase(postgresql.new_database())
    with pytest.raises(
        ArchiveError, match=r"the PostgreSQL database .* are at none\. Serve the hub with this version once"
    ):
        make_backup(shared, filled.blobs, tmp_path / "b", clock=clock)
    with pytest.raises(ArchiveError, match=r"the PostgreSQL database \S+ at \S+ \(user postgres\) is at revision none"):
        open_existing(tmp_path, shared.url)
