"""The predictions database as a thing that is made, found, full, away, or of another version."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, make_url, text
from tests.fakes.deterministic import START
from tests.parts.disks import disk_of
from tests.parts.postgresql import PostgresServer

from sweepyard.domain.classified import Added, Classified, ModelVersion
from sweepyard.errors import NotFound, StorageError
from sweepyard.storage import engine
from sweepyard.storage.engine import open_engines
from sweepyard.storage.faults import named
from sweepyard.storage.predictions.migrations import LINEAGE
from sweepyard.storage.predictions.opening import DATABASE_FILE, open_predictions
from sweepyard.storage.predictions.tables import metadata
from sweepyard.storage.unit_of_work import open_database

FIRST_VERSION = Path(__file__).parents[2] / "golden" / "databases" / "predictions-0001.sql"
MODEL = ModelVersion("one", "1" * 64, ("cat", "dog"), "animals", "d" * 64)


def many(count: int) -> Classified:
    return Classified(
        model=MODEL,
        images=np.random.default_rng(0).integers(0, 256, (count, 20, 20), dtype=np.uint8),
        probabilities=np.full((count, 2), 0.5, np.float32),
        true_labels=(None,) * count,
        latency_seconds=0.0,
        predicted_at=START,
    )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'somewhere.db'}"
    server: PostgresServer = request.getfixturevalue("postgresql")
    return server.new_database()


def test_the_migrations_give_the_tables_that_the_code_means(tmp_path: Path, url: str) -> None:
    open_predictions(tmp_path, url, to_store=True).close()
    opened = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    options = {"compare_type": False, "version_table": LINEAGE.version_table}
    with opened.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        rules = {rule["name"] for table in metadata.tables for rule in inspect(connection).get_check_constraints(table)}
    opened.dispose()
    assert difference == []
    assert rules == {"ck_images_size", "ck_predictions_confidence", "ck_predictions_latency"}


def test_the_newest_revision_is_the_one_that_the_code_names() -> None:
    assert ScriptDirectory(str(LINEAGE.folder)).get_current_head() == LINEAGE.head


def test_a_hub_s_rows_and_predictions_may_share_a_database(tmp_path: Path, url: str) -> None:
    for _ in range(2):
        hub = open_database(tmp_path, url)
        with hub.writing() as unit:
            unit.access.set_secret("name", "value")
        store = open_predictions(tmp_path, url, to_store=True)
        if url.startswith("postgresql"):
            with hub.writing():  # Their writers do not wait for each other.
                store.add(many(2))
        store.add(many(2))
        assert len(list(store.predictions())) == 2
        store.close()
        hub.close()


def test_whoever_only_looks_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"predictions\.db holds no predictions; `sweepyard predict --store`"):
        open_predictions(tmp_path, to_store=False)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_these_tables_holds_no_predictions(tmp_path: Path, url: str) -> None:
    open_database(tmp_path, url).close()
    with pytest.raises(NotFound, match="holds no predictions"):
        open_predictions(tmp_path, url, to_store=False)


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path, url: str) -> None:
    open_predictions(tmp_path, url, to_store=True).close()
    engines = open_engines(url)
    with engines.writer.begin() as connection:
        connection.execute(text("UPDATE predictions_version SET version_num = 'from-the-future'"))
    engines.dispose()
    name = re.escape(named(make_url(url)))
    why = f"^{name} is at revision from-the-future.*newer version wrote it.*SWEEPYARD_PREDICTIONS"
    for to_store in (False, True):
        with pytest.raises(StorageError, match=why):
            open_predictions(tmp_path, url, to_store=to_store)


def test_a_file_without_tables_gets_them(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).touch()
    store = open_predictions(tmp_path, to_store=True)
    assert store.versions() == []
    store.close()


def test_a_database_of_the_first_version_keeps_every_row(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE_FILE) as rows:
        rows.executescript(FIRST_VERSION.read_text(encoding="utf-8"))
    rows.close()
    store = open_predictions(tmp_path, to_store=False)
    one, two = store.versions()
    assert (one.run_id, one.class_names, two.weights_digest) == ("ab12cd34", ("cat", "dog"), "2" * 64)
    found = [(each.true_label, each.probabilities, each.predicted_at.day) for each in store.predictions()]
    assert sorted(found, key=str) == [
        ("dog", (0.1, 0.9), 21),
        ("dog", (0.5, 0.5), 22),
        ("dog", (0.6, 0.4), 22),
        ("dog", (0.75, 0.25), 21),
        (None, (0.0, 1.0), 22),
        (None, (0.33333334, 0.6666667), 21),
    ]
    assert [each.share for each in store.accuracy()] == [0.5, 0.0]
    assert (store.disagreements(one, two).shared, store.disagreements(one, two).differing) == (3, 1)
    image = store.image(next(store.predictions(one)).image_digest)
    assert image is not None
    assert image.shape == (2, 3)
    store.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    content = b"not a database, but long enough to be looked at" * 100
    (tmp_path / DATABASE_FILE).write_bytes(content)
    with pytest.raises(StorageError, match=r"predictions\.db must be usable; file is not a database"):
        open_predictions(tmp_path, to_store=False)
    assert (tmp_path / DATABASE_FILE).read_bytes() == content


def test_of_a_batch_that_a_full_disk_does_not_take_nothing_is_stored(tmp_path: Path) -> None:
    store = open_predictions(tmp_path, to_store=True)
    store.add(many(3))
    with disk_of(300_000), pytest.raises(StorageError, match=r"must take the predictions; .*(full|disk I/O)"):
        store.add(many(2000))
    assert len(list(store.predictions())) == 3
    assert store.add(many(2000)).predictions > 0
    store.close()


def test_a_writer_that_waits_too_long_says_so_and_stores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MILLISECONDS", 50)
    store = open_predictions(tmp_path, to_store=True)
    other = sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="must take the predictions; database is locked"):
        store.add(many(2))
    other.execute("ROLLBACK")
    other.close()
    assert store.add(many(2)) == Added(2, 2, 2)
    store.close()


@pytest.mark.system
def test_a_server_that_refuses_to_write_says_so(tmp_path: Path, postgresql: PostgresServer) -> None:
    url = postgresql.new_database()
    open_predictions(tmp_path, url, to_store=True).close()
    postgresql.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    store = open_predictions(tmp_path, url, to_store=True)
    with pytest.raises(StorageError, match=r"must take the predictions; cannot execute INSERT in a read-only"):
        store.add(many(9))
    assert list(store.predictions()) == []
    store.close()


@pytest.mark.system
def test_what_postgresql_does_not_take_in_bulk_is_told_and_nothing_is_kept(
    tmp_path: Path, postgresql: PostgresServer
) -> None:
    store = open_predictions(tmp_path, postgresql.new_database(), to_store=True)
    odd = replace(MODEL, class_names=("c\0t", "dog"))
    with pytest.raises(StorageError, match=r"must take the predictions; invalid byte sequence"):
        store.add(replace(many(2), model=odd, true_labels=(None, "c\0t")))
    assert store.versions() == []
    assert store.add(many(2)) == Added(2, 2, 2)
    store.close()


@pytest.mark.system
def test_a_wrong_password_is_told_by_host_and_user_and_never_shown(tmp_path: Path, postgresql: PostgresServer) -> None:
    url = postgresql.new_database()
    careful = postgresql.with_password("careful", "right-word", url)
    open_predictions(tmp_path, careful, to_store=True).close()
    with pytest.raises(StorageError) as refused:
        open_predictions(tmp_path, careful.replace("right-word", "wrong-word"), to_store=True)
    told = str(refused.value)
    assert told.startswith("the PostgreSQL database d")
    assert "at 127.0.0.1 (user careful) must answer; " in told
    assert "password authentication failed" in told
    assert "wrong-word" not in told


def test_a_server_that_is_away_is_told_by_host_and_user(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none at 127\.0\.0\.1 \(user ann\) must answer; .*refused") as refused:
        open_predictions(tmp_path, "postgresql://ann:secret-word@127.0.0.1:1/none", to_store=False)
    assert "secret-word" not in str(refused.value)
