from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.deterministic import ManualClock
from tests.unit.storage.conftest import RUN, Home

from sweepyard.domain.artifact import ArtifactFile, ArtifactState
from sweepyard.errors import ArchiveError
from sweepyard.services.artifact_drafts import ArtifactDraft
from sweepyard.services.cleaning import referred_digests
from sweepyard.services.ports.blobs import store_bytes
from sweepyard.storage.backup import BackupReport, SqliteSource, make_backup, verify
from sweepyard.storage.backup_folder import BackupFolder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def back_up(home: Home, target: Path, clock: ManualClock, **options: object) -> BackupReport:
    clock.advance(1)
    return make_backup(SqliteSource(home.database_file), home.blobs, target, clock=clock, **options)


def blob_files(target: Path) -> list[str]:
    return sorted(path.name for path in target.glob("blobs/??/*"))


def everything(target: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(target)): path.read_bytes()
        for path in target.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def test_a_backup_holds_the_rows_and_the_blobs_that_they_name(home: Home, target: Path, clock: ManualClock) -> None:
    home.put("gone", b"nothing refers to it")
    home.services.files.delete(RUN, "gone")
    report = back_up(home, target, clock)
    assert report.folder == target / "20261121T080001Z"
    assert report.manifest.counts == {"projects": 1, "runs": 1, "sweeps": 0, "artifacts": 0, "users": 0}
    assert (report.manifest.blob_count, report.copied_count) == (2, 2)
    assert report.manifest.blob_bytes == report.copied_bytes == 5 + 256 * 5000
    assert len(blob_files(target)) == 2
    checked = verify(target)
    assert (checked.problems, checked.snapshots, checked.blob_count) == ((), ("20261121T080001Z",), 2)
    assert json.loads((report.folder / "manifest.json").read_text()) == report.manifest.to_json()


def test_it_names_the_blobs_that_the_services_name(home: Home, target: Path, clock: ManualClock) -> None:
    """Two ways to the same: through the tables of whatever revision, and through the repositories."""
    draft = ArtifactDraft(entity="lab", project="digits", collection="m", artifact_type="model", digest="d")
    kept, deleted = (home.services.artifacts.create(replace(draft, digest=letter)) for letter in "ab")
    for number, version in enumerate((kept, deleted)):
        manifest = home.services.artifacts.add_manifest(version.number, name="m.json", digest="")
        blob = store_bytes(home.blobs, [b"manifest %d" % number])
        home.services.artifacts.put_manifest(manifest.number, blob)
        with home.database.writing() as unit:
            weights = store_bytes(home.blobs, [b"weights %d" % number])
            unit.artifacts.put_files([ArtifactFile(version.number, "w", "md5", weights)])
            if version is deleted:
                unit.artifacts.save(replace(version, state=ArtifactState.DELETED))
    report = back_up(home, target, clock)
    with home.database.reading() as unit:
        referred = {digest.hex() for digest in referred_digests(unit)}
    [listed] = target.glob("*/blobs.txt")
    assert {line.split()[0] for line in listed.read_text().splitlines()} == referred
    assert report.manifest.blob_count == len(referred) == 2 + 2


def test_only_its_owner_may_look_into_it(home: Home, target: Path, clock: ManualClock) -> None:
    report = back_up(home, target, clock)
    for folder in (target, report.folder, target / "blobs"):
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0 or folder.parent == target
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    for path in target.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_snapshot_is_one_plain_file(home: Home, target: Path, clock: ManualClock) -> None:
    folder = back_up(home, target, clock).folder
    verify(target)
    assert sorted(os.listdir(folder)) == ["blobs.txt", "hub.db", "manifest.json"]


def test_the_next_one_copies_only_what_is_new(home: Home, target: Path, clock: ManualClock) -> None:
    back_up(home, target, clock)
    before = {path: path.stat().st_ino for path in target.glob("blobs/??/*")}
    home.put("c", b"new")
    report = back_up(home, target, clock)
    assert (report.manifest.blob_count, report.copied_count, report.copied_bytes) == (3, 1, 3)
    assert before.items() <= {path: path.stat().st_ino for path in target.glob("blobs/??/*")}.items()
    assert verify(target).snapshots == ("20261121T080001Z", "20261121T080002Z")
    assert verify(target, name="20261121T080001Z").blob_count == 2


