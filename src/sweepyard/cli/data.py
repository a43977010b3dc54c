"""`sweepyard data`: fetch, verify and describe data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import settings_now
from sweepyard.cli.style import CONTEXT, examples

if TYPE_CHECKING:
    from sweepyard.config.schema import DataConfig
    from sweepyard.datasets.dataset import Dataset, Split

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
    from sweepyard.cli.output import print_table

    dataset = _load(name, folder)
    print(f"{name} is there, digest {dataset.digest}")
    print_table(["split", "images", "shape"], _rows(dataset))


@command.command(epilog=examples("sweepyard data verify mnist", "sweepyard data verify mnist --json"))
@_NAME
@_FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(name: str, folder: str | None, as_json: bool) -> None:
    """Check a data set's files against the catalogue's digests, without fetching anything."""
    from dataclasses import replace

    from sweepyard.cli.output import print_json
    from sweepyard.datasets.loading import load

    dataset = load(_config(name, folder), replace(settings_now(), offline=True))
    if as_json:
        print_json({"name": name, "digest": dataset.digest, "sound": True})
    else:
        print(f"{name} is sound, digest {dataset.digest}")


@command.command(epilog=examples("sweepyard data describe", "sweepyard data describe mnist5k --json"))
@click.argument("name", required=False)
@_FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def describe(name: str | None, folder: str | None, as_json: bool) -> None:
    """Say what a data set holds; without NAME, list the catalogue."""
    from sweepyard.cli.output import print_json, print_table
    from sweepyard.datasets.catalogue import CATALOGUE

    if name is None:
        if as_json:
            print_json([{"name": entry.name, "description": entry.description} for entry in CATALOGUE.values()])
        else:
            print_table(["name", "what it is"], [[entry.name, entry.description] for entry in CATALOGUE.values()])
        return
    dataset = _load(name, folder)
    if as_json:
        print_json(
            {
                "name": dataset.name,
                "digest": dataset.digest,
                "class_names": list(dataset.class_names),
                "splits": {split: {**_counts(values, dataset)} for split, values in _splits(dataset)},
            }
        )
        return
    print(f"{dataset.name}: {len(dataset.class_names)} classes, digest {dataset.digest}")
    print_table(["split", "images", "shape"], _rows(dataset))
    print()
    counts = [list(_counts(split, dataset).values()) for _, split in _splits(dataset)]
    print_table(
        ["class", *(split for split, _ in _splits(dataset))],
        [
            [class_name, *(str(column[index]) for column in counts)]
            for index, class_name in enumerate(dataset.class_names)
        ],
    )


def _load(name: str, folder: str | None) -> Dataset:
    from sweepyard.datasets.loading import load

    return load(_config(name, folder), settings_now())


def _config(name: str, folder: str | None) -> DataConfig:
    from sweepyard.config.schema import DataConfig

    return DataConfig(name=name, folder=folder)


def _splits(dataset: Dataset) -> list[tuple[str, Split]]:
    return [("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test)]


def _rows(dataset: Dataset) -> list[list[str]]:
    return [
        [name, f"{len(split.labels):,}", "x".join(map(str, split.images.shape[1:]))] for name, split in _splits(dataset)
    ]


def _counts(split: Split, dataset: Dataset) -> dict[str, int]:
    import numpy as np

    counts = np.bincount(split.labels, minlength=len(dataset.class_names))
    return {name: int(count) for name, count in zip(dataset.class_names, counts, strict=True)}
