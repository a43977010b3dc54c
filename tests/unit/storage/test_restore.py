from __future__ import annotations

import contextlib
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.deterministic import ManualClock
from tests.fakes.memory_blobs import MemoryBlobs
from tests.unit.storage.conftest import RUN, Home

from sweepyard.errors import ArchiveError, HubAlreadyRunning, StorageError
from sweepyard.services.ports.blobs import store_bytes
from sweepyard.storage.backup import SqliteSource, make_backup
from sweepyard.storage.blobs import BlobFolder
from sweepyard.storage.restore import RestoreReport, restore


class Locks:
    """Stands for the home's locks; says how often they were taken, and refuses when told."""

    def __init__(self) -> None:
        self.taken = 0
        self.refuse_from = 10

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        self.taken += 1
        if self.taken >= self.refuse_from:
            raise HubAlreadyRunning("a hub serves this home")
        yield


@pytest.fixture
def locks() -> Locks:
    return Locks()


@pytest.fixture
def target(tmp_path: Path, home: Home, clock: ManualClock) -> Path:
    target = tmp_path / "backups"
    make_backup(SqliteSource(home.database_file), home.blobs, target, clock=clock)
    return target


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return tmp_path / "fresh"


@pytest.fixture
def back(clock: ManualClock, locks: Locks):
    def run(target: Path, home: Path, **options: object) -> RestoreReport:
        return restore(target, home, closed=locks, clock=clock, **options)

    return run


def listing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_comes_back_is_what_was(back, home: Home, target: Path, fresh: Path, locks: Locks) -> None:
    wanted = home.contents()
    assert wanted["files"].keys() == {"a.txt", "media/b.bin"}
    report = back(target, fresh)
    assert (report.home, report.aside, report.manifest.name) == (fresh, None, "20261121T080000Z")
    assert sorted(path.name for path in fresh.iterdir()) == ["blobs", "hub.db"]
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o700
    assert stat.S_IMODE((fresh / "hub.db").stat().st_mode) == 0o600
    assert locks.taken == 2
    restored = Home.open(fresh)
    assert restored.contents() == wanted
    restored.log(3, "0.5")  # and it goes on
    restored.close()


def test_a_snapshot_by_name(back, home: Home, target: Path, fresh: Path, clock: ManualClock) -> None:
    home.put("later", b"later")
    clock.advance(60)
    make_backup(SqliteSource(home.database_file), home.blobs, target, clock=clock)
    back(target, fresh, name="20261121T080000Z")
    restored = Home.open(fresh)
    assert "later" not in restored.contents()["files"]
    restored.close()
    with pytest.raises(ArchiveError, match=r"has the snapshots 20261121T080000Z, 20261121T080100Z; received 'x'"):
        back(target, fresh, name="x", force=True)


def test_locks_logs_and_an_empty_blob_folder_do_not_make_a_home_full(back, target: Path, fresh: Path) -> None:
    (fresh / "blobs" / "incoming").mkdir(parents=True)
    for name in ("hub.lock", "start.lock", "hub.log", "client.json"):
        (fresh / name).write_text(name)
    back(target, fresh)
    assert (fresh / "client.json").read_text() == "client.json"
    restored = Home.open(fresh)
    assert restored.contents()["files"]["a.txt"] == b"first"
    restored.close()


def test_a_home_with_state_is_left_alone(back, home: Home, target: Path) -> None:
    before = listing(home.folder)
    with pytest.raises(ArchiveError, match=r"into an empty home; .*home holds a hub's state.*--force"):
        back(target, home.folder)
    assert listing(home.folder) == before


def test_blobs_alone_are_state_too(back, target: Path, home: Home, fresh: Path) -> None:
    shutil.copytree(home.folder / "blobs", fresh / "blobs")
    with pytest.raises(ArchiveError, match="holds a hub's state"):
        back(target, fresh)


def test_force_moves_what_was_there_aside(back, home: Home, target: Path) -> None:
    (home.folder / "client.json").write_text("{}")
    (home.folder / "notes.txt").write_text("mine")
    home.put("later", b"later")
    home.close()
    wanted = listing(home.folder)
    report = back(target, home.folder, force=True)
    assert report.aside == home.folder / "before-restore-20261121T080000Z"
    kept = listing(report.aside)
    assert {name: kept[name] for name in wanted if name.startswith(("hub.db", "blobs/", "client"))} == kept
    assert (home.folder / "notes.txt").read_text() == "mine"
    assert (home.folder / "client.json").read_text() == "{}"
    again = back(target, home.folder, force=True)
    assert again.aside == home.folder / "before-restore-20261121T080000Z-2"
    for folder, has_it in ((home.folder, False), (report.aside, True)):
        opened = Home.open(folder)
        assert ("later" in opened.contents()["files"]) is has_it
        opened.close()


def test_a_hub_that_serves_the_home_stops_it(back, target: Path, fresh: Path, locks: Locks) -> None:
    for locks.refuse_from in (1, 3):  # at once; and when a hub comes while it copies
        with pytest.raises(HubAlreadyRunning):
            back(target, fresh)
        assert list(fresh.iterdir()) == []


