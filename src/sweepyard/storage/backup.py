"""Making and checking backups of a hub, while it serves.

The rows come first and the blobs after them: bytes are stored before a row names them and only `hub gc` removes them,
which waits for backups. So every blob that the rows of a snapshot refer to is there to be copied.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sweepyard import __version__, files
from sweepyard.clock import Clock
from sweepyard.errors import ArchiveError, NotFound
from sweepyard.jsonvalue import JsonObject, dumps
from sweepyard.services.ports.blobs import BlobStore
from sweepyard.storage import snapshot as rows
from sweepyard.storage.backup_folder import BackupFolder, Manifest, Snapshot
from sweepyard.storage.blobs import Digests

BLOCK_BYTES = 1 << 20
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

# (what goes on, steps done, steps in all)
Progress = Callable[[str, int, int], None]


class RowSource(Protocol):
    """Where the rows of a backup come from."""

    def copy_to(self, file: Path, progress: rows.StepProgress) -> None:
        """Write all rows, as they are at one moment, to a new SQLite file, in this source's revision."""


@dataclass(frozen=True, slots=True)
class SqliteSource:
    """The SQLite file of a hub's home."""

    file: Path

    def copy_to(self, file: Path, progress: rows.StepProgress) -> None:
        if not self.file.is_file():
            raise ArchiveError(f"a hub's home has a database; there is none at {self.file}")
        rows.copy_sqlite(self.file, file, progress)


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup wrote.

    Attributes:
        folder: The snapshot.
        copied_count: Blobs that the backup's folder did not have yet.
        dropped: Snapshots that were removed because newer ones are enough.
    """

    folder: Path
    manifest: Manifest
    copied_count: int
    copied_bytes: int
    dropped: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """The same for programs."""
        copied: JsonObject = {"count": self.copied_count, "size_bytes": self.copied_bytes}
        return {
            "folder": str(self.folder),
            "snapshot": self.manifest.to_json(),
            "copied": copied,
            "dropped": list(self.dropped),
        }


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What checking backups found.

    Attributes:
        snapshots: Names of the snapshots that were checked.
        problems: What is wrong, each with its place; empty where all is sound.
    """

    folder: Path
    snapshots: tuple[str, ...]
    blob_count: int
    blob_bytes: int
    problems: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """The same for programs."""
        blobs: JsonObject = {"count": self.blob_count, "size_bytes": self.blob_bytes}
        return {
            "folder": str(self.folder),
            "sound": not self.problems,
            "snapshots": list(self.snapshots),
            "blobs": blobs,
            "problems": list(self.problems),
        }


def make_backup(
    source: RowSource,
    blobs: BlobStore,
    target: Path,
    *,
    clock: Clock,
    keep: int | None = None,
    progress: Progress = lambda *_: None,
) -> BackupReport:
    """Add a snapshot to the backups in `target`, and read it back.

    Args:
        keep: How many snapshots remain, this one included; None for all.

    Raises:
        ArchiveError: The target is something else, is busy or full, or what was written does not read back. No snapshot
            is left then; blobs that were copied whole stay for the next try.
    """
    folder = BackupFolder(target)
    with saying_what_is_full(target):
        folder.prepare()
        lock = folder.lock
        if not lock.acquire(blocking=False):
            raise ArchiveError(f"one backup at a time goes to a folder; another is being made in {target}")
        try:
            for leftover in folder.leftovers():
                shutil.rmtree(leftover)
            unfinished = folder.unfinished(clock.now())
            try:
                copied = _fill(unfinished, source, blobs, folder, clock.now(), progress)
                made = folder.complete(unfinished)
            except BaseException:
                shutil.rmtree(unfinished.folder, ignore_errors=True)
                raise
            dropped = _drop(folder, keep) if keep is not None else ()
        finally:
            lock.release()
    return BackupReport(made.folder, made.manifest(), len(copied), sum(copied.values()), dropped)


def verify(target: Path, *, name: str | None = None, progress: Progress = lambda *_: None) -> VerifyReport:
    """Read every byte of the backups, or of one snapshot, and compare it with what was noted when they were made.

    Raises:
        ArchiveError: There is no backup, or none of that name.
    """
    folder = BackupFolder(target)
    folder.require()
    chosen = [folder.snapshot(name)] if name is not None else list(folder.snapshots())
    problems: list[str] = []
    sizes: dict[str, int] = {}
    for number, snapshot in enumerate(chosen):
        progress("snapshots", number, len(chosen))
        found, referred = check_snapshot(snapshot)
        problems += found
        sizes |= referred
    progress("snapshots", len(chosen), len(chosen))
    store = folder.blobs()
    for number, (digest, size_bytes) in enumerate(sorted(sizes.items()), start=1):
        problem = check_blob(store, digest, size_bytes)
        if problem:
            problems.append(problem)
        progress("blobs", number, len(sizes))
    names = tuple(snapshot.name for snapshot in chosen)
    return VerifyReport(target, names, len(sizes), sum(sizes.values()), tuple(problems))


def check_snapshot(snapshot: Snapshot) -> tuple[list[str], dict[str, int]]:
    """What is wrong with a snapshot's own files, and the sizes of the blobs that the backup must have for it."""
    try:
        manifest, sizes = snapshot.manifest(), snapshot.sizes()
    except ArchiveError as error:
        return [str(error)], {}
    problems = []
    noted = {snapshot.database: manifest.database_sha256, snapshot.blob_list: manifest.blobs_sha256}
    for file, digest in noted.items():
        try:
            found = files.sha256_of(file)
        except OSError as error:
            problems.append(f"{file}: {error.strerror or error}")
            continue
        if found != digest:
            problems.append(f"{file}: its SHA-256 is {found}; {digest} was noted")
    if not problems:
        problems += [f"{snapshot.database}: {problem}" for problem in rows.problems_of(snapshot.database)]
    return problems, {digest: size for digest, size in sizes.items() if digest not in manifest.missing}


