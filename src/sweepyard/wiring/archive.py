"""What keeps a hub's work safe, small and of use elsewhere: backup, restore, cleaning, export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.errors import ArchiveError
from sweepyard.settings import Settings
from sweepyard.wiring.hub import open_blobs

if TYPE_CHECKING:
    from sweepyard.jsonvalue import JsonObject
    from sweepyard.services.cleaning import CleaningReport
    from sweepyard.services.transfer import ExportScope
    from sweepyard.storage.backup import BackupReport
    from sweepyard.storage.export_folder import ExportFormat
    from sweepyard.storage.restore import RestoreReport

# (what goes on, steps done, steps in all)
Progress = Callable[[str, int, int], None]


def backup_hub(settings: Settings, target: Path, *, keep: int | None, progress: Progress) -> BackupReport:
    """Add a snapshot of this home's hub to the backups in `target`, whether it serves or not.

    Raises:
        ArchiveError: It could not be made; no snapshot is left. Or the target lies among the hub's own blobs.
    """
    from sweepyard.clock import SystemClock
    from sweepyard.storage import backup
    from sweepyard.storage.restore import BLOBS_FOLDER
    from sweepyard.storage.table_copy import SharedDatabase
    from sweepyard.storage.unit_of_work import DATABASE_FILE

    store = (settings.home / BLOBS_FOLDER).resolve()
    if target.resolve().is_relative_to(store):
        raise ArchiveError(f"a backup goes to a folder outside the hub's own store {store}; received {target}")
    source: backup.RowSource = backup.SqliteSource(settings.home / DATABASE_FILE)
    if settings.database:
        source = SharedDatabase(settings.database)
    with _archive_lock(settings, shared=True):
        return backup.make_backup(
            source, open_blobs(settings), target, clock=SystemClock(), keep=keep, progress=progress
        )


def restore_hub(
    settings: Settings, target: Path, *, name: str | None, force: bool, progress: Progress
) -> RestoreReport:
    """Make this home what a snapshot says.

    Raises:
        ArchiveError: The backup is unsound or newer, or the home is not empty; nothing has changed.
        HubAlreadyRunning: A hub serves the home.
    """
    from sweepyard.clock import SystemClock
    from sweepyard.hub import embedded
    from sweepyard.storage.restore import restore
    from sweepyard.storage.table_copy import SharedDatabase

    with _archive_lock(settings, shared=False, new_home=True):
        return restore(
            target,
            settings.home,
            closed=partial(embedded.kept_closed, settings),
            clock=SystemClock(),
            name=name,
            force=force,
            store=open_blobs(settings) if settings.blobs else None,
            database=SharedDatabase(settings.database) if settings.database else None,
            progress=progress,
        )


def clean_hub(
    settings: Settings, *, grace: timedelta, dry_run: bool, progress: Callable[[int], None]
) -> CleaningReport:
    """Remove blobs that nothing refers to, whether the hub serves or not.

    Raises:
        ArchiveError: There is no database of this version, or a backup is being made.
        RequestInvalid: `grace` is too short.
    """
    from sweepyard.clock import SystemClock
    from sweepyard.services.cleaning import Cleaner
    from sweepyard.storage.opening import open_existing

    with _archive_lock(settings, shared=False):
        database = open_existing(settings.home, settings.database)
        try:
            cleaner = Cleaner(database, open_blobs(settings, database), SystemClock())
            return cleaner.clean(grace=grace, dry_run=dry_run, progress=progress)
        finally:
            database.close()


def export_hub(
    settings: Settings, target: Path, *, scope: ExportScope, name: ExportFormat, progress: Progress
) -> JsonObject:
    """Write this hub's runs, history, sweeps, leases and events as tables, all of one moment; gives what was written.

    Raises:
        ArchiveError: There is no database of this version, something is at `target`, or it cannot be written.
        NotFound: There is no such project or sweep.
    """
    from sweepyard.clock import SystemClock
    from sweepyard.services.transfer import Exporter
    from sweepyard.storage.backup import saying_what_is_full
    from sweepyard.storage.export_folder import ExportFolder, format_named, new_folder
    from sweepyard.storage.opening import open_existing

    file_format = format_named(name)
    with _archive_lock(settings, shared=True), saying_what_is_full(target):
        database = open_existing(settings.home, settings.database)
        try:
            with new_folder(target) as folder:
                sink = ExportFolder(folder, file_format)
                now = SystemClock().now()
                report = Exporter(database).export(scope, sink, progress=progress)
                summary = sink.summary(report, asdict(scope), now)
                sink.complete(summary)
        finally:
            database.close()
    return summary


@contextmanager
def _archive_lock(settings: Settings, *, shared: bool, new_home: bool = False) -> Iterator[None]:
    """Keep who reads all of a home apart from who removes or replaces parts of it."""
    from sweepyard.files import FileLock
    from sweepyard.hub.places import HubPlaces

    if not new_home and not settings.home.is_dir():
        raise ArchiveError(f"there is no hub's home at {settings.home}")
    places = HubPlaces(settings.home)
    places.make_home()
    lock = FileLock(places.archive_lock)
    if not lock.acquire(shared=shared, blocking=False):
        raise ArchiveError(
            f"backup, export, gc and restore do not run side by side; another one is at work in {settings.home}"
        )
    try:
        yield
    finally:
        lock.release()
