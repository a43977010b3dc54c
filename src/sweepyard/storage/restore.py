"""Restoring a backup: everything is checked and complete beside the home before anything of it takes a place in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sweepyard import files
from sweepyard.clock import Clock
from sweepyard.errors import ArchiveError
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.ports.blobs import BlobStore
from sweepyard.storage import snapshot as rows
from sweepyard.storage.backup import Progress, check_snapshot, copy_blob, saying_what_is_full
from sweepyard.storage.backup_folder import BackupFolder, Manifest, Snapshot
from sweepyard.storage.blobs import BlobFolder
from sweepyard.storage.unit_of_work import DATABASE_FILE, open_database

BLOBS_FOLDER = "blobs"
_CLIENT_FILE = "client.json"
_DATABASE_FILES = (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm")
_BLOCK_BYTES = 1 << 20

# Holds the home so that no hub serves it or starts in it; raises where one does.
Closed = Callable[[], AbstractContextManager[None]]


class RowTarget(Protocol):
    """Where restored rows go, other than into a file of the home."""

    def require_empty(self) -> None:
        """Refuse a database that has rows.

        Raises:
            ArchiveError: It has.
        """

    def fill_from(self, file: Path, progress: rows.StepProgress) -> None:
        """Take all rows of a SQLite file of the present revision, in one transaction."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored.

    Attributes:
        aside: Where what was in the home lies now; None where nothing was.
    """

    home: Path
    manifest: Manifest
    aside: Path | None

    def to_json(self) -> JsonObject:
        """The same for programs."""
        return {
            "home": str(self.home),
            "snapshot": self.manifest.to_json(),
            "aside": None if self.aside is None else str(self.aside),
        }


def restore(
    target: Path,
    home: Path,
    *,
    closed: Closed,
    clock: Clock,
    name: str | None = None,
    force: bool = False,
    store: BlobStore | None = None,
    database: RowTarget | None = None,
    progress: Progress = lambda *_: None,
) -> RestoreReport:
    """Make the home what a snapshot says, migrated to the present revision.

    Args:
        closed: Called before anything is done, and again for the moment in which the home changes.
        name: The snapshot; by default the newest.
        force: Whether a home that holds a hub's state has it moved aside, into a folder of the home.
        store: Where the blobs go, in place of a folder of the home; what is there stays.
        database: Where the rows go, in place of a file of the home; never one that holds some.

    Raises:
        ArchiveError: The backup is unsound or of a newer version, or the home is not empty.
        HubAlreadyRunning: A hub holds the home.
    """
    snapshot = BackupFolder(target).snapshot(name)
    manifest = snapshot.manifest()
    with saying_what_is_full(home):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closed():
            _require_room(home, force)
        if database is not None:
            database.require_empty()
        staged = Path(tempfile.mkdtemp(dir=home, prefix=".restoring-"))
        try:
            _stage_rows(snapshot, staged, progress)
            into = store or BlobFolder(staged / BLOBS_FOLDER)
            _stage_blobs(snapshot, manifest, BackupFolder(target).blobs(), into, progress)
            if database is not None:
                database.fill_from(staged / DATABASE_FILE, lambda done, total: progress("rows", done, total))
                _remove_database(staged)
            with closed():
                _require_room(home, force)
                aside = _exchange(home, staged, clock.now())
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return RestoreReport(home, manifest, aside)


def holds_state(home: Path) -> bool:
    """Whether a hub has kept rows or blobs in this home."""
    blobs = home / BLOBS_FOLDER
    return (home / DATABASE_FILE).exists() or (blobs.is_dir() and any(BlobFolder(blobs).stored()))


def _require_room(home: Path, force: bool) -> None:
    if holds_state(home) and not force:
        raise ArchiveError(
            f"a backup is restored into an empty home; {home} holds a hub's state. Choose another with --home, or "
            "have the old state moved aside with --force"
        )


def _stage_rows(snapshot: Snapshot, staged: Path, progress: Progress) -> None:
    problems, _ = check_snapshot(snapshot)
    if problems:
        raise ArchiveError("the backup is unsound, so nothing was restored:\n" + "\n".join(problems))
    size, done = snapshot.database.stat().st_size, 0
    with (
        snapshot.database.open("rb") as source,
        os.fdopen(os.open(staged / DATABASE_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy,
    ):
        while block := source.read(_BLOCK_BYTES):
            copy.write(block)
            done += len(block)
            progress("rows", done, size)
        copy.flush()
        files.sync_file(copy)
    if files.sha256_of(staged / DATABASE_FILE) != snapshot.manifest().database_sha256:
        raise ArchiveError(f"{snapshot.database} changed while it was read")
    open_database(staged).close()  # migrates, and refuses what a newer version wrote
    problems = rows.problems_of(staged / DATABASE_FILE)
    if problems:
        raise ArchiveError("the migrated database is unsound, so nothing was restored:\n" + "\n".join(problems))


def _stage_blobs(
    snapshot: Snapshot, manifest: Manifest, source: BlobStore, into: BlobStore, progress: Progress
) -> None:
    sizes = {digest: size for digest, size in snapshot.sizes().items() if digest not in manifest.missing}
    problems = []
    for number, digest in enumerate(sorted(sizes), start=1):
        problem = None if into.contains(digest) else copy_blob(source, into, digest)
        if problem:
            problems.append(problem)
        progress("blobs", number, len(sizes))
    if problems:
        raise ArchiveError("the backup is unsound, so nothing was restored:\n" + "\n".join(problems))


def _remove_database(staged: Path) -> None:
    for name in _DATABASE_FILES:
        (staged / name).unlink(missing_ok=True)


def _exchange(home: Path, staged: Path, now: datetime) -> Path | None:
    """Move what is in the home aside, and what is staged to its place; all of it or nothing."""
    aside = _new_folder(home, now) if holds_state(home) else None
    moves: list[tuple[Path, Path]] = []
    if aside is not None:
        if (home / _CLIENT_FILE).exists():
            shutil.copy2(home / _CLIENT_FILE, aside / _CLIENT_FILE)
        moves += [(home / name, aside / name) for name in (*_DATABASE_FILES, BLOBS_FOLDER)]
    elif (home / BLOBS_FOLDER).exists() and (staged / BLOBS_FOLDER).exists():
        moves.append((home / BLOBS_FOLDER, staged / "empty"))
    # The rows come last: a home with rows is a whole one.
    moves += [(staged / name, home / name) for name in (BLOBS_FOLDER, *reversed(_DATABASE_FILES))]
    done: list[tuple[Path, Path]] = []
    try:
        for source, place in moves:
            if source.exists():
                source.rename(place)
                done.append((source, place))
    except BaseException:
        for source, place in reversed(done):
            place.rename(source)
        raise
    files.sync_folder(home)
    return aside


def _new_folder(home: Path, now: datetime) -> Path:
    number = 1
    while True:
        folder = home / (f"before-restore-{now:%Y%m%dT%H%M%SZ}" + (f"-{number}" if number > 1 else ""))
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return folder
