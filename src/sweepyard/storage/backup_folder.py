"""The folder that holds a hub's backups, and what it promises.

TARGET/
  sweepyard-backups.json     says what the folder is
  lock                       one backup at a time
  blobs/ab/abcdef...         every blob that some snapshot refers to, stored once
  20261121T084512Z/          a snapshot, complete once it has this name
    hub.db                   the rows, in SQLite, whatever database they come from
    blobs.txt                digest and size of each blob that the rows refer to
    manifest.json            when and by what it was made; sizes and SHA-256 of the two files above
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sweepyard import files
from sweepyard.errors import ArchiveError
from sweepyard.jsonvalue import JsonObject, dumps, loads_object
from sweepyard.storage.blobs import DIGEST, BlobFolder

FORMAT = 1
_MARK = "sweepyard-backups.json"
_BLOBS = "blobs"
_NAME = re.compile(r"\d{8}T\d{6}Z(?:-\d+)?")
_PART = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a snapshot says of itself.

    Attributes:
        name: The snapshot's folder.
        revision: The revision of its tables.
        blob_count: How many blobs its rows refer to.
        missing: Digests of blobs that the hub itself had lost, or had damaged, when it was made.
        counts: How many projects, runs and so on it holds.
    """

    name: str
    made_at: datetime
    made_by: str
    revision: str
    database_sha256: str
    database_bytes: int
    blobs_sha256: str
    blob_count: int
    blob_bytes: int
    missing: tuple[str, ...]
    counts: Mapping[str, int]

    def to_json(self) -> JsonObject:
        """The same for `manifest.json`."""
        return {
            "format": FORMAT,
            "name": self.name,
            "made_at": self.made_at.isoformat(),
            "made_by": self.made_by,
            "revision": self.revision,
            "database": {"sha256": self.database_sha256, "size_bytes": self.database_bytes},
            "blobs": {
                "sha256": self.blobs_sha256,
                "count": self.blob_count,
                "size_bytes": self.blob_bytes,
                "missing": list(self.missing),
            },
            "counts": dict(self.counts),
        }


