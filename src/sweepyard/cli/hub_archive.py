"""`sweepyard hub backup|restore|gc|export`: what keeps a hub's work safe, small and of use elsewhere."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Literal

import click

from sweepyard.cli.environment import interrupted_when_ended
from sweepyard.cli.options import HOME, JSON
from sweepyard.cli.style import examples
from sweepyard.settings import Settings
from sweepyard.wiring.archive import backup_hub, clean_hub, export_hub, restore_hub
from sweepyard.wiring.hub import require_hub_extra

_TARGET = click.argument("target", type=click.Path(path_type=Path))
_NAMED_MISSING = 5
_DRAWN_EVERY_SECONDS = 0.1


@click.command(
    epilog=examples(
        "sweepyard hub backup /srv/backups/sweeps",
        "sweepyard hub backup /srv/backups/sweeps --keep 14 --json",
        "sweepyard hub backup --verify /srv/backups/sweeps",
    )
)
@_TARGET
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="Remove all snapshots but the N newest.")
@click.option("--verify", "only_verify", is_flag=True, help="Make none; read every byte of those that are there.")
@click.option("--snapshot", metavar="NAME", help="With --verify: only this one.")
@JSON
@HOME
def backup(
    target: Path, keep: int | None, only_verify: bool, snapshot: str | None, as_json: bool, settings: Settings
) -> int:
    """Add a snapshot of the hub to the backups in the folder TARGET, while the hub serves.

    TARGET is new, empty, or holds earlier snapshots: blobs that they have are not copied again. What was written is
    read back. A backup holds everything that the hub has, its secret and digests of keys too, but no key. Exit code 1
    if it cannot be made or is unsound, or if the hub itself has lost files; it is made all the same then.
    """
    if only_verify and keep is not None:
        raise click.UsageError("--verify makes no backup, so there is nothing to --keep")
    if snapshot is not None and not only_verify:
        raise click.UsageError("--snapshot goes with --verify")
    require_hub_extra()
    _as_owner()
    if only_verify:
        return _verify(target.absolute(), snapshot, as_json=as_json)
    return _make(target.absolute(), settings, keep, as_json=as_json)


def _verify(target: Path, snapshot: str | None, *, as_json: bool) -> int:
    from sweepyard.cli.output import print_json
    from sweepyard.storage.backup import verify

    with interrupted_when_ended(), _Steps() as steps:
        checked = verify(target, name=snapshot, progress=steps.show)
    if as_json:
        print_json(checked.to_json())
    else:
        for problem in checked.problems:
            print(problem)
        snapshots = f"{len(checked.snapshots)} snapshots" if len(checked.snapshots) > 1 else checked.snapshots[0]
        print(
            f"{target}: {snapshots} and {_blobs(checked.blob_count, checked.blob_bytes)} "
            + ("are sound" if not checked.problems else f"have {len(checked.problems)} problems")
        )
    return 1 if checked.problems else 0


def _make(target: Path, settings: Settings, keep: int | None, *, as_json: bool) -> int:
    from sweepyard.cli.output import print_json

    with interrupted_when_ended(), _Steps() as steps:
        report = backup_hub(settings, target, keep=keep, progress=steps.show)
    if target.resolve().is_relative_to(settings.home.resolve()):
        _warn(f"{target} lies in the hub's home: what takes the one takes the other. Better back up to another disk")
    manifest = report.manifest
    if as_json:
        print_json(report.to_json())
    else:
        what = ", ".join(f"{count:,} {name}" for name, count in manifest.counts.items())
        print(f"{report.folder}: {what}; {_size(manifest.database_bytes)} of rows")
        print(
            f"{_blobs(manifest.blob_count, manifest.blob_bytes)}, {report.copied_count:,} of them new "
            f"({_size(report.copied_bytes)}); all that was written was read back"
        )
        if report.dropped:
            print(f"removed {', '.join(report.dropped)}")
    if manifest.missing:
        _warn(f"the hub has lost {len(manifest.missing)} files, which no backup can have: {_some(manifest.missing)}")
    return 1 if manifest.missing else 0


@click.command(
    epilog=examples(
        "sweepyard hub restore /srv/backups/sweeps",
        "sweepyard hub restore /srv/backups/sweeps --snapshot 20261121T084512Z --home /srv/sweeps",
        "sweepyard hub restore /srv/backups/sweeps --force",
    )
)
@_TARGET
@click.option("--snapshot", metavar="NAME", help="Which one; by default the newest.")
@click.option("--force", is_flag=True, help="Move what the home holds aside, into a folder of the home.")
@JSON
@HOME
def restore(target: Path, snapshot: str | None, force: bool, as_json: bool, settings: Settings) -> None:
    """Make this home what a backup in the folder TARGET says.

    The home must be empty (or --force: nothing is deleted) and no hub may serve it. A backup of an older version is
    migrated; one of a newer version is refused. Everything is checked before anything changes. Exit code 1 if it is
    refused or unsound.
    """
    from sweepyard.cli.output import print_json

    require_hub_extra()
    _as_owner()
    with interrupted_when_ended(), _Steps() as steps:
        report = restore_hub(settings, target.absolute(), name=snapshot, force=force, progress=steps.show)
    if as_json:
        print_json(report.to_json())
        return
    made = report.manifest
    print(f"{report.home} is what {made.name} says, made {made.made_at:%Y-%m-%d %H:%M:%S} UTC by {made.made_by}")
    if report.aside:
        print(f"what it held before is in {report.aside}")
    if made.missing:
        _warn(f"the backup was made without {len(made.missing)} files that the hub had lost: {_some(made.missing)}")


@click.command(epilog=examples("sweepyard hub gc --dry-run", "sweepyard hub gc --grace 1440 --json"))
@click.option("--dry-run", is_flag=True, help="Remove nothing; say what would go.")
@click.option(
    "--grace",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    metavar="MINUTES",
    help="Leave alone what was stored lately: an upload may be under way.",
)
@JSON
@HOME
def gc(dry_run: bool, grace: int, as_json: bool, settings: Settings) -> int:
    """Remove files that nothing refers to, while the hub serves.

    These are files of deleted runs and deleted artifact versions, replaced files, and what broken uploads left. Exit
    code 1 if it cannot run, or if files that rows refer to are missing.
    """
    from sweepyard.cli.output import print_json

    require_hub_extra()
    with interrupted_when_ended(), _Steps() as steps:
        report = clean_hub(
            settings,
            grace=timedelta(minutes=grace),
            dry_run=dry_run,
            progress=lambda seen: steps.show("blobs looked at", seen, 0),
        )
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "removed": report.blobs.to_json(),
                "uploads": report.uploads.to_json(),
                "kept": report.kept.to_json(),
                "recent": report.recent.to_json(),
                "missing": list(report.missing),
            }
        )
    else:
        did = "would remove" if dry_run else "removed"
        print(f"{did} {_blobs(report.blobs.count, report.blobs.size_bytes)} that nothing refers to")
        print(f"{did} {report.uploads.count:,} broken uploads ({_size(report.uploads.size_bytes)})")
        print(f"kept {_blobs(report.kept.count, report.kept.size_bytes)}", end="")
        print(f"; {report.recent.count:,} more may belong to an upload under way" if report.recent.count else "")
    if report.missing:
        _warn(f"{len(report.missing)} files that rows refer to are missing: {_some(report.missing)}")
    return 1 if report.missing else 0


@click.command(
    epilog=examples(
        "sweepyard hub export runs-of-2026",
        "sweepyard hub export digits --project digits --format csv",
        "sweepyard hub export best --sweep 3kf9x0ab --json",
    )
)
@_TARGET
@click.option("--entity", metavar="NAME", help="Only this entity's.")
@click.option("--project", metavar="NAME", help="Only this project's.")
@click.option("--sweep", metavar="ID", help="Only this sweep, with its runs.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["parquet", "csv", "jsonl"]),
    default="parquet",
    show_default=True,
    help="What the files are; Parquet needs the extra `export`.",
)
@JSON
@HOME
def export(
    target: Path,
    entity: str | None,
    project: str | None,
    sweep: str | None,
    format_name: Literal["parquet", "csv", "jsonl"],
    as_json: bool,
    settings: Settings,
) -> None:
    """Write runs, history, events, sweeps and leases as tables into the new folder TARGET, while the hub serves.

    All tables are of one moment, and are read back. Exit code 1 if it is refused or cannot be written; TARGET is not
    there then.
    """
    from sweepyard.cli.output import print_json

    require_hub_extra()
    from sweepyard.services.transfer import ExportScope

    scope = ExportScope(entity=entity, project=project, sweep_id=sweep)
    target = target.absolute()
    with interrupted_when_ended(), _Steps() as steps:
        written = export_hub(settings, target, scope=scope, name=format_name, progress=steps.show)
    if as_json:
        print_json({"folder": str(target), **written})
        return
    tables = written["tables"]
    for table in tables.values() if isinstance(tables, dict) else ():
        if isinstance(table, dict):
            print(f"{target / str(table['file'])}: {table['rows']:,} rows ({_size(int(str(table['size_bytes'])))})")
    left_out = written["left_out"]
    if isinstance(left_out, list) and left_out:
        names = tuple(map(str, left_out))
        _warn(f"{len(names)} names are ambiguous and became no columns; the JSON beside them has all: {_some(names)}")


COMMANDS: tuple[click.Command, ...] = (backup, restore, gc, export)


class _Steps:
    """Says on standard error what goes on: redrawn on a terminal, a line for each kind of step elsewhere."""

    def __init__(self) -> None:
        self._what = ""
        self._drawn_at = float("-inf")
        self._last = ""

    def __enter__(self) -> _Steps:
        return self

    def __exit__(self, *_: object) -> None:
        if self._what and sys.stderr.isatty():
            print(f"\r{self._last}\x1b[K", file=sys.stderr)

    def show(self, what: str, done: int, total: int) -> None:
        """Say how far it has come; `total` is 0 where nobody knows."""
        if not sys.stderr.isatty():
            if what != self._what:
                print(f"{what} ...", file=sys.stderr, flush=True)
            self._what = what
            return
        if self._what and what != self._what:
            print(f"\r{self._last}\x1b[K", file=sys.stderr)
        self._what, self._last = what, f"{what}: {done:,}" + (f" of {total:,}" if total else "")
        now = time.monotonic()
        if now - self._drawn_at >= _DRAWN_EVERY_SECONDS or done == total:
            self._drawn_at = now
            print(f"\r{self._last}", end="\x1b[K", file=sys.stderr, flush=True)


def _as_owner() -> None:
    os.umask(0o077)  # what a hub keeps is its owner's, wherever it is copied


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)


def _some(digests: tuple[str, ...]) -> str:
    more = len(digests) - _NAMED_MISSING
    return ", ".join(digests[:_NAMED_MISSING]) + (f" and {more} more" if more > 0 else "")


def _blobs(count: int, size_bytes: int) -> str:
    return f"{count:,} files ({_size(size_bytes)})"


def _size(size_bytes: int) -> str:
    """A size for people: 512 B, 3.4 KiB, 12.0 GiB."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
