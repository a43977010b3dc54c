"""`sweepyard data`: fetch, verify and describe data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sweepyard.cli.downloads import downloads_shown
from sweepyard.cli.environment import settings_now
from sweepyard.cli.options import JSON
from sweepyard.cli.style import CONTEXT, CommandGroup, examples

if TYPE_CHECKING:
    from sweepyard.datasets.reports import DataReport

_NAME = click.argument("name")
_FOLDER = click.option("--folder", metavar="DIR", help="A folder with IDX files, in place of cache and network.")


@click.group(
    "data",
    cls=CommandGroup,
    context_settings=CONTEXT,
    epilog=examples("sweepyard data fetch mnist", "sweepyard data describe mnist5k --json"),
)
def command() -> None:
    """Fetch, verify and describe data sets."""


@command.command(epilog=examples("sweepyard data fetch mnist", "sweepyard data fetch idx --folder ~/my-digits"))
@_NAME
@_FOLDER
def fetch(name: str, folder: str | None) -> None:
    """Bring a data set into the cache, checked against its digests.

    Exit codes: 0 it is there; 1 no source could deliver it, and the message says why.
    """
    from sweepyard.datasets import reports

    with downloads_shown() as progress:
        report = reports.fetch(name, settings_now(), folder=folder, progress=progress)
    _print_head(report)


@command.command(epilog=examples("sweepyard data verify mnist", "sweepyard data verify idx --folder ~/digits --json"))
@_NAME
@_FOLDER
@JSON
def verify(name: str, folder: str | None, as_json: bool) -> int:
    """Check a data set's files against their digests; nothing is fetched. Exit code 1 if a file is unsound."""
    from sweepyard.cli.output import print_json, print_table
    from sweepyard.datasets import reports

    report = reports.verify(name, settings_now(), folder=folder)
    if as_json:
        print_json(report.to_json())
    else:
        print_table(
            ["file", "shape", "sha-256", ""],
            [
                [
                    file.file,
                    "x".join(map(str, file.shape)) if file.shape else "-",
                    (file.sha256 or "-")[:16],
                    "NOT sound" if file.problem else "sound",
                ]
                for file in report.files
            ],
        )
        for file in report.files:
            if file.problem:  # which mostly names the file by itself
                print(file.problem if file.file in file.problem else f"{file.file}: {file.problem}")
        print(f"{name} is {'sound' if report.sound else 'NOT sound'}; its files are in {report.place}")
        if report.note:
            print(f"note: {report.note}")
    return 0 if report.sound else 1


@command.command(epilog=examples("sweepyard data describe", "sweepyard data describe mnist5k --json"))
@click.argument("name", required=False)
@_FOLDER
@JSON
def describe(name: str | None, folder: str | None, as_json: bool) -> None:
    """Say what a data set holds, if it is here: nothing is fetched. Without NAME, list the catalogue.

    Exit codes: 0 said; 1 it is not here, or damaged.
    """
    from sweepyard.cli.output import print_json, print_table

    if name is None:
        from sweepyard.datasets.catalogue import CATALOGUE
        from sweepyard.datasets.loading import OWN_DESCRIPTION, OWN_FOLDER

        known = {entry.name: entry.description for entry in CATALOGUE.values()}
        known[OWN_FOLDER] = f"{OWN_DESCRIPTION} with the classic four IDX files"
        if as_json:
            print_json([{"name": name, "description": description} for name, description in known.items()])
        else:
            print_table(["name", "what it is"], [[name, description] for name, description in known.items()])
        return
    from sweepyard.datasets import reports

    report = reports.describe(name, settings_now(), folder=folder)
    if as_json:
        print_json(report.to_json())
        return
    _print_head(report)
    print()
    print_table(
        ["class", *report.counts],
        [
            [class_name, *(str(counts[index]) for counts in report.counts.values())]
            for index, class_name in enumerate(report.class_names)
        ],
    )


def _print_head(report: DataReport) -> None:
    height, width = report.image_shape
    print(f"{report.name}: {report.description}")
    sizes = ", ".join(f"{sum(counts):,} {split}" for split, counts in report.counts.items())
    print(f"{sizes}; {height}x{width} pixels, {len(report.class_names)} classes; digest {report.digest[:16]}")
    print(f"files in {report.place}")
    if report.licence:
        print(f"licence {report.licence}; {report.homepage}")
    if report.note:
        print(f"note: {report.note}")