@pytest.mark.parametrize("what", ["row", "blob", "lost blob", "list"])
def test_an_unsound_backup_changes_nothing(back, home: Home, target: Path, fresh: Path, what: str) -> None:
    [snapshot] = [path for path in target.iterdir() if path.name.startswith("2026")]
    blob = next(iter(target.glob("blobs/??/*")))
    if what == "lost blob":
        blob.unlink()
    else:
        path = {"row": snapshot / "hub.db", "blob": blob, "list": snapshot / "blobs.txt"}[what]
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ArchiveError, match="the backup is unsound, so nothing was restored"):
        back(target, fresh)
    assert list(fresh.iterdir()) == []
    before = listing(home.folder)
    with pytest.raises(ArchiveError):
        back(target, home.folder, force=True)
    assert listing(home.folder) == before


def test_a_newer_one_is_refused(back, home: Home, tmp_path: Path, fresh: Path, clock: ManualClock) -> None:
    rows = sqlite3.connect(home.database_file)
    rows.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    rows.commit()
    rows.close()
    target = tmp_path / "newer"
    make_backup(SqliteSource(home.database_file), home.blobs, target, clock=clock)
    with pytest.raises(StorageError, match=r"from-the-future.*a newer version wrote it"):
        back(target, fresh)
    assert list(fresh.iterdir()) == []


def test_a_newer_format_is_refused(back, target: Path, fresh: Path) -> None:
    [manifest] = target.glob("*/manifest.json")
    manifest.write_text(manifest.read_text().replace('"format":1', '"format":2'))
    with pytest.raises(ArchiveError, match=r"is in format 2; this version reads up to 1"):
        back(target, fresh)
    manifest.write_text("[]")
    with pytest.raises(ArchiveError, match="is no manifest of a backup"):
        back(target, fresh)
    manifest.write_text('{"format": 1, "name": "x"}')
    with pytest.raises(ArchiveError, match="is no manifest of a backup"):
        back(target, fresh)


def test_an_older_one_is_migrated(back, tmp_path: Path, fresh: Path, clock: ManualClock) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, inspect

    from sweepyard.storage import migrations

    old = tmp_path / "old"
    old.mkdir()
    blobs = BlobFolder(old / "blobs")
    engine = create_engine(f"sqlite:///{old / 'hub.db'}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        blob = store_bytes(blobs, [b"old"])
        now = "2026-11-21 08:00:00.000000"
        for table, values in {
            "secrets": {"name": "name", "value": "value"},
            "projects": {"number": 1, "entity": "lab", "name": "digits", "created_at": now, "description": ""},
            "runs": {"number": 1, "entity": "lab", "project": "digits", "run_id": "one", "state": "finished"},
            "run_files": {"run_number": 1, "name": "a.txt", "updated_at": now, "blob_digest": blob.digest},
        }.items():
            columns = inspect(connection).get_columns(table)
            rest = {"blob_md5": blob.md5, "blob_size_bytes": blob.size_bytes, "config": "{}", "wandb_config": "{}"}
            rest |= {"summary": "{}", "tags": "[]", "created_at": now, "updated_at": now}
            rest |= {"attempt": 1, "stop_requested": 0}
            named = {each["name"]: "" for each in columns if not each["nullable"]} | values
            named |= {each["name"]: rest[each["name"]] for each in columns if each["name"] in rest}
            marks = ", ".join("?" for _ in named)
            connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(named)}) VALUES ({marks})", (*named.values(),))
    engine.dispose()
    report = make_backup(SqliteSource(old / "hub.db"), blobs, tmp_path / "b", clock=clock)
    assert (report.manifest.revision, report.manifest.blob_count) == ("0001", 1)
    back(tmp_path / "b", fresh)
    restored = Home.open(fresh)
    with restored.database.reading() as unit:
        assert unit.access.secret("name") == "value"
    _, stream = restored.services.files.open(RUN, "a.txt")
    with stream:
        assert stream.read() == b"old"
    restored.close()


def test_lost_files_do_not_keep_the_rest_from_coming_back(
    back, home: Home, tmp_path: Path, fresh: Path, clock: ManualClock
) -> None:
    lost = home.put("lost", b"lost")
    home.blobs.path_of(lost.digest).unlink()
    make_backup(SqliteSource(home.database_file), home.blobs, tmp_path / "b", clock=clock)
    assert back(tmp_path / "b", fresh).manifest.missing == (lost.digest,)
    restored = Home.open(fresh)
    _, stream = restored.services.files.open(RUN, "a.txt")
    with stream:
        assert stream.read() == b"first"
    restored.close()


def test_blobs_may_go_elsewhere(back, home: Home, target: Path, fresh: Path) -> None:
    store = MemoryBlobs()
    back(target, fresh, store=store)
    assert {blob.digest for blob in store.stored()} == {blob.digest for blob in home.blobs.stored()}
    assert sorted(path.name for path in fresh.iterdir()) == ["hub.db"]


def test_an_interrupted_one_changes_nothing(back, home: Home, target: Path) -> None:
    before = listing(home.folder)

    for phase in ("rows", "blobs"):

        def interrupt(what: str, done: int, total: int, phase: str = phase) -> None:
            if what == phase:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            back(target, home.folder, force=True, progress=interrupt)
        assert listing(home.folder) == before


def test_a_move_that_fails_is_undone(back, home: Home, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.close()
    before = listing(home.folder)
    rename = Path.rename

    def fail_at_the_rows(self: Path, place: Path) -> Path:
        if place == home.folder / "hub.db" and self.parent.name.startswith(".restoring"):
            raise PermissionError(1, "not permitted", str(self))
        return rename(self, place)

    monkeypatch.setattr(Path, "rename", fail_at_the_rows)
    with pytest.raises(ArchiveError, match=r"cannot be used: not permitted"):
        back(target, home.folder, force=True)
    monkeypatch.undo()
    assert listing(home.folder) == before