def test_two_in_one_second_have_two_names(home: Home, target: Path, clock: ManualClock) -> None:
    names = []
    for _ in range(11):
        source = SqliteSource(home.database_file)
        names.append(make_backup(source, home.blobs, target, clock=clock).manifest.name)
    assert names[1] == f"{names[0]}-2"
    assert [snapshot.name for snapshot in BackupFolder(target).snapshots()] == names
    assert BackupFolder(target).snapshot(None).name == f"{names[0]}-11"


def test_writers_go_on_meanwhile_and_the_snapshot_is_of_one_moment(
    home: Home, target: Path, clock: ManualClock
) -> None:
    """Each of the writer's units puts one line and one file: in any snapshot there are as many of both."""
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        while not stop.is_set():
            blob = home.put(f"n{written}", b"%d" % written)
            with home.database.writing() as unit:
                unit.access.set_secret("count", str(written + 1))
                unit.access.set_secret("last", blob.digest)
            written += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        reports = []
        for _ in range(5):
            before = written
            reports.append((before, back_up(home, target, clock)))
            while written == before:
                assert thread.is_alive()
    finally:
        stop.set()
        thread.join()
    for before, report in reports:
        assert report.manifest.missing == ()
        rows = sqlite3.connect(report.folder / "hub.db")
        secrets = dict(rows.execute("SELECT name, value FROM secrets"))
        [(files,)] = rows.execute("SELECT count(*) FROM run_files WHERE name LIKE 'n%'")
        rows.close()
        count = int(secrets.get("count", 0))
        assert count >= before
        assert files in {count, count + 1}
        assert not count or (target / "blobs" / secrets["last"][:2] / secrets["last"]).exists()
    assert verify(target).problems == ()


def test_keep_drops_old_snapshots_and_their_blobs(home: Home, target: Path, clock: ManualClock) -> None:
    home.put("c", b"short-lived")
    back_up(home, target, clock)
    home.services.files.delete(RUN, "c")
    back_up(home, target, clock)
    assert len(blob_files(target)) == 3
    report = back_up(home, target, clock, keep=2)
    assert report.dropped == ("20261121T080001Z",)
    assert len(blob_files(target)) == 2
    assert verify(target).snapshots == ("20261121T080002Z", "20261121T080003Z")
    assert back_up(home, target, clock, keep=5).dropped == ()


def test_a_file_that_the_hub_lost_is_named_and_the_rest_is_kept(home: Home, target: Path, clock: ManualClock) -> None:
    lost, damaged = home.put("lost", b"lost"), home.put("damaged", b"damaged")
    home.blobs.path_of(lost.digest).unlink()
    home.blobs.path_of(damaged.digest).write_bytes(b"scratch")
    report = back_up(home, target, clock)
    assert set(report.manifest.missing) == {lost.digest, damaged.digest}
    assert (report.manifest.blob_count, report.copied_count) == (4, 2)
    assert verify(target).problems == ()


def test_verify_names_all_that_is_wrong(home: Home, target: Path, clock: ManualClock) -> None:
    blob = home.put("c", b"bytes")
    first, second = back_up(home, target, clock).folder, back_up(home, target, clock).folder
    gone, flipped, *_ = (path for path in target.glob("blobs/??/*") if path.name != blob.digest)
    gone.unlink()
    flipped.write_bytes(b"x" + flipped.read_bytes()[1:])
    (target / "blobs" / blob.digest[:2] / blob.digest).write_bytes(b"")
    with (first / "hub.db").open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"scratched")
    (second / "blobs.txt").unlink()
    problems = "\n".join(verify(target).problems)
    assert len(verify(target).problems) == 5
    assert f"blob {gone.name}: missing" in problems
    assert f"blob {flipped.name}: damaged" in problems
    assert f"blob {blob.digest}: damaged (0 bytes" in problems
    assert f"{first / 'hub.db'}: its SHA-256 is" in problems
    assert f"{second / 'blobs.txt'} is no list of blobs" in problems


def test_a_blob_cut_short_in_the_backups_is_copied_again(home: Home, target: Path, clock: ManualClock) -> None:
    back_up(home, target, clock)
    cut = next(iter(target.glob("blobs/??/*")))
    cut.write_bytes(b"")
    assert back_up(home, target, clock).copied_count == 1
    assert verify(target).problems == ()