def check_blob(store: BlobStore, digest: str, size_bytes: int) -> str | None:
    """What is wrong with a blob; None where it is whole."""
    digests = Digests()
    try:
        for piece in pieces_of(store, digest):
            digests.add(piece)
    except NotFound:
        return f"blob {digest}: missing"
    except OSError as error:
        return f"blob {digest}: {error.strerror or error}"
    found = digests.blob()
    if (found.digest, found.size_bytes) != (digest, size_bytes):
        return f"blob {digest}: damaged ({found.size_bytes} bytes with SHA-256 {found.digest}; {size_bytes} were noted)"
    return None


def pieces_of(store: BlobStore, digest: str) -> Iterator[bytes]:
    """A blob's bytes.

    Raises:
        NotFound: There is no such blob.
    """
    with store.open(digest) as stream:
        while piece := stream.read(BLOCK_BYTES):
            yield piece


def copy_blob(source: BlobStore, target: BlobStore, digest: str) -> str | None:
    """Copy a blob, checked on its way; gives what is wrong with the source's, of which nothing is kept then."""
    digests = Digests()
    try:
        with target.writer() as writer:
            for piece in pieces_of(source, digest):
                writer.write(piece)
                digests.add(piece)
            if digests.blob().digest != digest:
                return f"blob {digest}: damaged (its SHA-256 is {digests.blob().digest})"
            writer.finish()
    except NotFound:
        return f"blob {digest}: missing"
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return f"blob {digest}: {error.strerror}"
    return None


@contextmanager
def saying_what_is_full(target: Path) -> Iterator[None]:
    """Turn an error of the file system into a sentence that names the target.

    Raises:
        ArchiveError: In place of an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        where = f" ({error.filename})" if error.filename else ""
        if error.errno in _NO_SPACE:
            raise ArchiveError(
                f"there is not enough room at {target}: {reason}{where}. Free some, or go elsewhere"
            ) from error
        raise ArchiveError(f"{target} cannot be used: {reason}{where}") from error


def _fill(
    snapshot: Snapshot, source: RowSource, blobs: BlobStore, folder: BackupFolder, now: datetime, progress: Progress
) -> dict[str, int]:
    snapshot.database.touch(mode=0o600)
    source.copy_to(snapshot.database, lambda done, total: progress("rows", done, total))
    with rows.reading(snapshot.database) as connection:
        revision, counts = rows.revision_of(connection), rows.counts(connection)
        sizes = rows.referred_sizes(connection)
    with snapshot.database.open("rb") as stream:
        files.sync_file(stream)
    copied, missing = _copy_blobs(blobs, folder, sizes, progress)
    lines = "".join(f"{digest} {size}\n" for digest, size in sorted(sizes.items()))
    files.write_atomically(snapshot.blob_list, lines.encode("ascii"), mode=0o600)
    manifest = Manifest(
        name=snapshot.name.partition(".")[0],
        made_at=now,
        made_by=f"sweepyard {__version__}",
        revision=revision,
        database_sha256=files.sha256_of(snapshot.database),
        database_bytes=snapshot.database.stat().st_size,
        blobs_sha256=files.sha256_of(snapshot.blob_list),
        blob_count=len(sizes),
        blob_bytes=sum(sizes.values()),
        missing=tuple(missing),
        counts=counts,
    )
    files.write_atomically(snapshot.manifest_file, dumps(manifest.to_json()).encode() + b"\n", mode=0o600)
    _read_back(snapshot, folder, copied, progress)
    return copied


def _copy_blobs(
    blobs: BlobStore, folder: BackupFolder, sizes: dict[str, int], progress: Progress
) -> tuple[dict[str, int], list[str]]:
    store = folder.blobs()
    there = {blob.digest: blob.size_bytes for blob in store.stored()}
    copied: dict[str, int] = {}
    missing: list[str] = []
    for number, (digest, size_bytes) in enumerate(sorted(sizes.items()), start=1):
        if there.get(digest) != size_bytes:
            if digest in there:
                store.discard(digest, stored_before=_END_OF_TIME)  # cut short: it could not be stored over
            if copy_blob(blobs, store, digest):
                missing.append(digest)
            else:
                copied[digest] = size_bytes
        progress("blobs", number, len(sizes))
    return copied, missing


def _read_back(snapshot: Snapshot, folder: BackupFolder, copied: dict[str, int], progress: Progress) -> None:
    problems, _ = check_snapshot(snapshot)
    store = folder.blobs()
    for number, (digest, size_bytes) in enumerate(copied.items(), start=1):
        problem = check_blob(store, digest, size_bytes)
        if problem:
            problems.append(problem)
        progress("reading back", number, len(copied))
    if problems:
        raise ArchiveError("what was written does not read back:\n" + "\n".join(problems))


def _drop(folder: BackupFolder, keep: int) -> tuple[str, ...]:
    snapshots = list(folder.snapshots())
    old = snapshots[: max(0, len(snapshots) - keep)]
    wanted = {digest for snapshot in snapshots[len(old) :] for digest in snapshot.sizes()}
    for snapshot in old:
        shutil.rmtree(folder.retire(snapshot))
    store = folder.blobs()
    for blob in list(store.stored()) if old else ():
        if blob.digest not in wanted:
            store.discard(blob.digest, stored_before=_END_OF_TIME)
    return tuple(snapshot.name for snapshot in old)


_END_OF_TIME = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