class Snapshot:
    """One snapshot's folder, by the name of the snapshot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """When it was made, in UTC."""
        return self.folder.name

    @property
    def database(self) -> Path:
        return self.folder / "hub.db"

    @property
    def blob_list(self) -> Path:
        return self.folder / "blobs.txt"

    @property
    def manifest_file(self) -> Path:
        return self.folder / "manifest.json"

    def manifest(self) -> Manifest:
        """What it says of itself.

        Raises:
            ArchiveError: The manifest is unreadable, or of a newer format.
        """
        try:
            fields = loads_object(self.manifest_file.read_bytes())
            written = fields["format"]
            if isinstance(written, int) and written > FORMAT:
                raise ArchiveError(
                    f"{self.folder} is in format {written}; this version reads up to {FORMAT}: upgrade Sweepyard"
                )
            database, blobs, counts = fields["database"], fields["blobs"], fields["counts"]
            if not isinstance(database, dict) or not isinstance(blobs, dict) or not isinstance(counts, dict):
                raise TypeError("`database`, `blobs` and `counts` are objects")
            missing = blobs["missing"]
            return Manifest(
                name=self.name,
                made_at=datetime.fromisoformat(str(fields["made_at"])),
                made_by=str(fields["made_by"]),
                revision=str(fields["revision"]),
                database_sha256=str(database["sha256"]),
                database_bytes=_number(database["size_bytes"]),
                blobs_sha256=str(blobs["sha256"]),
                blob_count=_number(blobs["count"]),
                blob_bytes=_number(blobs["size_bytes"]),
                missing=tuple(map(str, missing)) if isinstance(missing, list) else (),
                counts={name: _number(count) for name, count in counts.items()},
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArchiveError(f"{self.manifest_file} is no manifest of a backup: {error!r}") from error

    def sizes(self) -> dict[str, int]:
        """The blobs that its rows refer to: sizes in bytes by digest.

        Raises:
            ArchiveError: The list is unreadable.
        """
        found: dict[str, int] = {}
        try:
            with self.blob_list.open(encoding="ascii") as lines:
                for line in lines:
                    digest, _, size = line.rstrip("\n").partition(" ")
                    if not DIGEST.fullmatch(digest):
                        raise ValueError(f"a line is a digest and a size; received {line[:80]!r}")
                    found[digest] = int(size)
        except (OSError, ValueError) as error:
            raise ArchiveError(f"{self.blob_list} is no list of blobs: {error}") from error
        return found


class BackupFolder:
    """The folder of all backups of one hub."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether the folder says that it holds backups."""
        return (self.folder / _MARK).is_file()

    @property
    def lock(self) -> files.FileLock:
        """A new lock that keeps two backups out of each other's way."""
        return files.FileLock(self.folder / "lock")

    def blobs(self) -> BlobFolder:
        """The blobs of all snapshots."""
        return BlobFolder(self.folder / _BLOBS)

    def prepare(self) -> None:
        """Make the folder if there is none; its owner alone may look into it.

        Raises:
            ArchiveError: Something else is there.
        """
        if self.exists:
            return
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise ArchiveError(f"backups need a folder of their own, a new or an empty one; received {self.folder}")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        files.write_atomically(self.folder / _MARK, dumps({"format": FORMAT}).encode() + b"\n", mode=0o600)

    def require(self) -> None:
        """Refuse a folder without backups.

        Raises:
            ArchiveError: It has none.
        """
        if not self.exists or not any(self.snapshots()):
            raise ArchiveError(f"{self.folder} holds no backup; `sweepyard hub backup {self.folder}` makes one")

    def snapshots(self) -> Iterator[Snapshot]:
        """The complete snapshots, oldest first."""
        for folder in sorted(self.folder.iterdir(), key=_order):
            if _NAME.fullmatch(folder.name):
                yield Snapshot(folder)

    def snapshot(self, name: str | None) -> Snapshot:
        """The snapshot of that name, or the newest.

        Raises:
            ArchiveError: There is none.
        """
        self.require()
        found = list(self.snapshots())
        if name is None:
            return found[-1]
        for snapshot in found:
            if snapshot.name == name:
                return snapshot
        raise ArchiveError(
            f"{self.folder} has the snapshots {', '.join(each.name for each in found)}; received {name!r}"
        )

    def unfinished(self, moment: datetime) -> Snapshot:
        """A new snapshot's folder, which `complete` gives its name."""
        name = f"{moment:%Y%m%dT%H%M%SZ}"
        taken, number = {snapshot.name for snapshot in self.snapshots()}, 1
        while name in taken:
            number += 1
            name = f"{moment:%Y%m%dT%H%M%SZ}-{number}"
        folder = self.folder / f"{name}{_PART}"
        folder.mkdir(mode=0o700)
        return Snapshot(folder)

    def complete(self, snapshot: Snapshot) -> Snapshot:
        """Give an unfinished snapshot, whose files are on disk, its name."""
        files.sync_folder(snapshot.folder)
        folder = snapshot.folder.with_name(snapshot.name.removesuffix(_PART))
        snapshot.folder.rename(folder)
        files.sync_folder(self.folder)
        return Snapshot(folder)

    def leftovers(self) -> list[Path]:
        """Folders of snapshots that were never completed, or not removed to the end."""
        return [folder for folder in self.folder.iterdir() if folder.name.endswith(_PART)]

    def retire(self, snapshot: Snapshot) -> Path:
        """Take a snapshot's name from it, so that it can be removed; gives its folder."""
        folder = snapshot.folder.with_name(f"{snapshot.name}{_PART}")
        snapshot.folder.rename(folder)
        files.sync_folder(self.folder)
        return folder


def _order(folder: Path) -> tuple[str, int]:
    moment, _, number = folder.name.partition("-")
    return moment, int(number) if number.isdigit() else 0


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"a count is a whole number; received {value!r}")
    return value
