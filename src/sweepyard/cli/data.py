"""`sweepyard data`: fetch, verify and describe data sets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import settings_now
from sweepyard.cli.style import CONTEXT, examples

if TYPE_CHECKING:
    from sweepyard.datasets.reports import DataReport, FileReport

_NAME = click.argument("name")
_FOLDER = click.option("--folder", metavar="DIR", help="A folder with IDX files, looked at first.")


@click.group(
    "data",
    context_settings=CONTEXT,
    epilog=examples("sweepyard data fetch mnist", "sweepyard data describe mnist5k --json"),
)
def command() -> None:
    """Fetch, verify and describe data sets."""


@command.command(epilog=examples("sweepyard data fetch mnist", "sweepyard data fetch kmnist --folder ~/idx/kmnist"))
@_NAME
@_FOLDER
def fetch(name: str, folder: str | None) -> None:
    """Bring a data set into the cache, checked against its digests."""
    from sweepyard.datasets import reports

    report = reports.fetch(name, settings_now(), folder=folder, progress=_Steps())
    print(f"{name} is there, digest {report.digest}")
    _print_splits(report)


@command.command(epilog=examples("sweepyard data verify mnist", "sweepyard data verify mnist --json"))
@_NAME
@_FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(name: str, folder: str | None, as_json: bool) -> int:
    """Check a data set's files against the catalogue's digests, without fetching anything.

    Exits with 1 if a file is not as it should be.
    """
    from sweepyard.cli.output import print_json, print_table
    from sweepyard.datasets import reports

    report = reports.verify(name, settings_now(), folder=folder)
    if as_json:
        print_json(report.to_json())
    else:
        print(f"{name} in {report.place}: {'sound' if report.sound else 'not sound'}")
        print_table(["file", "sha256", "state"], [_file_row(file) for file in report.files])
        _print_note(report.note)
    return 0 if report.sound else 1


@command.command(epilog=examples("sweepyard data describe", "sweepyard data describe mnist5k --json"))
@click.argument("name", required=False)
@_FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def describe(name: str | None, folder: str | None, as_json: bool) -> None:
    """Say what a data set holds; without NAME, list the catalogue."""
    from sweepyard.cli.output import print_json, print_table
    from sweepyard.datasets import reports
    from sweepyard.datasets.catalogue import CATALOGUE

    if name is None:
        if as_json:
            print_json([{"name": entry.name, "description": entry.description} for entry in CATALOGUE.values()])
        else:
            print_table(["name", "what it is"], [[entry.name, entry.description] for entry in CATALOGUE.values()])
        return
    report = reports.describe(name, settings_now(), folder=folder, progress=_Steps())
    if as_json:
        print_json(report.to_json())
        return
    print(f"{report.name}: {report.description}; {len(report.class_names)} classes, digest {report.digest}")
    if report.homepage:
        print(f"{report.homepage}, {report.licence}")
    _print_splits(report)
    print()
    print_table(
        ["class", *report.counts],
        [
            [class_name, *(str(counts[index]) for counts in report.counts.values())]
            for index, class_name in enumerate(report.class_names)
        ],
    )


class _Steps:
    """Tells on standard error what a fetch does, and how far it is in tenths."""

    def __init__(self) -> None:
        self._last = ("", -1)

    def __call__(self, what: str, received_bytes: int, total_bytes: int | None) -> None:
        tenths = 10 * received_bytes // total_bytes if total_bytes else 0
        if (what, tenths) == self._last:
            return
        self._last = (what, tenths)
        amount = f" {received_bytes / 1e6:.1f} of {total_bytes / 1e6:.1f} MB" if total_bytes else ""
        print(f"{what}{amount}", file=sys.stderr, flush=True)


def _print_splits(report: DataReport) -> None:
    from sweepyard.cli.output import print_table

    shape = "x".join(map(str, report.image_shape))
    print_table(
        ["split", "images", "shape"], [[split, f"{sum(counts):,}", shape] for split, counts in report.counts.items()]
    )
    _print_note(report.note)


def _print_note(note: str) -> None:
    if note:
        print(f"not verified: {note}")


def _file_row(file: FileReport) -> list[str]:
    return [Path(file.file).name, (file.sha256 or "-")[:16], file.problem or "sound"]
