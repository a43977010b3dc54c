"""Cleaning the blob store: bytes that nothing refers to, and what uploads that broke off have left.

Safe while hubs serve and clients write. A row names bytes only right after they were stored (or stored again), or
because another row names them already. So what no row of a snapshot names, and was not stored for a while, nothing will
name; and the store refuses to discard what was stored again meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sweepyard.clock import Clock
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.ports.blobs import BlobStore

MIN_GRACE = timedelta(minutes=1)


@dataclass(slots=True)
class Removed:
    """How many things, and their bytes together."""

    count: int = 0
    size_bytes: int = 0

    def add(self, size_bytes: int) -> None:
        """Count one more."""
        self.count += 1
        self.size_bytes += size_bytes

    def to_json(self) -> JsonObject:
        """The same for programs."""
        return {"count": self.count, "size_bytes": self.size_bytes}


@dataclass(frozen=True, slots=True)
class CleaningReport:
    """What a cleaning found.

    Attributes:
        blobs: Blobs that nothing referred to, removed or, in a dry run, to be removed.
        uploads: The same for what broken uploads left.
        kept: Blobs that something refers to.
        recent: Blobs that nothing refers to, stored too lately to tell.
        missing: Digests of blobs that rows refer to and the store does not have.
    """

    blobs: Removed
    uploads: Removed
    kept: Removed
    recent: Removed
    missing: tuple[str, ...]


class Cleaner:
    """Removes what nothing refers to."""

    def __init__(self, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    def clean(
        self, *, grace: timedelta, dry_run: bool, progress: Callable[[int], None] = lambda _: None
    ) -> CleaningReport:
        """Remove blobs and broken uploads that are older than `grace`.

        Args:
            grace: At least a minute: the time that an upload may take from its last byte to the row that names it.
            dry_run: Only say what would be removed.
            progress: Called with how many blobs were looked at.

        Raises:
            RequestInvalid: `grace` is too short.
        """
        if grace < MIN_GRACE:
            raise RequestInvalid([Violation("uploads are given a minute at least", f"{grace.total_seconds():g} s")])
        before = self._clock.now() - grace
        with self._database.reading() as unit:
            referred = referred_digests(unit)
        report = CleaningReport(Removed(), Removed(), Removed(), Removed(), ())
        found: set[bytes] = set()
        for seen, blob in enumerate(self._blobs.stored(), start=1):
            name = bytes.fromhex(blob.digest)
            if name in referred:
                found.add(name)
                report.kept.add(blob.size_bytes)
            elif blob.stored_at >= before:
                report.recent.add(blob.size_bytes)
            elif dry_run or self._blobs.discard(blob.digest, stored_before=before):
                report.blobs.add(blob.size_bytes)
            progress(seen)
        for upload in self._blobs.uploads():
            if upload.touched_at < before and (dry_run or self._blobs.forget(upload)):
                report.uploads.add(upload.size_bytes)
        missing = tuple(sorted(name.hex() for name in referred - found if not self._blobs.contains(name.hex())))
        return CleaningReport(report.blobs, report.uploads, report.kept, report.recent, missing)


def referred_digests(unit: UnitOfWork) -> set[bytes]:
    """The digests, as 32 bytes each, of all blobs that any row refers to."""
    return {
        bytes.fromhex(blob.digest)
        for entity in unit.projects.entities()
        for held in (unit.files, unit.artifacts)
        for blob in held.blobs(entity)
    }