def test_a_database_that_is_broken_though_its_digest_is_right_is_noticed(
    home: Home, target: Path, clock: ManualClock
) -> None:
    home.close()
    rows = sqlite3.connect(home.database_file)
    rows.execute("PRAGMA foreign_keys=OFF")
    rows.execute("INSERT INTO team_members VALUES ('nobody', 'none')")
    rows.commit()
    rows.close()
    with pytest.raises(ArchiveError, match=r"does not read back.*\n.*a row of team_members refers to one that is not"):
        back_up(home, target, clock)
    assert list(BackupFolder(target).snapshots()) == []


@pytest.mark.parametrize("what", ["file", "folder with something else"])
def test_it_wants_a_folder_of_its_own(home: Home, target: Path, clock: ManualClock, what: str) -> None:
    if what == "file":
        target.write_text("mine")
    else:
        target.mkdir()
        (target / "thesis.tex").write_text("mine")
    with pytest.raises(ArchiveError, match=r"folder of their own, a new or an empty one; received .*backups"):
        back_up(home, target, clock)
    assert (target if what == "file" else target / "thesis.tex").read_text() == "mine"


def test_without_a_database_there_is_nothing_to_back_up(home: Home, target: Path, clock: ManualClock) -> None:
    with pytest.raises(ArchiveError, match="a hub's home has a database; there is none at"):
        make_backup(SqliteSource(home.folder / "other.db"), home.blobs, target, clock=clock)
    (home.folder / "other.db").write_bytes(b"no database" * 1000)
    with pytest.raises(ArchiveError, match=r"could not be copied.*not a database"):
        make_backup(SqliteSource(home.folder / "other.db"), home.blobs, target, clock=clock)
    assert list(BackupFolder(target).snapshots()) == []
    with pytest.raises(ArchiveError, match="holds no backup"):
        verify(target)


def test_two_do_not_write_to_one_folder(home: Home, target: Path, clock: ManualClock) -> None:
    back_up(home, target, clock)
    with BackupFolder(target).lock, pytest.raises(ArchiveError, match="another is being made"):
        back_up(home, target, clock)


def test_an_interrupted_one_leaves_no_snapshot(home: Home, target: Path, clock: ManualClock) -> None:
    back_up(home, target, clock)
    before = everything(target)

    def interrupt(what: str, done: int, total: int) -> None:
        if what == phase:
            raise KeyboardInterrupt

    for phase in ("rows", "blobs", "reading back"):
        home.put(phase, phase.encode())
        with pytest.raises(KeyboardInterrupt):
            back_up(home, target, clock, progress=interrupt)
        after = everything(target)
        assert {name for name in after if not name.startswith("blobs/")} == {
            name for name in before if not name.startswith("blobs/")
        }
        assert before.items() <= after.items()
    assert verify(target).problems == ()
    back_up(home, target, clock)
    assert verify(target).problems == ()


def test_what_a_killed_one_left_is_cleared_away(home: Home, target: Path, clock: ManualClock) -> None:
    back_up(home, target, clock)
    left = target / "20261121T070000Z.part"
    left.mkdir()
    (left / "hub.db").write_bytes(b"half")
    assert verify(target).problems == ()
    back_up(home, target, clock)
    assert not left.exists()


def test_a_disk_that_is_full_is_said(home: Home, target: Path, clock: ManualClock, tmp_path: Path) -> None:
    """A limit on file sizes in a process of its own: the rows fit, a blob does not."""
    script = """
import resource, sys
from pathlib import Path
from sweepyard.clock import SystemClock
from sweepyard.domain.artifact import ArtifactFile, ArtifactState
from sweepyard.errors import ArchiveError
from sweepyard.services.artifact_drafts import ArtifactDraft
from sweepyard.services.cleaning import referred_digests
from sweepyard.services.ports.blobs import store_bytes
from sweepyard.storage.backup import SqliteSource, make_backup
from sweepyard.storage.blobs import BlobFolder
limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
home = Path(sys.argv[1])
try:
    make_backup(SqliteSource(home / "hub.db"), BlobFolder(home / "blobs"), Path(sys.argv[2]), clock=SystemClock())
except ArchiveError as error:
    print(error)
"""
    rows = home.database_file.stat().st_size
    for limit in (rows + 500_000, 100_000):
        command = [sys.executable, "-c", script, str(home.folder), str(target), str(limit)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert f"not enough room at {target}" in said
        assert "Free some, or go elsewhere" in said
        assert list(BackupFolder(target).snapshots()) == []
        assert not any(target.glob("*.part"))
        assert not any(target.glob("blobs/incoming/*"))
